"""Align a pattern with the words of a few lines: its words in order, as close together as they should be.

An alignment is the chain of shared words with the most weight, less the cost of other words between them. This is
seed chaining, as sequence aligners do it. It explains itself: these words matched, those are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from intents.domain import Symptom
from intents.lexicon import BROKEN_FROM, UNKNOWN, Lexicon, Read
from intents.patterns import Hole, Pattern
from intents.tokens import words_of

# The limit of shared words; of more, the lightest are dropped. The work of an alignment is at most its square.
MOST_PAIRS: Final = 96
# So many words in place of a placeholder cost nothing; each further one costs a little.
_FREE_WORDS: Final = 14
_WORD_COST: Final = 0.15
# The cost of a word between two words that are adjacent in the signature, in nats.
_GAP_COST: Final = 0.8
# A missing word costs its weight, and this share of it more where the text has other words in its place: that is a
# similar message, while a shortened message has nothing there.
_REPLACED: Final = 0.6
# The same before the first and after the last shared word: a line may have other words there anyway.
_OTHERWISE: Final = 0.25
_FARTHEST: Final = 60
_FARTHEST_GAP: Final = 14
# The value of a word that the end of a line cuts.
_BROKEN: Final = 0.7
# The largest error of a sum of weights.
EXACT: Final = 1e-9
# The columns before the message of an event, as `kubectl describe` and `kubectl get events` print them.
_EVENT: Final = re.compile(
    r"^\s*(?:\d\w*\s+)?(?:Normal|Warning)\s+[A-Z]\w*\s+(?:\d\w*\s+(?:\(x\d+ over \w+\)\s+)?)?[\w./-]+\s+"
)


@dataclass(frozen=True, slots=True)
class Window:
    """Lines joined to one text, and its words. `breaks` are the indexes of the reads that begin a line."""

    text: str
    reads: Sequence[Read]
    breaks: tuple[int, ...] = ()
    may_be_cut: bool = False  # whether the text may continue after the last line


@dataclass(frozen=True, slots=True)
class Alignment:
    """An occurrence of a pattern: (index of the read, index of the pattern's word) in order; weights in nats."""

    chain: tuple[tuple[int, int], ...]
    gained: float
    cost: float
    captures: Mapping[str, str]
    cut: bool  # whether the text ends, or has an ellipsis, before the pattern ends
    whole: bool  # whether the pattern is all that its lines say

    @property
    def information(self) -> float:
        """Return the weight of the matched words less all costs, in nats."""
        return max(0.0, self.gained - self.cost)


def align(pattern: Pattern, numbers: Sequence[int], window: Window) -> Alignment | None:
    """Return the best occurrence of a pattern, whose words have these numbers, in a window, or None."""
    pairs = _pairs(pattern, numbers, window)
    if not pairs:
        return None
    chain, gained, net = _best_chain(pairs, pattern)
    captures = _captures(pattern, window, chain)
    if captures is None:
        return None
    last_read, last_word = chain[-1]
    ends = (window.may_be_cut and last_read == len(window.reads) - 1) or _elided(window, last_read)
    contradicted = _OTHERWISE * sum(pattern.weights[: chain[0][1]]) if chain[0][0] not in (0, *window.breaks) else 0.0
    contradicted += 0.0 if ends else _OTHERWISE * sum(pattern.weights[last_word + 1 :])
    return Alignment(
        chain=tuple(chain),
        gained=gained,
        cost=gained - net + contradicted,
        captures=captures,
        cut=ends and last_word < len(numbers) - 1,
        whole=gained > pattern.total - EXACT and _is_all(pattern, window, chain),
    )


def _is_all(pattern: Pattern, window: Window, chain: Sequence[tuple[int, int]]) -> bool:
    """Tell whether the lines of a full chain say nothing beside its words and the values of its holes."""
    places = [window.reads[at] for at, _ in chain]
    begins = (window.reads[start].start for start in window.breaks if start < len(window.reads))
    edges = (0, *begins, len(window.text) + 1)
    before = window.text[max(edge for edge in edges if edge <= places[0].start) : places[0].start]
    after = window.text[places[-1].end : min(edge for edge in edges if edge > places[-1].end) - 1]
    inner = zip(pairwise(places), pattern.holes[1:-1], strict=True)
    return (
        all(hole or not words_of(window.text[left.end : right.start]) for (left, right), hole in inner)
        and _fills(pattern.holes[0], _EVENT.sub("", before))
        and _fills(pattern.holes[-1], after, last=True)
    )


def _fills(hole: Hole | None, text: str, *, last: bool = False) -> bool:
    """Return whether a text at the edge of a pattern is what its hole captures, or no word where it has no hole."""
    return hole.takes_all(text, last=last) if hole else not words_of(text)


def _elided(window: Window, read: int) -> bool:
    """Return whether an ellipsis follows a word."""
    end = window.reads[read].end
    return window.text[end : end + 4].lstrip(" ").startswith(("...", "…"))


def _pairs(pattern: Pattern, numbers: Sequence[int], window: Window) -> list[tuple[int, int, float]]:
    """Return (read, word of the pattern, weight) for every shared word, in the order of the text."""
    where: dict[int, list[int]] = {}
    for index, number in enumerate(numbers):
        where.setdefault(number, []).append(index)
    pairs = [
        (at, index, pattern.weights[index] * read.worth)
        for at, read in enumerate(window.reads)
        if read.word in where
        for index in where[read.word]
    ]
    for end in (*(start - 1 for start in window.breaks), len(window.reads) - 1):
        pairs += _broken_word(pattern, window, end)
    if len(pairs) > MOST_PAIRS:
        pairs = sorted(pairs, key=lambda pair: -pair[2])[:MOST_PAIRS]
    return sorted(pairs)


def _broken_word(pattern: Pattern, window: Window, end: int) -> list[tuple[int, int, float]]:
    """Return pairs for the words of the pattern that begin with the last, cut word of a line."""
    if end < 0 or window.reads[end].word != UNKNOWN:
        return []
    read = window.reads[end]
    written = window.text[read.start : read.end].lower()
    if len(written) < BROKEN_FROM:
        return []
    return [
        (end, index, pattern.weights[index] * _BROKEN)
        for index, word in enumerate(pattern.words)
        if len(word) > len(written) and word.startswith(written)
    ]


def _best_chain(pairs: list[tuple[int, int, float]], pattern: Pattern) -> tuple[list[tuple[int, int]], float, float]:
    """Return (chain, weight gained, the same less the cost of words between)."""
    holes = list(accumulate((hole is not None for hole in pattern.holes), initial=0))
    weights = list(accumulate(pattern.weights, initial=0.0))
    best = [weight for _, _, weight in pairs]
    back = [-1] * len(pairs)
    for here, (at, index, weight) in enumerate(pairs):
        for before in range(here - 1, -1, -1):
            at_before, index_before, _ = pairs[before]
            between = at - at_before - 1
            if between > _FARTHEST:
                break
            if between < 0 or index_before >= index:
                continue
            holes_between = holes[index + 1] - holes[index_before + 1]
            if holes_between:
                cost = max(0, between - _FREE_WORDS * holes_between) * _WORD_COST
            elif between > _FARTHEST_GAP:
                continue
            else:
                cost = between * _GAP_COST
            if between and index - index_before > 1:
                cost += _REPLACED * (weights[index] - weights[index_before + 1])
            if (sum_ := best[before] + weight - cost) > best[here]:
                best[here], back[here] = sum_, before
    end = max(range(len(pairs)), key=lambda here: (best[here], -pairs[here][0]))
    net = best[end]
    chain = []
    gained = 0.0
    while end >= 0:
        at, index, weight = pairs[end]
        chain.append((at, index))
        gained += weight
        end = back[end]
    chain.reverse()
    return chain, gained, net


def _end_of_line(window: Window, read: int) -> int:
    """Return where the line of a word ends in the text."""
    following = next((start for start in window.breaks if start > read), len(window.reads))
    return window.reads[following].start - 1 if following < len(window.reads) else len(window.text)


def _captures(pattern: Pattern, window: Window, chain: list[tuple[int, int]]) -> dict[str, str] | None:
    """Return what the placeholders capture; None if a strict one does not fit."""
    captures: dict[str, str] = {}
    place = {index: window.reads[at] for at, index in chain}
    last = len(pattern.words)
    for index, hole in enumerate(pattern.holes):
        if hole is None:
            continue
        left = 0 if index == 0 else place[index - 1].end if index - 1 in place else None
        right = len(window.text) if index == last else place[index].start if index in place else None
        if index == 0 and right is not None:
            left = max(0, right - 300)
        if index == last and left is not None:
            right = min(_end_of_line(window, chain[-1][0]), left + 500)
        read = hole.read(window.text[left:right]) if left is not None and right is not None and left <= right else None
        if read is None:
            if hole.strict:
                return None
            continue
        for name, value in read.items():
            captures.setdefault(name, value)
    return captures


# A terminal wraps a message into at most so many lines, none of them short; people and YAML break after these endings.
MOST_JOINED: Final = 3
_BROKEN_FROM: Final = 40
_GOES_ON: Final = (":", ",", "=", "(", ">-", "|", "\\")
# Shorter lines were not cut at a column.
_CUT_FROM: Final = 40
QUOTED: Final = 400


@dataclass(frozen=True, slots=True)
class Joined:
    """Lines that may be one message. `starts` holds (place in the text, index of the symptom) of each."""

    window: Window
    words: tuple[int, ...]
    starts: tuple[tuple[int, int], ...]

    def places(self, alignment: Alignment) -> Iterator[tuple[int, int]]:
        """Yield (index of a symptom, place in its text) of every matched word."""
        for at, _ in alignment.chain:
            place = self.window.reads[at].start
            offset, line = self._start_of(place)
            yield line, place - offset

    def quote(self, alignment: Alignment) -> tuple[int, str]:
        """Return (index of the symptom where it begins, its lines from there on, shortened).

        The beginning of the lines is kept unless the match stands too far behind it.
        """
        first = self.window.reads[alignment.chain[0][0]].start
        last = self.window.reads[alignment.chain[-1][0]].end
        begin, line = self._start_of(first)
        end = next((offset - 1 for offset, _ in self.starts if offset > last), len(self.window.text))
        if end - begin > QUOTED:
            if last - begin >= QUOTED:
                begin = max(begin, first - max(0, QUOTED - (last - first)) // 2)
            end = min(end, begin + QUOTED)
        return line, self.window.text[begin:end].strip()

    def _start_of(self, place: int) -> tuple[int, int]:
        return next(start for start in reversed(self.starts) if start[0] <= place)


class Message(NamedTuple):
    """A line with those that may continue it: the signature words of all, and the last of them."""

    words: Set[int]
    last: int


class Lines:
    """The symptoms of one text.

    `known` holds the signature words of each, in no order; `messages` those of the message that may begin there.
    """

    __slots__ = (
        "_around", "_corrections", "_joined", "_lexicon", "_longest", "_reads", "alignments", "enough", "known",
        "messages", "symptoms",
    )  # fmt: skip

    def __init__(self, symptoms: Sequence[Symptom], lexicon: Lexicon) -> None:
        self.symptoms = symptoms
        self.alignments = 0  # done on them so far
        # Filled by the search: whether a line has enough words of a phrase for it to begin there.
        self.enough: dict[tuple[int, tuple[int, ...]], bool] = {}
        self._lexicon = lexicon
        self._corrections: dict[str, int] = {}
        self.known = [lexicon.known(symptom.text, self._corrections) for symptom in symptoms]
        self.messages = [self._message(line) for line in range(len(symptoms))]
        self._longest = max((len(symptom.text) for symptom in symptoms), default=0)
        self._around: dict[tuple[int, int], Set[int]] = {}
        self._reads: dict[int, list[Read]] = {}
        self._joined: dict[int, Joined] = {}

    def words_around(self, line: int, *, apart: int) -> Set[int]:
        """Return the words of the messages that begin at most so many lines apart."""
        if not apart:
            return self.messages[line].words
        found = self._around.get((line, apart))
        if found is None:
            around = self.messages[max(line - apart, 0) : line + apart + 1]
            found = self._around[line, apart] = set[int]().union(*(message.words for message in around))
        return found

    def _message(self, line: int) -> Message:
        words: Set[int] = self.known[line]
        last = line
        for other in self.continued(line):
            words = words | self.known[other] | {self.broken_before(other)}
            last = other
        return Message(words, last)

    def may_be_cut(self, line: int) -> bool:
        """Return whether the text may be cut in this line: it is the last one, or as long as the longest."""
        text = self.symptoms[line].text
        last = line == len(self.symptoms) - 1
        return last or text.endswith(("...", "…")) or (len(text) >= _CUT_FROM and len(text) >= self._longest)

    def continued(self, line: int) -> Iterator[int]:
        """Yield the lines that may continue the one at `line`: next to it, and without a time of their own."""
        for other in range(line + 1, min(line + MOST_JOINED, len(self.symptoms))):
            before, after = self.symptoms[other - 1], self.symptoms[other]
            if after.line - before.line > 1 or after.dated:
                return
            if len(before.text) < _BROKEN_FROM and not before.text.endswith(_GOES_ON):
                return
            yield other

    def broken_before(self, line: int) -> int:
        """Return the word that the line break before a line split; UNKNOWN if it split none."""
        return self._lexicon.broken(self.symptoms[line - 1].text, self.symptoms[line].text)

    def joined(self, line: int) -> Joined:
        """Return the line joined with those that may continue it."""
        if line not in self._joined:
            self._joined[line] = self._join(line)
        return self._joined[line]

    def _join(self, line: int) -> Joined:
        text = self.symptoms[line].text
        reads = list(self._read(line))
        breaks: list[int] = []
        starts = [(0, line)]
        for other in self.continued(line):
            if reads and (broken := self.broken_before(other)) != UNKNOWN:
                reads[-1] = reads[-1]._replace(word=broken, worth=1.0)
            breaks.append(len(reads))
            offset = len(text) + 1
            starts.append((offset, other))
            text = f"{text} {self.symptoms[other].text}"
            reads += [read._replace(start=read.start + offset, end=read.end + offset) for read in self._read(other)]
        window = Window(text, reads, tuple(breaks), self.may_be_cut(starts[-1][1]))
        return Joined(window, tuple(read.word for read in reads), tuple(starts))

    def _read(self, line: int) -> list[Read]:
        if line not in self._reads:
            self._reads[line] = self._lexicon.read(self.symptoms[line].text, self._corrections)
        return self._reads[line]
