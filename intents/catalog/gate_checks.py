"""Check reads made only after a rule: the rule can be judged first, and no read that was not made refutes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from intents.catalog.schema import Incident, Rule

Complaint = tuple[tuple[str | int, ...], str]


def complaints(incident: Incident) -> Iterator[Complaint]:
    """Yield what is wrong with `after` of an entry's reads, each with the path into the file."""
    later = {name: read.after for name, read in incident.reads.items() if read.after}
    for name, after in later.items():
        gate = incident.rule(after)
        if gate is None:
            yield ("reads", name, "after"), f"no such rule {after!r}"
        elif any(_looks_at(gate, each) for each in later):
            yield ("reads", name, "after"), f"rule {after!r} rests on a read that is itself made after a rule"
    for index, rule in enumerate(incident.evidence):
        for name, after in later.items():
            if rule.may_refute and _looks_at(rule, name):
                yield ("evidence", index), f"cannot refute: {name!r} is read only where {after!r} holds"


def _looks_at(rule: Rule, read: str) -> bool:
    return rule.each == read or (not rule.each and re.search(rf"\b{re.escape(read)}\b", rule.when) is not None)
