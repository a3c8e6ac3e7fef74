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
from itertools import accumulate, chain, pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

_WHOLE: Final = 100  # hundredths
# A byte holds all hundredths, and one more for the rounding of each of so many words.
_MOST_WORDS: Final = 255 - _WHOLE
# A word that fewer than one in so many patterns have is kept as a list of them.
_RARE: Final = 64


@dataclass(frozen=True, slots=True)
class Demand:
    """What an occurrence of a pattern has at least: a share of the pattern's weight."""

    weights: Mapping[int, float]  # of the pattern's words, by their numbers
    share: float
    share_when_cut: float  # where the text may be cut behind it


class Index:
    """Finds the patterns that some words may be an occurrence of. Built once; they are numbered as their demands are.

    The shares of all words stand in one array, one word after the other: first of the rare words, each beside the
    patterns that have it, then of the others, each with a share for every pattern.
    """

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
        rare = [word for word, patterns in having.items() if len(patterns) * _RARE < len(needed)]
        common = [word for word, patterns in having.items() if len(patterns) * _RARE >= len(needed)]
        rows = [shares[word] for word in rare] + [_row(having[word], shares[word], of=len(needed)) for word in common]
        ends = list(accumulate(map(len, rows), initial=0))
        self._needed = np.array(needed, np.uint8)
        self._needed_when_cut = np.array(needed_when_cut, np.uint8)
        self._shares = np.array(list(chain.from_iterable(rows)), np.uint8)
        self._patterns = np.array(list(chain.from_iterable(having[word] for word in rare)), np.intp)
        self._places = dict(zip([*rare, *common], pairwise(ends), strict=True))

    def candidates(self, words: Iterable[int], *, endings: Iterable[int] = ()) -> Sequence[int]:
        """Return, in order, the numbers of the patterns of which these words have the share that is demanded.

        `endings` are the words with which a text that may be cut ends: patterns that have one may be cut there.
        """
        sums = self._sum(words)
        reached = sums >= self._needed
        if endings:
            reached |= (sums >= self._needed_when_cut) & (self._sum(endings) > 0)
        found: list[int] = np.flatnonzero(reached).tolist()
        return found

    def _sum(self, words: Iterable[int]) -> npt.NDArray[np.uint8]:
        sums = np.zeros_like(self._needed)
        for word in words:
            if place := self._places.get(word):
                start, end = place
                if end > len(self._patterns):
                    np.add(sums, self._shares[start:end], out=sums)
                else:
                    sums[self._patterns[start:end]] += self._shares[start:end]
        return sums

    def __getstate__(self) -> tuple[bytes | dict[int, tuple[int, int]], ...]:
        """Return plain bytes: arrays take far longer to be packed and unpacked, one by one."""
        arrays = (self._needed, self._needed_when_cut, self._shares, self._patterns)
        return (*(array.tobytes() for array in arrays), self._places)

    def __setstate__(self, state: tuple[bytes, bytes, bytes, bytes, dict[int, tuple[int, int]]]) -> None:
        needed, needed_when_cut, shares, patterns, self._places = state
        self._needed, self._needed_when_cut, self._shares = (
            np.frombuffer(each, np.uint8) for each in (needed, needed_when_cut, shares)
        )
        self._patterns = np.frombuffer(patterns, np.intp)


def _row(patterns: Iterable[int], shares: Iterable[int], *, of: int) -> list[int]:
    """Return a share for every pattern: 0 for those that do not have the word."""
    row = [0] * of
    for pattern, share in zip(patterns, shares, strict=True):
        row[pattern] = share
    return row


def _in_hundredths(weights: Mapping[int, float]) -> tuple[dict[int, int], int]:
    """(word → its share of the weight, the share of the lightest words, which are left out of a very long pattern)"""
    whole = sum(weights.values())
    heaviest = sorted(weights, key=lambda word: (-weights[word], word))
    shares = {word: min(_WHOLE, int(weights[word] / whole * _WHOLE) + 1) for word in heaviest}
    left_out = sum(shares.pop(word) for word in heaviest[_MOST_WORDS:])
    return shares, left_out
