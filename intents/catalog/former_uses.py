"""Warn about entries that use a former name of a probe, an argument or a row key.

Such an entry works as before for one more release. The warning gives the file, the line and the new name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from intents.catalog.key_uses import Path, key_uses
from intents.catalog.loader import Catalog, Problem
from intents.catalog.schema import Incident, Read
from intents.declarations import NamedProbe, named_probes
from intents.domain import ProbeDeclaration

_GOES: Final = "the old name stops working in the next release"


def former_names(catalog: Catalog, probes: Mapping[str, ProbeDeclaration]) -> tuple[Problem, ...]:
    """Return a warning for every use of a former name in every entry."""
    known = named_probes(probes)
    return tuple(
        sorted(
            catalog.sources[incident.id].problem(path, says, warning=True)
            for incident in catalog
            for path, says in former_uses(incident, known)
        )
    )


def former_uses(incident: Incident, known: Mapping[str, NamedProbe]) -> Iterator[tuple[Path, str]]:
    """Yield the uses of former names in one entry, each with the path into its file and the current name."""
    for name, read in incident.reads.items():
        if (probe := known.get(read.probe)) is not None:
            yield from _in_read(("reads", name), read, probe)
    told: set[tuple[Path, str]] = set()
    for use in key_uses(incident):
        if (says := _of_key(use.key, _reads_of(incident, use.read), known)) and (use.path, use.key) not in told:
            told.add((use.path, use.key))
            yield use.path, says


def _in_read(path: Path, read: Read, probe: NamedProbe) -> Iterator[tuple[Path, str]]:
    former, now = probe.former, probe.declaration.name
    if read.probe != now:
        yield (*path, "probe"), f"probe {read.probe} is now {probe.current_name}; {_GOES}"
    for argument in read.args:
        if argument in former.args:
            yield (*path, "args", argument), f"argument {argument} of {now} is now {former.args[argument]}; {_GOES}"


def _reads_of(incident: Incident, name: str) -> Iterable[Read]:
    return (incident.reads[name],) if name in incident.reads else tuple(incident.reads.values())


def _of_key(key: str, reads: Iterable[Read], known: Mapping[str, NamedProbe]) -> str:
    """Return the warning for a key; "" if a read has a current key of that name, or no read has it as a former one."""
    says = ""
    for read in reads:
        probe = known.get(read.probe)
        if probe is None or key not in probe.keys(read.args):
            continue
        if not probe.is_former(key, read.args):
            return ""
        says = f"row key {key} of {probe.declaration.name} {_fate_of(key, probe)}"
    return says


def _fate_of(key: str, probe: NamedProbe) -> str:
    if now := probe.former.keys.get(key):
        return f"is now {now}; {_GOES}"
    if flag := probe.declaration.flag_for(key):
        return f"is filled only with {flag} from the next release on"
    return "goes in the next release, without a successor"
