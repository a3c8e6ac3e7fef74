"""From an occurrence to a probability that the incident is meant: two numbers and three constants."""

from __future__ import annotations

from functools import lru_cache
from math import exp, log
from typing import Final, NamedTuple

# Above it a hypothesis is raised; below it the answer is "I don't know this one".
THRESHOLD: Final = 0.5
# An occurrence that cannot come to this much is not looked at.
LEAST: Final = 0.1

# tests/eval/fit.py: coverage as fitted. It parts the examples almost alone, so that the fit leaves nothing to
# information; texts not yet seen are less kind, so information keeps a part of what was believed of it before (2.2).
_CONSTANT: Final = -12.0
_COVERAGE: Final = 13.5
_INFORMATION: Final = 1.0
# More information than this makes nothing surer.
_MOST: Final = 60.0
# A signature that stands in ordinary text (nearly) in full is a mistake of the catalog, which a test finds.
_MOST_ORDINARY: Final = 0.95
_UNIT: Final = 6.0  # nats: about one word that the background does not have


def score(*, coverage: float, information: float) -> float:
    """Of the share of the signature's weight that is there (0 to 1), and how much that says in nats."""
    if information <= 0:
        return 0.0
    surprise = log(min(information, _MOST) / _UNIT)
    return 1 / (1 + exp(-(_CONSTANT + _COVERAGE * coverage + _INFORMATION * surprise)))


@lru_cache(maxsize=1 << 14)
def coverage_for(reached: float, *, total: float) -> float:
    """The coverage that a signature of so much weight needs to reach a score; 1 if it does not even in full."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if score(coverage=middle, information=middle * total) < reached:
            low = middle
        else:
            high = middle
    return low if high < 1 else 1.0


class Scale(NamedTuple):
    """What a share of one signature is worth: see `scale_of`."""

    total: float
    ordinary: float
    telling: float  # the weight of what no ordinary text has, in nats
    enough: float  # the coverage at which so much reaches the threshold
    halfway: float  # between what is ordinary and all of it

    def score(self, coverage: float) -> float:
        """Of so much of the signature; never more than `score` says of it without regard to ordinary texts."""
        if self.halfway > self.enough:
            if coverage < self.halfway:
                coverage = coverage * self.enough / self.halfway
            else:
                coverage = min(coverage, 1 - (1 - coverage) * (1 - self.enough) / (1 - self.halfway))
        return score(coverage=coverage, information=coverage * self.telling)


@lru_cache(maxsize=1 << 14)
def scale_of(*, total: float, ordinary: float = 0.0) -> Scale:
    """The scale of a signature of so much weight, of which a share stands in texts known to be something else.

    Only the rest tells anything; and halfway between that share and all of it lies the threshold: a message whose
    siblings differ from it in a word needs that word, however long it is.
    """
    ordinary = min(ordinary, _MOST_ORDINARY)
    telling = total * (1 - ordinary)
    enough = coverage_for(THRESHOLD, total=telling)
    return Scale(total=total, ordinary=ordinary, telling=telling, enough=enough, halfway=(1 + ordinary) / 2)
