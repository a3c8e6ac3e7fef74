"""Parse validation errors of the API server into field, type, value and rule.

A refusal reads `Pod "web-0" is invalid: spec.x: Invalid value: "V": the rule`, or `… is invalid: [first, second]`. It
reaches us inside events of controllers ("create Pod web-0 in StatefulSet web failed error: …"). The wording is that of
apimachinery's field.Error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import re2

# An event usually holds 1 KiB, the errors of a big template a few; the rest of a longer message is ignored.
LONGEST: Final = 16_384


class FieldErrorType(StrEnum):
    """Types of field errors, in the words of the API server."""

    NOT_FOUND = "Not found"
    REQUIRED = "Required value"
    DUPLICATE = "Duplicate value"
    INVALID = "Invalid value"
    UNSUPPORTED = "Unsupported value"
    FORBIDDEN = "Forbidden"
    TOO_LONG = "Too long"
    TOO_MANY = "Too many"
    INTERNAL = "Internal error"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field error. `value` is "" for types without one; a struct or a list stays the JSON it was printed as."""

    kind: str
    name: str
    field: str
    type: FieldErrorType
    value: str = ""
    rule: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Return what the repetitions of an error have in common."""
        return self.field, str(self.type), self.value


# These types never print the value: the rule follows, whatever it looks like.
_WITHOUT_VALUE: Final = frozenset({FieldErrorType.REQUIRED, FieldErrorType.FORBIDDEN, FieldErrorType.INTERNAL})
_PATH: Final = r'[A-Za-z_][^\s:\[\],"]*(?:\[[^\]\s]*\][^\s:\[\],"]*)*'
_TYPES: Final = "|".join(FieldErrorType)
_SUBJECT: Final = re2.compile(r'([A-Z][A-Za-z]*)(?:\.[a-z0-9.-]+)? "([^"]*)" is invalid: ')
_HEAD: Final = re2.compile(rf"({_PATH}): ({_TYPES})(?:[:,\]]|$)")
_NEXT: Final = re2.compile(rf", {_PATH}: (?:{_TYPES})(?:[:,\]]|$)")
_QUOTED: Final = re2.compile(r'(?s)"(?:[^"\\]|\\.)*["\\]?')
_QUOTED_OR_BRACKET: Final = re2.compile(rf"{_QUOTED.pattern}|[][(){{}}]")
_PAIRS: Final = {"{": "}", "[": "]", "(": ")"}


def parse(message: str) -> tuple[FieldError, ...]:
    """Return the field errors of a message in their order; empty for other messages. A cut-off end is left out."""
    message = message[:LONGEST]
    subject = _SUBJECT.search(message)
    if subject is None:
        return ()
    return tuple(_errors(message[subject.end() :].rstrip(), kind=subject.group(1), name=subject.group(2)))


def _errors(text: str, *, kind: str, name: str) -> Iterator[FieldError]:
    several = text.startswith("[")
    position = 1 if several else 0
    while (head := _HEAD.match(text, position)) is not None:
        type_ = FieldErrorType(head.group(2))
        after = head.end(2)
        value = ""
        if type_ not in _WITHOUT_VALUE and text.startswith(": ", after):
            value, after = _value(text, after + 2)
        following = _NEXT.search(text, after) if several else None
        end = following.start() if following else len(text)
        rule = text[after:end].removeprefix(": ")
        if several and following is None:
            rule = rule.removesuffix("]")
        yield FieldError(kind=kind, name=name, field=head.group(1), type=type_, value=value, rule=rule.strip())
        if following is None:
            return
        position = end + 2


def _value(text: str, start: int) -> tuple[str, int]:
    """Return the value that begins at `start`, and its end; ("", start) where a rule follows instead of a value."""
    if text.startswith('"', start):
        end = _quoted_end(text, start)
        return _unquoted(text[start:end]), end
    colon, comma = text.find(": ", start), text.find(", ", start)
    first = text[start : start + 1]
    if first in _PAIRS:
        end = _bracketed_end(text, start)
        return text[start:end], end
    end = min((place for place in (colon, comma) if place >= 0), default=len(text.rstrip("]")))
    word = text[start:end]
    # A number, true, null or a Go name in front of a struct; a rule in words has blanks.
    return (word, end) if word and " " not in word else ("", start - 2)


def _quoted_end(text: str, start: int) -> int:
    found = _QUOTED.match(text, start)
    return int(found.end()) if found else len(text)


def _bracketed_end(text: str, start: int) -> int:
    depth = 0
    for found in _QUOTED_OR_BRACKET.finditer(text, start):
        depth += (found[0] in _PAIRS) - (found[0] in _PAIRS.values())
        if depth == 0:
            return int(found.end())
    return len(text)


def _unquoted(quoted: str) -> str:
    """Return a Go-quoted string without quotes; escapes that JSON does not know (\\x, \\a, \\v) stay as written."""
    try:
        value = json.loads(quoted, strict=False)
    except ValueError:
        return quoted.strip('"')
    return value if isinstance(value, str) else quoted
