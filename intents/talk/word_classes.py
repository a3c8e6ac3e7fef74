"""Look up the classes of English words and phrases, as lists of them in data name them.

In a list, a word that ends with `*` stands for all words that begin so; a phrase is words between single spaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

_ANY_ENDING: Final = "*"


class WordClasses:
    """Classes of words and of phrases; a word or phrase may have several. Immutable."""

    def __init__(self, classes: Mapping[str, Iterable[str]]) -> None:
        self._words: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name, entries in classes.items():
            for entry in entries:
                words = tuple(entry.split())
                if len(words) > 1:
                    self._phrases.setdefault(words[0], []).append((words, name))
                elif entry.endswith(_ANY_ENDING):
                    self._stems.setdefault(entry.removesuffix(_ANY_ENDING), []).append(name)
                else:
                    self._words.setdefault(entry, []).append(name)
        self.of_word = lru_cache(maxsize=1 << 14)(self._of_word)

    def _of_word(self, word: str) -> tuple[str, ...]:
        """Return the classes of a word, each once."""
        stems = (self._stems.get(word[:end], ()) for end in range(1, len(word) + 1))
        return tuple(dict.fromkeys((*self.exactly(word), *(name for names in stems for name in names))))

    def exactly(self, word: str) -> Sequence[str]:
        """Return the classes that list this very word."""
        return self._words.get(word, ())

    def phrases_at(self, tokens: Sequence[str], at: int) -> Iterator[tuple[int, str]]:
        """Yield the length and the class of each phrase that begins at a token."""
        for phrase, name in self._phrases.get(tokens[at], ()):
            there = tokens[at : at + len(phrase)]
            if len(there) == len(phrase) and all(map(_fits, there, phrase)):
                yield len(phrase), name


def _fits(token: str, word: str) -> bool:
    return token == word or (word.endswith(_ANY_ENDING) and token.startswith(word.removesuffix(_ANY_ENDING)))


def listed(entries: str) -> list[str]:
    """Return the entries of a list in data, which commas separate."""
    return [entry for each in entries.split(",") if (entry := each.strip())]
