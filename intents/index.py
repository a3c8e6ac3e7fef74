"""Which patterns a few words could be an occurrence of: an inverted index whose posting lists are bitmaps.

A match must gather a share of its pattern's weight (`LEAST_SHARE`). From the weights follows how many of a pattern's
words must at least be there, and which words are too light to be asked for at all (prefix filtering, as in
set-similarity joins). Counting "at least one, two, three, four" for all patterns at once takes seven operations on
integers per word, about a tenth of a microsecond each for 15,000 patterns; only the survivors cost anything more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

# An occurrence that has less than this share of its pattern's weight is not looked at.
LEAST_SHARE: Final = 0.45
# The lightest words of a pattern are not asked for, up to this share of its weight.
_UNASKED_SHARE: Final = 0.12
_MOST_ASKED: Final = 4


class Index:
    """Built once from each pattern's word numbers and weights; patterns are numbered in the given order."""

    def __init__(self, patterns: Iterable[tuple[Sequence[int], Sequence[float]]]) -> None:
        postings: defaultdict[int, int] = defaultdict(int)
        self._asking = [0] * (_MOST_ASKED + 1)
        self.least: list[int] = []  # by pattern: how many of its words an occurrence has at least
        for number, (words, weights) in enumerate(patterns):
            asked, least = _asked(words, weights)
            for word in asked:
                postings[word] |= 1 << number
            self._asking[min(least, _MOST_ASKED)] |= 1 << number
            self.least.append(least)
        self._postings = dict(postings)

    def asks_for(self, words: Iterable[int]) -> int:
        """The patterns that ask for any of these words, as a bitmap."""
        found = 0
        for word in words:
            found |= self._postings.get(word, 0)
        return found

    def candidates(self, words: Iterable[int], among: int) -> list[int]:
        """The numbers of the patterns that may occur where these words do, of those in a bitmap."""
        one = two = three = four = 0
        postings = self._postings
        for word in words:
            if posting := postings.get(word, 0):
                four |= three & posting
                three |= two & posting
                two |= one & posting
                one |= posting
        asking = self._asking
        enough = (asking[1] & one) | (asking[2] & two) | (asking[3] & three) | (asking[4] & four)
        return list(_bits(enough & among))


def _asked(words: Sequence[int], weights: Sequence[float]) -> tuple[list[int], int]:
    """The words worth asking for, and how many of them an occurrence has at least."""
    by_word: defaultdict[int, float] = defaultdict(float)
    for word, weight in zip(words, weights, strict=True):
        by_word[word] += weight
    heaviest = sorted(by_word.items(), key=lambda item: (-item[1], item[0]))
    total = sum(by_word.values())
    unasked = 0.0
    while len(heaviest) > 1 and unasked + heaviest[-1][1] <= _UNASKED_SHARE * total:
        unasked += heaviest.pop()[1]
    needed = LEAST_SHARE * total - unasked
    least = 0
    for _, weight in heaviest:
        if needed <= 0:
            break
        needed -= weight
        least += 1
    return [word for word, _ in heaviest], max(1, least)


def _bits(bitmap: int) -> Iterator[int]:
    while bitmap:
        lowest = bitmap & -bitmap
        yield lowest.bit_length() - 1
        bitmap ^= lowest
