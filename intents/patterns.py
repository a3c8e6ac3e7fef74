"""Compile a phrase of a signature: its words with their weights, and the placeholders between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

import re2

from intents.kinds import NAMED
from intents.named_objects import NAME
from intents.tokens import tokens_of, words_of

PLACEHOLDER: Final = re.compile(r"<([a-z_][a-z0-9_]*)>")
SKIP: Final = "_"

# Placeholders that capture the name of an object.
NAMES: Final = frozenset({"container", *(kind.word for kind in NAMED)})
# The shape of a captured text, by the placeholder's name; other placeholders take any text.
_SHAPES: Final = {
    **dict.fromkeys(NAMES, NAME),
    "image": r"[A-Za-z0-9][A-Za-z0-9._:@/-]*",
    "field": r"[A-Za-z][\w.\[\]*/-]*",
    "api": r"[a-z0-9.-]+/v\w+",
    "verb": r"[a-z]+",
    "api_group": r"[a-z0-9.-]*",
    "scope": r"[a-z]+",
    "url": r"https?://[^\s\"'<>]+",
    "code": r"[A-Za-z0-9_-]+",
    "number": r"\d+",
    "count": r"\d+",
    "port": r"\d+",
    "address": r"[A-Za-z0-9.:\[\]-]+",
    "host": r"[A-Za-z0-9.:-]+",
    "resource": r"[a-z][a-z0-9./-]*",
    "duration": r"(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+",
    "minutes": r"(?:\d+h)?(?:\d+m)(?:\d+(?:\.\d+)?s)?|\d+h(?:\d+(?:\.\d+)?s)?",
    # At least 100m of CPU and 100Mi of memory, or 300Mi.
    "heavy_use": r"\d{3,}m\s+(?:\d{3,}Mi|\d+Gi)|\d+m\s+(?:\d{4,}|[3-9]\d\d)Mi",
}
# A text that does not have the shape of these placeholders is no match.
_STRICT: Final = frozenset({"minutes", "heavy_use"})
_ANYTHING: Final = r".+?"
_SPACES: Final = re.compile(r"\s+")
_LONGEST: Final = 1000
# Quotes, brackets and spaces around a captured text are not a part of it.
_AROUND: Final = " \t\"'`()[]{}<>,;:=\\"


class Hole(NamedTuple):
    """The placeholders between two words of a phrase, and the expression that captures their values."""

    names: tuple[str, ...]
    expression: str  # over the whole text between the two words
    strict: bool

    def read(self, text: str) -> dict[str, str] | None:
        """Return the captured texts by name; None if a strict placeholder does not fit."""
        text = text.strip()[:_LONGEST]
        match = _compiled(self.expression).fullmatch(text)
        if match is not None:
            return {name: value for name, value in match.groupdict().items() if value and value.strip(_AROUND)}
        if self.strict:
            return None
        # The text differs slightly from the signature: a single name is still unambiguous.
        name, value = self.names[0], text.strip(_AROUND)
        return {name: value} if len(self.names) == 1 and name != SKIP and value and _fits(name, value) else {}

    def takes_all(self, text: str, *, last: bool) -> bool:
        """Return whether a text is a value for each placeholder and nothing else; free text at the end is one value."""
        free = last and self.names[-1] not in _SHAPES
        fits = _compiled(self.expression).fullmatch(text.strip()[:_LONGEST]) is not None
        return fits and (free or len(text.split()) <= len(self.names))


class Pattern(NamedTuple):
    """One phrase of a signature. `holes[j]` is before word j; the last one is after the last word."""

    text: str
    words: tuple[str, ...]
    holes: tuple[Hole | None, ...]
    weights: tuple[float, ...]
    total: float

    def adjacent(self) -> list[tuple[str, str]]:
        """Return the pairs of neighbouring words without a placeholder between them."""
        return [pair for pair, hole in zip(pairwise(self.words), self.holes[1:], strict=False) if hole is None]


def pattern_of(phrase: str, weight: Callable[[str], float]) -> Pattern:
    """Compile a phrase. Raise ValueError for one of placeholders alone, which would match everything."""
    words: list[str] = []
    before: list[str] = []  # the text before word j, placeholders included
    pending = ""
    position = 0
    for match in PLACEHOLDER.finditer(phrase):
        pending = _append(phrase[position : match.start()], pending, words, before) + match.group()
        position = match.end()
    before.append(_append(phrase[position:], pending, words, before))
    if not words:
        raise ValueError(f"signature {phrase!r} has no words")
    weights = tuple(weight(word) for word in words)
    last = len(words)
    holes = tuple(_hole(text, first=index == 0, last=index == last) for index, text in enumerate(before))
    return Pattern(phrase, tuple(words), holes, weights, sum(weights))


def phrase_words(phrase: str) -> list[str]:
    """Return the words of a phrase without its placeholders."""
    return words_of(PLACEHOLDER.sub(" ", phrase))


def _append(literal: str, pending: str, words: list[str], before: list[str]) -> str:
    """Append the words of a literal; return the text after its last word."""
    own = tokens_of(literal)
    if not own:
        return pending + literal
    words.extend(token.word for token in own)
    before.append(pending + literal[: own[0].start])
    before.extend([""] * (len(own) - 1))
    return literal[own[-1].end :]


def _hole(between: str, *, first: bool, last: bool) -> Hole | None:
    names = tuple(PLACEHOLDER.findall(between))
    if not names:
        return None
    parts = PLACEHOLDER.split(between)
    expression = []
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if index % 2 == 0:
            expression.append(_loose(part))
        elif part == SKIP or part in seen:
            expression.append(f"(?:{_ANYTHING})")
        else:
            seen.add(part)
            expression.append(f"(?P<{part}>{_SHAPES.get(part, _ANYTHING)})")
    body = "".join(expression)
    if first:
        # The text may have other words before the phrase. A name does not begin within a word with dashes or dots.
        before = r"[^\w.-]" if names[0] in NAMES else r"[\s\W]"
        whole = f"(?:.*?{before})?{body}"
    elif last and names[-1] != SKIP and names[-1] not in _SHAPES and not parts[-1]:
        # Free text at the end of the phrase captures all that follows.
        whole = body.replace(f"(?P<{names[-1]}>{_ANYTHING})", f"(?P<{names[-1]}>.+)")
    elif last:
        whole = f"{body}(?:[^\\w/:@.-].*|[.:](?:\\s.*)?)?"
    else:
        whole = body
    return Hole(names, whole, any(name in _STRICT for name in names))


@cache
def _compiled(expression: str) -> Any:
    """Compile an expression on first use: a text needs only a few of thousands."""
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    return re2.compile(expression, options)


def _loose(literal: str) -> str:
    """Return an expression for a literal: quotes optional, spaces free, other punctuation as written."""
    out = []
    for char in _SPACES.sub(" ", literal):
        if char == " ":
            out.append(r"\s*")
        elif char in "\"'`":
            out.append(r"[\"'`]*")
        else:
            out.append(re2.escape(char))
    return r"[\"'`\s]*" + "".join(out) + r"[\"'`\s]*"


def _fits(name: str, value: str) -> bool:
    shape = _SHAPES.get(name)
    return shape is None or re2.fullmatch(shape, value) is not None
