"""Prepare the lines of one text for matching: their words, and which lines may be one message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final, NamedTuple

from intents.alignment import Alignment, Window
from intents.domain import Symptom
from intents.lexicon import UNKNOWN, Lexicon, Read

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
