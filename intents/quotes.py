"""Compare lines of a text with what a cluster says: which objects hold the same message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from intents.domain import ObjectRef, Text

# A shorter message, or a shorter part of one, stands in other texts by chance.
SHORTEST_MESSAGE: Final = 16
_SHORTEST_PART: Final = 24
_QUOTES: Final = re.compile(r"[\"'`“”‘’\\]|\s+")
_VARIES: Final = re.compile(r"\(s\)|[0-9][0-9a-f]*|[\"'`“”‘’\\]|\s+")
# People's own words before a pasted line, and a colon. A command, or a path, before a colon is of the message.
_OWN_WORDS: Final = re.compile(r"^[\w ,.’'-]+[:：]\s*(?=\S)")
# What may follow a message in a line: the end, or that of a field.
_ENDS: Final = re.compile(r"[\s.]*(?:$|[,}\])])")
_SENTENCE: Final = re.compile(r"(?<=[a-z)}])\.\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A message that the cluster holds about an object: an event, a condition, a container's state, a line of a log."""

    subject: ObjectRef
    source: Text
    text: str
    at: datetime | None = None


@lru_cache(maxsize=8192)
def exactly(text: str) -> str:
    """Return a line as it is compared word for word: without quotes, capitals and superfluous spaces."""
    return " ".join(_QUOTES.sub(" ", text.lower()).split())


@lru_cache(maxsize=8192)
def without_varying(text: str) -> str:
    """Return a line without what varies between two objects that say the same: numbers and hashes."""
    return " ".join(_VARIES.sub(" ", text.lower()).split())


def speakers(lines: Iterable[str], statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """Return the statements that have most in common with a line of a text: with the same values if there are any.

    The scheduler's line about a taint is that of the pod that lacks this toleration, not of every pending pod whose
    line ends in the same words.
    """
    for form in (exactly, without_varying):
        plain = dict.fromkeys(form(part) for line in lines for part in parts(line))
        wanted = [part for part in plain if len(part) >= SHORTEST_MESSAGE]
        common = [max((_common(form(one.text), line) for line in wanted), default=0) for one in statements]
        if most := max(common, default=0):
            return tuple(one for one, length in zip(statements, common, strict=True) if length == most)
    return ()


def parts(line: str) -> Iterator[str]:
    """Yield a line, what follows people's own words, and the first sentence of each.

    What the scheduler says of preemption changes with each try.
    """
    for number, part in enumerate((line, _OWN_WORDS.sub("", line))):
        if number == 0 or len(part) >= _SHORTEST_PART:
            yield part
            yield _SENTENCE.split(part, maxsplit=1)[0]


def _common(message: str, line: str) -> int:
    """Return the length of a message that a line ends in, or of a line that a message has in it; else 0."""
    if len(message) >= SHORTEST_MESSAGE and (at := line.find(message)) >= 0 and _ENDS.match(line, at + len(message)):
        return len(message)
    return len(line) if _SHORTEST_PART <= len(line) <= len(message) and line in message else 0


def is_said(line: str, statements: Iterable[str]) -> bool:
    """Tell whether a line of a text, without what varies, is one of the statements, which are without it already."""
    return any(_common(one, without_varying(part)) for part in parts(line) for one in statements)


def names(message: str, name: str) -> bool:
    """Tell whether a message contains a name as a word."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", message) is not None
