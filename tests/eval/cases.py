"""Load labelled texts from a file of JSON lines and from the catalog's own examples."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from intents.background import ordinary_lines
from intents.catalog.schema import Incident

NONE: Final = "none"
# Seen while signatures were written: a regression floor, not a measure for unseen texts.
PASTES: Final = Path(__file__).with_name("pastes.jsonl")
# How people report each incident and its near misses; the signatures came later: also a regression floor.
TOLD: Final = Path(__file__).with_name("told.jsonl")
# Reworded from public threads by people who did not know the signatures; half of them were seen afterwards.
THREADS: Final = Path(__file__).with_name("threads.jsonl")
# Written before the signatures of their incidents. Mistakes in the `open` half may be read while the mechanism is
# improved; those in the `held` half are only counted.
BLIND: Final = Path(__file__).with_name("blind.jsonl")
# Everyday failures, by writers who had not seen the signatures; mistakes of the `open` half were read once.
EVERYDAY: Final = Path(__file__).with_name("everyday.jsonl")
# Lines that the background held as ordinary until the catalog covered everyday incidents.
FORMERLY_ORDINARY: Final = Path(__file__).with_name("formerly_ordinary.jsonl")
# The ids that a label may have: those of the catalog and those of incidents that are still to be written.
IDS: Final = Path(__file__).with_name("ids.txt")


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled text. `right` are the incidents that may come first; empty if none may."""

    id: str
    text: str
    right: frozenset[str]
    wrong: frozenset[str] = frozenset()  # if only these must not come first
    half: str = ""

    @property
    def label(self) -> str:
        return ", ".join(sorted(self.right)) or NONE

    def among(self, known: Collection[str]) -> Case:
        """Return the case with only the known ids as right; with none left, it is a negative."""
        return replace(self, right=self.right.intersection(known))


def cases_in(path: Path, *, half: str = "", known: Collection[str] | None = None) -> list[Case]:
    """Return the cases of a file or of one half of it.

    With the ids of a catalog as `known`, labels outside of it count as `none`: that catalog is right to stay silent.
    """
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    cases = [
        Case(
            id=str(row["id"]),
            text=row["text"],
            right=frozenset({row["label"], *row.get("also", ())}) - {NONE},
            half=row.get("half", ""),
        )
        for row in rows
    ]
    return [case if known is None else case.among(known) for case in cases if not half or case.half == half]


def cases_of(incidents: Iterable[Incident]) -> list[Case]:
    """Return the catalog's examples: `match` has its incident as label, which must not come first for `other`."""
    incidents = tuple(incidents)
    matching = [
        Case(f"{incident.id}/match/{number}", text, frozenset({incident.id}))
        for incident in incidents
        for number, text in enumerate(incident.examples.match)
    ]
    others = [
        Case(f"{incident.id}/other/{number}", text, frozenset(), frozenset({incident.id}))
        for incident in incidents
        for number, text in enumerate(incident.examples.other)
    ]
    return matching + others


def ordinary_cases() -> list[Case]:
    """Return the background texts, which must not match."""
    return [Case(f"ordinary/{number}", text, frozenset()) for number, text in enumerate(ordinary_lines())]
