"""Turn an occurrence into the probability that the incident is meant: a logistic function of two features."""

from __future__ import annotations

from functools import lru_cache
from math import exp, log
from typing import Final, NamedTuple

# A hypothesis needs this score; below it the answer is "I don't know this one".
THRESHOLD: Final = 0.5
# An occurrence that cannot reach this score is dropped.
LEAST: Final = 0.1

# From tests/eval/fit.py. Coverage separates the examples almost alone, so the fit leaves nothing to information; unseen
# texts are harder, so information keeps a part of its prior (2.2).
_CONSTANT: Final = -12.0
_COVERAGE: Final = 13.5
_INFORMATION: Final = 1.0
# Information above this adds nothing.
_MOST: Final = 60.0
# A signature (nearly) all of which is in a counterexample is a mistake in the catalog; a test finds it.
_MOST_ORDINARY: Final = 0.95
_UNIT: Final = 6.0  # nats: about one word that the background does not have


def score(*, coverage: float, information: float) -> float:
    """Return the score of an occurrence: the share of the signature's weight (0 to 1) and its information in nats."""
    if information <= 0:
        return 0.0
    surprise = log(min(information, _MOST) / _UNIT)
    return 1 / (1 + exp(-(_CONSTANT + _COVERAGE * coverage + _INFORMATION * surprise)))


@lru_cache(maxsize=1 << 14)
def coverage_for(reached: float, *, total: float) -> float:
    """Return the coverage that a signature of this weight needs for a score; 1 if full coverage is not enough."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if score(coverage=middle, information=middle * total) < reached:
            low = middle
        else:
            high = middle
    return low if high < 1 else 1.0


class Scale(NamedTuple):
    """The scale of one signature: maps coverage to a score, see `scale_of`."""

    total: float
    ordinary: float
    telling: float  # the weight that no counterexample has, in nats
    enough: float  # the coverage at which this reaches the threshold
    halfway: float  # between the ordinary share and full coverage

    def score(self, coverage: float) -> float:
        """Return the score of a coverage; never more than `score` without counterexamples."""
        if self.halfway > self.enough:
            if coverage < self.halfway:
                coverage = coverage * self.enough / self.halfway
            else:
                coverage = min(coverage, 1 - (1 - coverage) * (1 - self.enough) / (1 - self.halfway))
        return score(coverage=coverage, information=coverage * self.telling)


@lru_cache(maxsize=1 << 14)
def scale_of(*, total: float, ordinary: float = 0.0) -> Scale:
    """Return the scale of a signature with this weight, of which the share `ordinary` is in a counterexample.

    Only the rest carries information, and the threshold is halfway between that share and full coverage: a message that
    differs from a similar one in a single word needs that word, however long it is.
    """
    ordinary = min(ordinary, _MOST_ORDINARY)
    telling = total * (1 - ordinary)
    enough = coverage_for(THRESHOLD, total=telling)
    return Scale(total=total, ordinary=ordinary, telling=telling, enough=enough, halfway=(1 + ordinary) / 2)
