"""Map the words of a text to words of the signatures: the same, misspelt, written apart or together."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import islice
from typing import Final, NamedTuple

from intents.patterns import Pattern
from intents.tokens import Token, tokens_of, words_of

# Spelling is corrected for words of this length: shorter ones differ too easily, longer ones are identifiers.
_SPELT_FROM: Final = 5
_SPELT_TO: Final = 24
_JOINED_FROM: Final = 3
# So many different unknown words of a text are corrected: a text with more is a log, and logs have no typing errors.
MOST_CORRECTED: Final = 200
UNKNOWN: Final = -1
# A cut word counts if so many of its letters are left.
BROKEN_FROM: Final = 3
_LAST_LETTERS: Final = re.compile(r"[A-Za-z0-9]{1,40}\Z")
_LAST_WORD: Final = re.compile(r"([A-Za-z0-9]{1,40})[^A-Za-z0-9\u3400-\u9fff]{0,20}\Z")
_FIRST_LETTERS: Final = re.compile(r"[A-Za-z0-9]{1,40}")
# The value of a misspelt word.
SPELLING: Final = 0.85


class Read(NamedTuple):
    """A word of a text as a word of the signatures: its number (or UNKNOWN), its value from 0 to 1, and its place."""

    word: int
    worth: float
    start: int
    end: int


class Lexicon:
    """The words of all signatures, numbered, with the ways to write them."""

    def __init__(self, patterns: Iterable[Pattern], ordinary: Set[str]) -> None:
        patterns = tuple(patterns)
        self._numbers: dict[str, int] = {}
        for pattern in patterns:
            for word in pattern.words:
                self._numbers.setdefault(word, len(self._numbers))
        self._sorted = sorted(self._numbers)
        # Words that are not corrected.
        self._settled = ordinary | self._numbers.keys()
        self._apart = self._written_apart()
        self._together = self._written_together(patterns)
        self._settled -= self._together.keys()
        self._alike = self._by_look()

    def number(self, word: str) -> int:
        """Return the number of a word; UNKNOWN if no signature has it."""
        return self._numbers.get(word, UNKNOWN)

    def known(self, line: str, corrections: dict[str, int]) -> set[int]:
        """Return the numbers of a line's words in no order: quicker than `read`, and at least its words."""
        words = set(words_of(line))
        numbers = self._numbers
        found = {numbers[word] for word in words if word in numbers}
        for word in self._apart.keys() & words:
            for second, joined in self._apart[word]:
                if second in words:
                    found.add(joined)
        for word in words - self._settled:
            if word in self._together:
                found.update(self._parts(word))
            elif (number := self.corrected(word, corrections)) != UNKNOWN:
                found.add(number)
        return found

    def read(self, line: str, corrections: dict[str, int]) -> list[Read]:
        """Return the words of a line in order."""
        tokens = tokens_of(line)
        out: list[Read] = []
        for token, after in zip(tokens, [*tokens[1:], None], strict=False):
            joined = self._joined(token, after)
            if joined != UNKNOWN and after is not None:
                # Both readings are kept: the signature decides which one fits.
                out.append(Read(self.number(token.word), 1.0, token.start, token.end))
                out.append(Read(joined, 1.0, token.start, after.end))
            elif (number := self.number(token.word)) != UNKNOWN:
                out.append(Read(number, 1.0, token.start, token.end))
            elif token.word in self._together:
                out.extend(Read(part, 1.0, token.start, token.end) for part in self._parts(token.word))
            else:
                out.append(Read(self.corrected(token.word, corrections), SPELLING, token.start, token.end))
        return out

    def broken(self, line: str, following: str) -> int:
        """Return the word that the last letters of a line and the first of the next make; UNKNOWN if they make none."""
        end, start = _LAST_LETTERS.search(line), _FIRST_LETTERS.match(following)
        return self.number((end.group() + start.group()).lower()) if end and start else UNKNOWN

    def endings(self, line: str) -> frozenset[int]:
        """Return the words that the last word of a cut line may be: itself, or one that begins with it. Not Chinese."""
        last = _LAST_WORD.search(line)
        if last is None:
            return frozenset()
        word = last.group(1).lower()
        found = {self._numbers[word]} if word in self._numbers else set()
        if len(word) >= BROKEN_FROM:
            for whole in islice(self._sorted, bisect_left(self._sorted, word), None):
                if not whole.startswith(word):
                    break
                found.add(self._numbers[whole])
        return frozenset(found)

    def corrected(self, word: str, corrections: dict[str, int]) -> int:
        """Return the one word that differs by a letter; UNKNOWN for known words, identifiers and ambiguous ones."""
        if (number := corrections.get(word)) is not None:
            return number
        if len(corrections) >= MOST_CORRECTED:
            return UNKNOWN
        number = UNKNOWN
        if _SPELT_FROM <= len(word) <= _SPELT_TO and word.isalpha() and word.isascii() and word not in self._settled:
            number = self._nearest(word)
        corrections[word] = number
        return number

    def _nearest(self, word: str) -> int:
        from rapidfuzz.distance import OSA  # noqa: PLC0415 - only for a word that is not known
        from rapidfuzz.process import extract  # noqa: PLC0415 - as above

        # The first letter is seldom wrong; with another one it is mostly another word (please, lease).
        near: set[str] = set()
        for length in (len(word) - 1, len(word), len(word) + 1):
            if alike := self._alike.get((word[0], length)):
                near.update(each[0] for each in extract(word, alike, scorer=OSA.distance, score_cutoff=1, limit=None))
        if len(word) == _SPELT_FROM:
            # A word that is too short to be corrected itself counts too.
            shorter = (word[:index] + word[index + 1 :] for index in range(1, len(word)))
            near.update(each for each in shorter if each in self._numbers)
        return self._numbers[near.pop()] if len(near) == 1 else UNKNOWN

    def _by_look(self) -> Mapping[tuple[str, int], Sequence[str]]:
        """Return first letter and length → the words that others are corrected to."""
        found: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for word in self._numbers:
            if _SPELT_FROM <= len(word) <= _SPELT_TO and word.isalpha() and word.isascii():
                found[word[0], len(word)].append(word)
        return dict(found)

    def _written_apart(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """Return first word → (second word, number of their compound): leader election → leaderelection."""
        found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for word, number in self._numbers.items():
            for cut in range(_JOINED_FROM, len(word) - _JOINED_FROM + 1):
                first, second = word[:cut], word[cut:]
                if first in self._settled and second in self._settled:
                    found[first].append((second, number))
        return {first: tuple(seconds) for first, seconds in found.items()}

    def _written_together(self, patterns: Iterable[Pattern]) -> dict[str, int]:
        """Return compound → its parts as one number: thousands of pairs would take four times the memory."""
        return {
            first + second: self._numbers[first] * len(self._numbers) + self._numbers[second]
            for pattern in patterns
            for first, second in pattern.adjacent()
            if min(len(first), len(second)) >= _JOINED_FROM and first + second not in self._numbers
        }

    def _parts(self, compound: str) -> tuple[int, int]:
        return divmod(self._together[compound], len(self._numbers))

    def _joined(self, token: Token, after: Token | None) -> int:
        if after is None or token.word not in self._apart:
            return UNKNOWN
        return next((number for second, number in self._apart[token.word] if second == after.word), UNKNOWN)
