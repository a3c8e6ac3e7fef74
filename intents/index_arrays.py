"""Add up the postings of an index with numpy, a cache line of patterns at a time.

Imported only once an index is asked often: importing numpy takes longer than matching a short text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

# A word that fewer than one in so many patterns have keeps a list of its patterns instead of a byte for each.
_RARE: Final = 64

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Posting:
    """The shares of a word: in all patterns in order, or, for a rare word, in the `patterns` that have it."""

    shares: _Bytes
    patterns: npt.NDArray[np.intp] | None


class Arrays:
    """The arrays of an index; selects the same patterns as `intents.index.Index`."""

    def __init__(
        self, *, needed: bytes, needed_when_cut: bytes, postings: Mapping[int, tuple[Sequence[int], bytes]]
    ) -> None:
        self._needed = np.frombuffer(needed, np.uint8)
        self._needed_when_cut = np.frombuffer(needed_when_cut, np.uint8)
        self._postings = {
            word: _posting(patterns, np.frombuffer(shares, np.uint8), of=len(needed))
            for word, (patterns, shares) in postings.items()
        }

    def candidates(self, words: Iterable[int], cut: Sequence[int]) -> Sequence[int]:
        """Return, in order, the numbers of the patterns of which these words have the demanded share.

        `cut` are the patterns that the text may have up to where it is cut.
        """
        sums = self._sum(words)
        reached = sums >= self._needed
        if cut:
            reached[cut] |= sums[cut] >= self._needed_when_cut[cut]
        found: list[int] = reached.nonzero()[0].tolist()
        return found

    def _sum(self, words: Iterable[int]) -> _Bytes:
        sums = np.zeros(len(self._needed), np.uint8)
        for posting in filter(None, map(self._postings.get, words)):
            if posting.patterns is None:
                np.add(sums, posting.shares, out=sums)
            else:
                sums[posting.patterns] += posting.shares
        return sums


def _posting(patterns: Sequence[int], shares: _Bytes, *, of: int) -> _Posting:
    numbers = np.array(patterns, np.intp)
    if len(numbers) * _RARE < of:
        return _Posting(shares, numbers)
    dense = np.zeros(of, np.uint8)
    dense[numbers] = shares
    return _Posting(dense, None)
