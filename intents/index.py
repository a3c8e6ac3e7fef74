"""Select the patterns that a few words could be an occurrence of: an inverted index that adds up weights.

A pattern needs a share of its weight to score. A word's posting holds a byte for each pattern that has the word: the
word's share of the pattern's weight in hundredths, rounded up. Adding up the postings of a line's words therefore never
loses a pattern that could match.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from intents.index_arrays import Arrays

_WHOLE: Final = 100  # hundredths
# A byte holds 100 hundredths, plus one for the rounding of each of so many words.
_MOST_WORDS: Final = 255 - _WHOLE


@dataclass(frozen=True, slots=True)
class Demand:
    """The share of a pattern's weight that an occurrence has at least."""

    weights: Mapping[int, float]  # of the pattern's words, by their numbers
    share: float
    share_when_cut: float  # where the text may be cut after it


class Index:
    """Selects patterns by their words. Patterns are numbered in the order of their demands.

    The postings of all words are in two arrays, word by word: the patterns, and their shares.
    """

    def __init__(self, demands: Iterable[Demand]) -> None:
        patterns: defaultdict[int, list[int]] = defaultdict(list)
        shares: defaultdict[int, list[int]] = defaultdict(list)
        needed: list[int] = []
        needed_when_cut: list[int] = []
        for number, demand in enumerate(demands):
            each, left_out = _in_hundredths(demand.weights)
            for word, share in each.items():
                patterns[word].append(number)
                shares[word].append(share)
            needed.append(max(1, int(demand.share * _WHOLE) - left_out))
            needed_when_cut.append(max(1, int(demand.share_when_cut * _WHOLE) - left_out))
        self._needed = bytes(needed)
        self._needed_when_cut = bytes(needed_when_cut)
        self._patterns = array("I", chain.from_iterable(patterns.values()))
        self._shares = bytes(chain.from_iterable(shares.values()))
        self._places = dict(zip(patterns, pairwise(accumulate(map(len, patterns.values()), initial=0)), strict=True))

    def candidates(self, words: Iterable[int], *, endings: Iterable[int] = (), often: bool = False) -> Sequence[int]:
        """Return, in order, the numbers of the patterns of which these words have the demanded share.

        `endings` are the possible last words of a cut text: patterns that have one may be cut there. With `often`,
        numpy is used: its import pays off for a text of many lines.
        """
        if often:
            return self._arrays.candidates(words, endings)
        needed, sums = self._needed, self._sums(words)
        found = {pattern for pattern, sum_ in sums.items() if sum_ >= needed[pattern]}
        if endings:
            needed = self._needed_when_cut
            cut = self._sums(endings)
            found.update(pattern for pattern in cut if sums.get(pattern, 0) >= needed[pattern])
        return sorted(found)

    def __getstate__(self) -> dict[str, Any]:
        """Return plain values: unpickling then needs no class but this one."""
        state = {name: value for name, value in self.__dict__.items() if name != "_arrays"}
        return state | {"_patterns": self._patterns.tobytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"_patterns": array("I", state["_patterns"])})

    def _sums(self, words: Iterable[int]) -> Mapping[int, int]:
        sums: dict[int, int] = {}
        patterns, shares = self._patterns, self._shares
        for word in words:
            if place := self._places.get(word):
                start, end = place
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
                for word, (start, end) in self._places.items()
            },
        )


def _in_hundredths(weights: Mapping[int, float]) -> tuple[dict[int, int], int]:
    """Return (word → its share of the weight, the share of the lightest words, dropped from a very long pattern)."""
    whole = sum(weights.values())
    heaviest = sorted(weights, key=lambda word: (-weights[word], word))
    shares = {word: min(_WHOLE, int(weights[word] / whole * _WHOLE) + 1) for word in heaviest}
    left_out = sum(shares.pop(word) for word in heaviest[_MOST_WORDS:])
    return shares, left_out
