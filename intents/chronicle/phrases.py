"""Tables of phrases: how a row is written, compiled and looked for.

A row is a regular expression of what is said before and behind a word of a kind, and `<kind>` where that word stands:
`(?:i|we) (?:won't|will not) <base>`. The word lists are long and the rows many, so that a row does not contain the
list: where the words of a kind stand in a clause is found once, and the row says what must lead up to one of them from
the beginning of the clause, and what must follow. `…<runs>` at the end asks for such a word anywhere further on,
`<runs>…` at the beginning for one anywhere in the clause; `<runs|fault>` is a word of either kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Where the words of a kind begin and end in a text, in order, and which group of the pattern each fits ("": none).
Spans = tuple[tuple[int, int, str], ...]
Words = Callable[[str], Spans]
# Clauses are asked for one after another, each of many kinds by many rows.
_REMEMBERED: Final = 8

# What may stand in front of a statement without changing it, up to four times.
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


def words(pattern: str, holds: Callable[[str, int], bool] | None = None) -> Words:
    """A kind of words by a pattern, wherever one begins; if `holds` is given, where it does so at the word's end."""
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


def either(*kinds: Words) -> Words:
    """The words of several kinds."""

    @lru_cache(maxsize=_REMEMBERED)
    def spans(text: str) -> Spans:
        return tuple(sorted({span for kind in kinds for span in kind(text)}))

    return spans


@lru_cache(maxsize=_REMEMBERED)
def _begins(text: str) -> tuple[int, ...]:
    """Where a statement may begin: at once, or behind what stands in front of it."""
    at = [0]
    while len(at) <= _MOST_OPENERS and (opener := _ONE_OPENER.match(text, at[-1])):
        at.append(opener.end())
    return tuple(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One row. `opened` where it may stand behind an opening; `within`, `word` and `behind` may be None."""

    head: re.Pattern[str]
    opened: bool
    within: Words | None
    word: Words | None
    tail: re.Pattern[str]
    behind: Words | None

    def end_in(self, text: str) -> int | None:
        """Where it ends in a text that says so."""
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


def first_end(rows: Iterable[Phrase], text: str) -> int | None:
    """Where the first of the rows ends that a text says."""
    return next((end for row in rows if (end := row.end_in(text)) is not None), None)


def phrases(rows: Iterable[str], kinds: Mapping[str, Words]) -> tuple[Phrase, ...]:
    """Rows as phrases. Each begins with the text or behind an opening; one that starts with "^" only with the text."""
    return tuple(_phrase(row, kinds) for row in rows)


def _phrase(row: str, kinds: Mapping[str, Words]) -> Phrase:
    parts = _ROW.fullmatch(row)
    assert parts is not None

    def kind(name: str | None) -> Words | None:
        if name is None:
            return None
        return kinds[name] if "|" not in name else either(*(kinds[each] for each in name.split("|")))

    return Phrase(
        head=re.compile(parts["head"]),
        opened=not parts["head"].startswith("^"),
        within=kind(parts["within"]),
        word=kind(parts["word"]),
        tail=re.compile(parts["tail"] or ""),
        behind=kind(parts["behind"]),
    )
