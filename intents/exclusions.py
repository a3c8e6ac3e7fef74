"""Recognise texts that use an incident's words about something else: a build, a laptop, another system's queue.

Programs print the same message wherever they run; only the lines around it tell which environment is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.tokens import words_of

# So many lines around a match belong to it; a log has other topics farther away.
_NEAR: Final = 4


class Exclusions:
    """The `unless` phrases of every incident; incidents are identified by their numbers. Immutable."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._phrases = tuple(tuple(map(_spaced, incident.unless)) for incident in incidents)

    def apply(self, incident: int, symptoms: Sequence[Symptom], *, near: int) -> bool:
        """Return whether one of the incident's phrases occurs near a line, given by its index."""
        phrases = self._phrases[incident]
        if not phrases:
            return False
        around = "\n".join(_spaced(symptom.text) for symptom in symptoms[max(0, near - _NEAR) : near + _NEAR + 1])
        return any(phrase in around for phrase in phrases)


def _spaced(line: str) -> str:
    """Return the words of a line between single spaces, so that a search finds whole words only."""
    return f" {' '.join(words_of(line))} "
