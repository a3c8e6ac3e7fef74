"""Tell what kind of failure a program reports, for texts that no signature matches: a classifier of what is printed.

Libraries word the same failure in countless ways. `tests/talk/train.py failures` fits it to messages of which the
incident is known, and to those of everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final, NamedTuple

from intents.talk.classifier import Classifier
from intents.talk.features import printed_lines

# The label of what no program says of itself.
OTHER: Final = "other"
# The least share; from the training report.
_LEAST: Final = 0.3
_MOST_LINES: Final = 12
_MOST_PARTS: Final = 60
# Of names such as RedisCommandTimeoutException and ENOSPC the words count: case tells where they begin.
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]")
# A number with more digits is a size or an identity, not a code.
_LONGEST_CODE: Final = 4


class Failure(NamedTuple):
    """A failure that a text reports: `share` is its likelihood (0 to 1); `words` on `line` show it."""

    incident: str
    share: float
    words: tuple[str, ...]
    line: str


def failure_in(text: str) -> Failure | None:
    """Return the failure that the printed lines of a text report; None if they report none that is known."""
    lines = printed_lines(text)[:_MOST_LINES]
    features = list(dict.fromkeys(features_of_failure(lines)))
    if not features:
        return None
    incident, share = _failures().shares(features)[0]
    if incident == OTHER or share < _LEAST:
        return None
    telling = max(lines, key=lambda line: dict(_failures().shares([*features_of_failure([line]), "^"]))[incident])
    return Failure(incident, share, _failures().reasons(features, incident), telling)


def features_of_failure(lines: Sequence[str]) -> Iterator[str]:
    """Yield the words of the first lines, the parts of names among them, and two and three in a row."""
    for line in lines[:_MOST_LINES]:
        parts = [part.lower() for part in _PART.findall(line)[:_MOST_PARTS]]
        words = ["0" if part.isdigit() and len(part) > _LONGEST_CODE else part for part in parts]
        yield from words
        yield from (" ".join(pair) for pair in pairwise(("^", *words)))
        yield from (" ".join(three) for three in zip(words, words[1:], words[2:], strict=False))


@cache
def _failures() -> Classifier:
    return Classifier((files(__package__) / "failures.npz").read_bytes())
