"""Select the patterns that a few words could be an occurrence of: an inverted index that adds up weights.

A pattern needs a share of its weight to score. A word's posting holds a byte for each pattern that has the word: the
word's share of the pattern's weight in hundredths, rounded up. Adding up the postings of a line's words therefore never
loses a pattern that could match. Common words have the longest postings and tell least: a pattern's lightest words are
not added up, but taken as found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from intents.packed import Numbers

if TYPE_CHECKING:
    from intents.index_arrays import Arrays

_WHOLE: Final = 100  # hundredths
# A byte holds 100 hundredths, plus one for the rounding of each of so many words.
_MOST_WORDS: Final = 255 - _WHOLE
# The lightest words of a pattern are taken as found, so many hundredths of its weight. With the real catalog, a third
# of the work is left, for a tenth more patterns to look at.
_TAKEN_AS_FOUND: Final = 25
# From so many queries on, numpy is used: it is quicker, but its import takes as long as a thousand queries without it.
OFTEN: Final = 1000


@dataclass(frozen=True, slots=True)
class Demand:
    """The share of a pattern's weight that an occurrence has at least."""

    weights: Mapping[int, float]  # of the pattern's words, by their numbers
    share: float
    share_when_cut: float  # where the text may be cut after it


class Index:
    """Selects patterns by their words. Patterns are numbered in the order of their demands.

    The postings of all words are in two arrays, word by word: the patterns, and their shares. The patterns of which a
    word is one of the lightest come last, without a share.
    """

    def __init__(self, demands: Iterable[Demand]) -> None:
        patterns: defaultdict[int, list[int]] = defaultdict(list)
        shares: defaultdict[int, list[int]] = defaultdict(list)
        light: defaultdict[int, list[int]] = defaultdict(list)
        needed: list[int] = []
        needed_when_cut: list[int] = []
        for number, demand in enumerate(demands):
            each = _in_hundredths(demand.weights)
            lightest = _lightest(each)
            for word in lightest:
                light[word].append(number)
            for word in (word for word in each if word not in lightest):
                patterns[word].append(number)
                shares[word].append(each[word])
            found = sum(map(each.__getitem__, lightest))
            needed.append(max(1, int(demand.share * _WHOLE) - found))
            needed_when_cut.append(max(1, int(demand.share_when_cut * _WHOLE) - found))
        self._asked = 0
        self._needed = bytes(needed)
        self._needed_when_cut = bytes(needed_when_cut)
        self._patterns = Numbers("I")
        # By word: where its patterns begin, and the first of them without a share.
        self._begins = Numbers("I")
        self._light = Numbers("I")
        each_share: list[int] = []
        for word in range(max((*patterns, *light), default=-1) + 1):
            self._begins.append(len(self._patterns))
            self._patterns.extend(patterns[word])
            self._light.append(len(self._patterns))
            self._patterns.extend(light[word])
            each_share += shares[word] + [0] * len(light[word])
        self._begins.append(len(self._patterns))
        self._shares = bytes(each_share)

    def candidates(self, words: Iterable[int], *, endings: Iterable[int] = ()) -> Sequence[int]:
        """Return, in order, the numbers of the patterns of which these words have the demanded share.

        `endings` are the possible last words of a cut text: patterns that have one may be cut there.
        """
        cut = {pattern for word in endings for pattern in self._having(word)}
        self._asked += 1
        if self._asked > OFTEN:
            return self._arrays.candidates(words, list(cut))
        needed, sums = self._needed, self._sums(words)
        found = {pattern for pattern, sum_ in sums.items() if sum_ >= needed[pattern]}
        needed = self._needed_when_cut
        found.update(pattern for pattern in cut if sums.get(pattern, 0) >= needed[pattern])
        return sorted(found)

    def _having(self, word: int) -> Sequence[int]:
        """Return all patterns that have a word."""
        start, _, end = self._place(word)
        return self._patterns[start:end]

    def _place(self, word: int) -> tuple[int, int, int]:
        """Return where a word's patterns begin, where those without a share begin, and where they end."""
        if not 0 <= word < len(self._light):
            return 0, 0, 0
        return self._begins[word], self._light[word], self._begins[word + 1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_arrays"} | {"_asked": 0}

    def _sums(self, words: Iterable[int]) -> Mapping[int, int]:
        sums: dict[int, int] = {}
        patterns, shares = self._patterns, self._shares
        for word in words:
            start, end, _ = self._place(word)
            for pattern, share in zip(patterns[start:end], shares[start:end], strict=True):
                sums[pattern] = sums.get(pattern, 0) + share
        return sums

    @cached_property
    def _arrays(self) -> Arrays:
        from intents.index_arrays import Arrays  # noqa: PLC0415 - numpy takes longer to import than a short text to match

        return Arrays(
            needed=self._needed,
            needed_when_cut=self._needed_when_cut,
            postings={
                word: (self._patterns[start:end], self._shares[start:end])
                for word in range(len(self._light))
                for start, _, end in (self._place(word),)
                if start < end
            },
        )


def _in_hundredths(weights: Mapping[int, float]) -> dict[int, int]:
    """Return word → its share of the weight, the heaviest first."""
    whole = sum(weights.values())
    heaviest = sorted(weights, key=lambda word: (-weights[word], word))
    return {word: min(_WHOLE, int(weights[word] / whole * _WHOLE) + 1) for word in heaviest}


def _lightest(shares: Mapping[int, int]) -> set[int]:
    """Return the words that are taken as found."""
    lightest = set(list(shares)[_MOST_WORDS:])
    found = sum(map(shares.__getitem__, lightest))
    for word in reversed(list(shares)[1:_MOST_WORDS]):
        found += shares[word]
        if found > _TAKEN_AS_FOUND:
            break
        lightest.add(word)
    return lightest
