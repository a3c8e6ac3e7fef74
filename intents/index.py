"""Which patterns a few words could be an occurrence of: an inverted index that adds up weights, for all at once.

Of each pattern a share of its weight must be there, or it could not score. A posting list is an integer with a byte for
each pattern: the share of the pattern's weight that the word has, in hundredths, rounded up. Adding the integers of a
line's words adds up all shares; adding what is missing to 128 in each byte then sets the highest bit where the share is
reached. Patterns stand in blocks, so that a word that few patterns have touches little. Nothing that could match is
lost, and only what passes costs anything more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = 16384  # patterns to an integer
_WHOLE: Final = 100  # hundredths
_REACHED: Final = 0x80
# A byte holds all hundredths, what is missing to `_REACHED`, and one more for the rounding of each of so many words.
_MOST_WORDS: Final = 255 - _WHOLE - _REACHED + 1


@dataclass(frozen=True, slots=True)
class Demand:
    """What an occurrence of a pattern has at least: a share of the pattern's weight."""

    weights: Mapping[int, float]  # of the pattern's words, by their numbers
    share: float
    share_when_cut: float  # where the text may be cut behind it


class Index:
    """Built once; patterns are numbered in the order of their demands."""

    def __init__(self, demands: Iterable[Demand]) -> None:
        postings: defaultdict[int, defaultdict[int, bytearray]] = defaultdict(lambda: defaultdict(bytearray))
        missing = {cut: defaultdict[int, bytearray](bytearray) for cut in (False, True)}
        for number, demand in enumerate(demands):
            block, place = divmod(number, _BLOCK)
            shares, left_out = _in_hundredths(demand.weights)
            for word, share in shares.items():
                _put(postings[word][block], place, share)
            for cut, least in ((False, demand.share), (True, demand.share_when_cut)):
                needed = max(1, int(least * _WHOLE) - left_out)
                _put(missing[cut][block], place, _REACHED - needed)
        self._postings = {
            word: tuple((block, int.from_bytes(lanes, "little")) for block, lanes in sorted(blocks.items()))
            for word, blocks in postings.items()
        }
        self._missing = {
            cut: {block: int.from_bytes(lanes, "little") for block, lanes in blocks.items()}
            for cut, blocks in missing.items()
        }
        self._reached = int.from_bytes(bytes([_REACHED]) * _BLOCK, "little")
        self._any = int.from_bytes(bytes([_REACHED - 1]) * _BLOCK, "little")

    def candidates(self, words: Iterable[int], *, endings: Iterable[int] = ()) -> Iterator[int]:
        """The numbers of the patterns of which these words have the share that is demanded, in ascending order.

        `endings` are the words with which a text that may be cut ends: patterns that have one may be cut there.
        """
        sums: dict[int, int] = {}
        for word in words:
            for block, shares in self._postings.get(word, ()):
                sums[block] = sums.get(block, 0) + shares
        ending: dict[int, int] = {}
        for word in endings:
            for block, shares in self._postings.get(word, ()):
                ending[block] = ending.get(block, 0) | (shares + self._any)
        for block in sorted(sums):
            reached = (sums[block] + self._missing[False][block]) & self._reached
            if block in ending:
                reached |= (sums[block] + self._missing[True][block]) & ending[block] & self._reached
            if reached:
                yield from _places(reached, block * _BLOCK)


def _in_hundredths(weights: Mapping[int, float]) -> tuple[dict[int, int], int]:
    """(word → its share of the weight, the share of the lightest words, which are left out of a very long pattern)"""
    whole = sum(weights.values())
    heaviest = sorted(weights, key=lambda word: (-weights[word], word))
    shares = {word: min(_WHOLE, int(weights[word] / whole * _WHOLE) + 1) for word in heaviest}
    left_out = sum(shares.pop(word) for word in heaviest[_MOST_WORDS:])
    return shares, left_out


def _put(lanes: bytearray, place: int, value: int) -> None:
    lanes.extend(bytes(max(0, place + 1 - len(lanes))))
    lanes[place] = value


def _places(reached: int, offset: int) -> Iterator[int]:
    lanes = reached.to_bytes((reached.bit_length() + 7) // 8, "little")
    place = lanes.find(_REACHED)
    while place >= 0:
        yield offset + place
        place = lanes.find(_REACHED, place + 1)
