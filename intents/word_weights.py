"""Weigh the words of signatures: inverse document frequency in nats, over the background and the catalog."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set
from math import log
from typing import Final

from intents.background import ordinary_lines
from intents.tokens import words_of

# All entries together count as at most this many documents, whatever the size of the catalog: otherwise every word of a
# large catalog would look rare, and of a small one common.
_CATALOG_COUNTS: Final = 60.0
# A single character (a unit, a plural s) says next to nothing.
_SHORT_WORD: Final = 0.4


class WordWeights:
    """The weights of words, from the words of each catalog entry and of the background."""

    def __init__(self, documents: Iterable[Set[str]]) -> None:
        background = [set(words_of(line)) for line in ordinary_lines()]
        in_catalog: Counter[str] = Counter()
        entries = 0
        for words in documents:
            entries += 1
            in_catalog.update(words)
        self._ordinary: Counter[str] = Counter(word for words in background for word in words)
        self._in_catalog = in_catalog
        self._scale = min(1.0, _CATALOG_COUNTS / entries) if entries else 0.0
        self._documents = len(background) + entries * self._scale

    def weight(self, word: str) -> float:
        """Return -log of the smoothed share of documents that have the word, with a lower limit."""
        # The entry itself is one of the documents: a word that only it has is as rare as can be.
        elsewhere = max(0.0, self._in_catalog[word] - 1) * self._scale
        weight = log((self._documents + 1) / (self._ordinary[word] + elsewhere + 0.7))
        return max(weight, 0.1) * (_SHORT_WORD if len(word) == 1 and word.isascii() else 1.0)

    @property
    def ordinary(self) -> Set[str]:
        """Return the words of the background: none of them counts as a misspelling."""
        return frozenset(self._ordinary)
