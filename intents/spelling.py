"""Define a command that was not understood, and find the known word that was meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from intents.languages import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """A command that was not understood: the reason, and the command that was probably meant, or its usage.

    A usage has placeholders in capitals; what was probably meant can be typed as it is.
    """

    says: Text
    closest: str = ""
    usage: str = ""


# How much words must be alike, of 100.
ALIKE: Final = 60.0
# A word of fewer letters has one slip, a longer one up to two.
_SHORT: Final = 6


def closest(word: str, known: Iterable[str], *, at_least: float = ALIKE, part: bool = False) -> str:
    """Return the known word most like another, whatever their case; "" if none is alike.

    With `part` the word may be a part of the known one, because people shorten long names.
    """
    from rapidfuzz import fuzz  # noqa: PLC0415 - only for a word that is not known

    word, scorer = word.lower(), fuzz.WRatio if part else fuzz.ratio
    # Of several names that contain the word equally well, the most similar one wins.
    scored = [(scorer(word, each.lower()), fuzz.ratio(word, each.lower()), each) for each in sorted(known)]
    score, _, found = max(scored, default=(0.0, 0.0, ""), key=lambda one: one[:2])
    return found if score >= at_least else ""


def likeness(one: str, other: str) -> float:
    """Score how much two words resemble, 0 to 100."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - as above

    return fuzz.ratio(one, other)


def slips(word: str, known: str) -> int:
    """Count the letters to change, add, leave out or swap."""
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - as above

    return OSA.distance(word, known)


def misspelt(word: str, known: Iterable[str], *, most: int | None = None) -> str:
    """Return the known word of which another is a misspelling by so few slips as its length allows; "" for none.

    Of two words at the same distance, it is the one with the same letters: "pdo" is pod, not pdb.
    """
    most = (1 if len(word) < _SHORT else 2) if most is None else most
    distance, _, meant = min((slips(word, each), sorted(each) != sorted(word), each) for each in known)
    return meant if distance <= most else ""
