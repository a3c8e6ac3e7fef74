"""Check the links between an entry and its causes: what they have in common is declared, and evidence can show it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from intents.catalog.causes import LinkedBy
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident, Rule
from intents.domain import FindingOutcome

Complaint = tuple[tuple[str | int, ...], str]
# Return the keys of the rows that a rule of an incident shows.
KeysOf = Callable[[Incident, Rule], Collection[str]]


def complaints(incident: Incident, catalog: Catalog, keys_of: KeysOf) -> Iterator[Complaint]:
    """Yield what is wrong with `causes`, each with the path into the file."""
    for index, link in enumerate(incident.causes):
        path = ("causes", index)
        upstream = catalog.get(link.incident)
        if upstream is None:
            yield (*path, "incident"), f"no such incident {link.incident!r}"
            continue
        for field, entry, named in (("only_if", incident, link.only_if), ("proven_by", upstream, link.proven_by)):
            for name in named:
                if name not in {rule.id for rule in supporting(entry)}:
                    yield (*path, field), f"{entry.id} has no supporting rule {name!r}"
            if link.linked_by is LinkedBy.RUNS_ON and not _shows_node(entry, named, keys_of):
                yield (*path, "linked_by"), f"no supporting rule of {entry.id} has rows with 'node'"


def supporting(incident: Incident) -> list[Rule]:
    """Return the rules by which the cluster supports an incident."""
    return [rule for rule in incident.evidence if rule.finds is FindingOutcome.SUPPORTS and not rule.pasted]


def _shows_node(incident: Incident, named: Collection[str], keys_of: KeysOf) -> bool:
    return any("node" in keys_of(incident, rule) for rule in supporting(incident) if not named or rule.id in named)
