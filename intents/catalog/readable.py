"""Find entries that the bot cannot evaluate: unknown probes, unknown row keys in conditions, invalid CEL.

Such an entry is left out of the catalog of a running bot. `casebook lint` checks every part of an entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from intents.catalog.key_uses import KeyUse, Path, key_uses
from intents.catalog.schema import Incident
from intents.conditions import ConditionError, check
from intents.domain import ProbeDeclaration


def unreadable(incident: Incident, known: Mapping[str, ProbeDeclaration]) -> Iterator[tuple[Path, str]]:
    """Yield why an entry cannot be evaluated, each with the path into its file; nothing if it can."""
    for name, read in incident.reads.items():
        if read.probe not in known:
            yield ("reads", name, "probe"), f"there is no probe {read.probe!r}"
    for index, rule in enumerate(incident.evidence):
        if rule.each and rule.each not in incident.reads:
            yield ("evidence", index, "each"), f"there is no read {rule.each!r}"
        try:
            check(rule.when)
        except ConditionError as error:
            yield ("evidence", index, "when"), str(error)
    for use in key_uses(incident):
        if use.path[0] == "evidence" and not _is_filled(use, incident, known):
            yield use.path, f"no row has a key {use.key!r}"


def _is_filled(use: KeyUse, incident: Incident, known: Mapping[str, ProbeDeclaration]) -> bool:
    """Return whether a read that the use may mean fills the key. An unknown read or probe is reported elsewhere."""
    if use.read and use.read not in incident.reads:
        return True
    reads = [incident.reads[use.read]] if use.read else list(incident.reads.values())
    return any(read.probe not in known or use.key in known[read.probe].keys(read.args) for read in reads)
