"""Where a text speaks of something else in the words of an incident: a build, a laptop, another system's queue.

Programs print the same message wherever they run. What a person would tell them apart by is what they stand beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.catalog.schema import Incident
from intents.domain import Symptom
from intents.tokens import words_of

# So many lines around one speak of the same: beyond, a log goes on about something else.
_NEAR: Final = 4


class Exclusions:
    """What each incident's `unless` says. Built once per catalog; immutable; incidents are told by their numbers."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._phrases = tuple(tuple(words_of(phrase) for phrase in incident.unless) for incident in incidents)

    def speaks(self, incident: int, symptoms: Sequence[Symptom], *, near: int) -> bool:
        """Whether one of the incident's phrases stands near a line, told by its index."""
        phrases = self._phrases[incident]
        if not phrases:
            return False
        around = [words_of(symptom.text) for symptom in symptoms[max(0, near - _NEAR) : near + _NEAR + 1]]
        return any(_has(words, phrase) for words in around for phrase in phrases)


def _has(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the words have those of a phrase next to each other."""
    length = len(phrase)
    return any(words[at : at + length] == phrase for at in range(len(words) - length + 1))
