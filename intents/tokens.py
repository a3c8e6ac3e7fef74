"""Split lines into words: lower-cased, identifiers split at punctuation, Chinese as pairs of characters.

Signatures, texts and the background are all split here, so that their words can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

# `node(s)` is a word of its own, different from `nodes`: programs write the one, people the other.
_WORD: Final = re.compile(r"[a-z0-9]+(?:'t|\(s\))?|[\u3400-\u9fff\uf900-\ufaff]+")
_FIRST_CJK: Final = "\u3400"


class Token(NamedTuple):
    """A word and its place in the line, as string indexes."""

    word: str
    start: int
    end: int


def words_of(line: str) -> list[str]:
    """Return the words of a line in order."""
    found: list[str] = _WORD.findall(_lowered(line))
    if line.isascii():
        return found
    return [word for run in found for word in _pairs(run)]


def tokens_of(line: str) -> list[Token]:
    """Return the words of a line in order, with their places."""
    return list(_tokens(line))


def _tokens(line: str) -> Iterator[Token]:
    for match in _WORD.finditer(_lowered(line)):
        run, start = match.group(), match.start()
        if run[0] < _FIRST_CJK or len(run) <= 2:
            yield Token(run, start, match.end())
            continue
        for index, pair in enumerate(_pairs(run)):
            yield Token(pair, start + index, start + index + 2)


def _pairs(run: str) -> list[str]:
    if run[0] < _FIRST_CJK or len(run) <= 2:
        return [run]
    return [run[index : index + 2] for index in range(len(run) - 1)]


def _lowered(line: str) -> str:
    """Return the line in lower case with the same number of characters, so that places stay valid."""
    lowered = line.lower()
    if len(lowered) == len(line):
        return lowered
    return "".join(small if len(small := char.lower()) == 1 else char for char in line)
