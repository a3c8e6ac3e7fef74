"""Which patterns a few words could be an occurrence of: an inverted index that adds up weights, for all at once.

Of each pattern a share of its weight must be there, or it could not score. A word's posting has a byte for each
pattern: the share of the pattern's weight that the word has, in hundredths, rounded up. Adding the postings of a line's
words adds up all shares, a cache line of patterns at a time. Nothing that could match is lost, and only what passes
costs anything more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

_WHOLE: Final = 100  # hundredths
# A byte holds all hundredths, and one more for the rounding of each of so many words.
_MOST_WORDS: Final = 255 - _WHOLE
# A word that fewer than one in so many patterns have is kept as a list of them.
_RARE: Final = 64

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Demand:
    """What an occurrence of a pattern has at least: a share of the pattern's weight."""

    weights: Mapping[int, float]  # of the pattern's words, by their numbers
    share: float
    share_when_cut: float  # where the text may be cut behind it


@dataclass(frozen=True, slots=True)
class _Posting:
    """Which share of which patterns a word has: of all of them in order, or, of a rare word, of those that have it."""

    shares: _Bytes
    patterns: npt.NDArray[np.intp] | None

    def add_to(self, sums: _Bytes) -> None:
        if self.patterns is None:
            np.add(sums, self.shares, out=sums)
        else:
            sums[self.patterns] += self.shares


class Index:
    """Built once; patterns are numbered in the order of their demands."""

    def __init__(self, demands: Iterable[Demand]) -> None:
        having: defaultdict[int, list[int]] = defaultdict(list)
        shares: defaultdict[int, list[int]] = defaultdict(list)
        needed: list[int] = []
        needed_when_cut: list[int] = []
        for number, demand in enumerate(demands):
            each, left_out = _in_hundredths(demand.weights)
            for word, share in each.items():
                having[word].append(number)
                shares[word].append(share)
            needed.append(max(1, int(demand.share * _WHOLE) - left_out))
            needed_when_cut.append(max(1, int(demand.share_when_cut * _WHOLE) - left_out))
        self._needed: _Bytes = np.array(needed, np.uint8)
        self._needed_when_cut: _Bytes = np.array(needed_when_cut, np.uint8)
        self._postings = {word: _posting(having[word], shares[word], of=len(needed)) for word in having}

    def candidates(self, words: Iterable[int], *, endings: Iterable[int] = ()) -> Sequence[int]:
        """The numbers of the patterns of which these words have the share that is demanded, in ascending order.

        `endings` are the words with which a text that may be cut ends: patterns that have one may be cut there.
        """
        sums = self._sum(words)
        reached = sums >= self._needed
        if endings:
            reached |= (sums >= self._needed_when_cut) & (self._sum(endings) > 0)
        found: list[int] = np.flatnonzero(reached).tolist()
        return found

    def _sum(self, words: Iterable[int]) -> _Bytes:
        sums = np.zeros_like(self._needed)
        for word in words:
            if posting := self._postings.get(word):
                posting.add_to(sums)
        return sums


def _posting(patterns: Sequence[int], shares: Sequence[int], *, of: int) -> _Posting:
    if len(patterns) * _RARE < of:
        return _Posting(np.array(shares, np.uint8), np.array(patterns, np.intp))
    dense = np.zeros(of, np.uint8)
    dense[patterns] = shares
    return _Posting(dense, None)


def _in_hundredths(weights: Mapping[int, float]) -> tuple[dict[int, int], int]:
    """(word → its share of the weight, the share of the lightest words, which are left out of a very long pattern)"""
    whole = sum(weights.values())
    heaviest = sorted(weights, key=lambda word: (-weights[word], word))
    shares = {word: min(_WHOLE, int(weights[word] / whole * _WHOLE) + 1) for word in heaviest}
    left_out = sum(shares.pop(word) for word in heaviest[_MOST_WORDS:])
    return shares, left_out
