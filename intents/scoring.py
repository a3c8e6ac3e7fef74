"""From an occurrence to a probability that the incident is meant: two numbers and three constants."""

from __future__ import annotations

from math import exp, log
from typing import Final

# Above it a hypothesis is raised; below it the answer is "I don't know this one".
THRESHOLD: Final = 0.5
# An occurrence that cannot come to this much is not looked at.
LEAST: Final = 0.2

_CONSTANT: Final = -9.0
_COVERAGE: Final = 10.0
_INFORMATION: Final = 2.2
# More information than this makes nothing surer.
_MOST: Final = 60.0
_UNIT: Final = 6.0  # nats: about one word that the background does not have


def score(*, coverage: float, information: float) -> float:
    """Of the share of the signature's weight that is there (0 to 1), and how much that says in nats."""
    if information <= 0:
        return 0.0
    surprise = log(min(information, _MOST) / _UNIT)
    return 1 / (1 + exp(-(_CONSTANT + _COVERAGE * coverage + _INFORMATION * surprise)))


def least_coverage(total: float) -> float:
    """The coverage below which a signature of so much weight stays under `LEAST`; 1 if it does even in full."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if score(coverage=middle, information=middle * total) < LEAST:
            low = middle
        else:
            high = middle
    return low if high < 1 else 1.0
