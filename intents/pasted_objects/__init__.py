"""Read pasted objects by their sections: which lines are evidence, and the names of the objects.

Evidence is what an object's state and events say. Its labels, tolerations, probes, volumes … are there on healthy
objects too. Lines of no known format are evidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from intents.named_objects import Entity
from intents.pasted_objects.described import description_at, table_at
from intents.pasted_objects.manifests import manifest_at
from intents.pasted_objects.section import NumberedLine, Section

_FORMATS = (manifest_at, description_at, table_at)


def sections_of(lines: Sequence[NumberedLine]) -> Section:
    """Return all lines of a text as one section."""
    told = [line for _, line in lines]
    names: dict[int, tuple[Entity, ...]] = {}
    at = 0
    while at < len(lines):
        section = next(filter(None, (read(lines, at) for read in _FORMATS)), None)
        if section is not None:
            told[at : at + len(section.told)] = section.told
            names |= {at + line: found for line, found in section.names.items()}
        at += len(section.told) if section else 1
    return Section(told=told, names=names)
