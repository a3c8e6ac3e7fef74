"""Compile and match tables of phrases.

A row is a regular expression for the text before and after a word of a kind, with `<kind>` in place of the word:
`(?:i|we) (?:won't|will not) <base>`. Word lists are long and rows many, so a row does not contain the list: the words
of a kind are located once per clause, and the row is matched around them. `…<runs>` at the end requires such a word
anywhere later, `<runs>…` at the beginning one anywhere in the clause; `<runs|fault>` is a word of either kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Start, end and matching group ("": none) of each word of a kind in a text, in order.
Spans = tuple[tuple[int, int, str], ...]
WordFinder = Callable[[str], Spans]
# Clauses are processed one after another, each by many rows and kinds.
_REMEMBERED: Final = 8

# Words that may precede a statement without changing it, up to four times.
_OPENER: Final = (
    r"(?:ok(?:ay)?|alright|right|so|and|then|fyi|hey|hi|all|team|folks|everyone|(?:quick |status )?update|status"
    r"|yes|yep|yeah|sure|cool|great|now|also|heads up|good news|bad news|just|currently|actually|finally|quick one|@\w+"
    r"|well|nvm)\b[\s:,.!-]*"
)
_MOST_OPENERS: Final = 4
OPENING: Final = rf"(?:{_OPENER}){{0,{_MOST_OPENERS}}}"
_ONE_OPENER: Final = re.compile(_OPENER)
_ROW: Final = re.compile(
    r"(?:<(?P<within>[a-z|]+)>…)?(?P<head>.*?)(?:<(?P<word>[a-z]+)>(?P<tail>.*?))?(?:…<(?P<behind>[a-z|]+)>)?"
)


def words(pattern: str, holds: Callable[[str, int], bool] | None = None) -> WordFinder:
    """Return a finder for a pattern's words; with `holds`, only for words at whose end it returns True."""
    compiled = re.compile(pattern)

    @lru_cache(maxsize=_REMEMBERED)
    def spans(text: str) -> Spans:
        found: list[tuple[int, int, str]] = []
        at = 0
        while hit := compiled.search(text, at):
            if holds is None or holds(text, hit.end()):
                found.append((*hit.span(), hit.lastgroup or ""))
            at = hit.start() + 1
        return tuple(found)

    return spans


def either(*kinds: WordFinder) -> WordFinder:
    """Return a finder for the words of several kinds."""

    @lru_cache(maxsize=_REMEMBERED)
    def spans(text: str) -> Spans:
        return tuple(sorted({span for kind in kinds for span in kind(text)}))

    return spans


@lru_cache(maxsize=_REMEMBERED)
def _begins(text: str) -> tuple[int, ...]:
    """Return the positions where a statement may begin: at once, or after opening words."""
    at = [0]
    while len(at) <= _MOST_OPENERS and (opener := _ONE_OPENER.match(text, at[-1])):
        at.append(opener.end())
    return tuple(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseRow:
    """One compiled row. `opened`: opening words may precede it; `within`, `word` and `behind` may be None."""

    head: re.Pattern[str]
    opened: bool
    within: WordFinder | None
    word: WordFinder | None
    tail: re.Pattern[str]
    behind: WordFinder | None

    def end_in(self, text: str) -> int | None:
        """Return the end of the match in a text, or None."""
        for begin in _begins(text) if self.opened else (0,):
            found = self.head.match(text, begin)
            if found is None or (self.within is not None and not self.within(text)):
                continue
            if self.word is not None:
                end = self._end_of_word(text, begin)
            else:
                end = found.end() if self._goes_on(text, found.end()) else None
            if end is not None:
                return end
        return None

    def _end_of_word(self, text: str, begin: int) -> int | None:
        assert self.word is not None
        for start, end, _ in self.word(text):
            if start < begin or self.head.fullmatch(text, begin, start) is None:
                continue
            rest = self.tail.match(text, end)
            if rest is not None and self._goes_on(text, rest.end()):
                return rest.end()
        return None

    def _goes_on(self, text: str, end: int) -> bool:
        return self.behind is None or any(start >= end for start, *_ in self.behind(text))


def first_end(rows: Iterable[PhraseRow], text: str) -> int | None:
    """Return the end of the first matching row, or None."""
    return next((end for row in rows if (end := row.end_in(text)) is not None), None)


def phrases(rows: Iterable[str], kinds: Mapping[str, WordFinder]) -> tuple[PhraseRow, ...]:
    """Compile rows. A row matches at the beginning or after opening words; one that starts with "^" only at the
    beginning.
    """
    return tuple(_phrase(row, kinds) for row in rows)


def _phrase(row: str, kinds: Mapping[str, WordFinder]) -> PhraseRow:
    parts = _ROW.fullmatch(row)
    assert parts is not None

    def kind(name: str | None) -> WordFinder | None:
        if name is None:
            return None
        return kinds[name] if "|" not in name else either(*(kinds[each] for each in name.split("|")))

    return PhraseRow(
        head=re.compile(parts["head"]),
        opened=not parts["head"].startswith("^"),
        within=kind(parts["within"]),
        word=kind(parts["word"]),
        tail=re.compile(parts["tail"] or ""),
        behind=kind(parts["behind"]),
    )
