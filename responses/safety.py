"""Make every string safe on its way out: to a terminal, into JSON, into a log.

Untrusted text comes from pastes, from the cluster and from errors. It may carry credentials, and characters that a
terminal obeys or that hide text from the reader: escape sequences, bidirectional overrides, invisible characters.
`SafeText` and `SafeDiagnosis` mark what has passed, so the type checker finds a path that was missed.

`safe` and `safe_value` prepare what people read. `redacted_text` and `redacted_value` remove credentials only: every
store, job and Slack call passes its values through them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final, NewType, TypeVar, cast

import re2

from intents.domain import EMPTY, Diagnosis
from intents.languages import one_line
from responses.redaction import REDACTED, holds_secret, redact
from responses.redaction.buffer import LatePattern, closed, opened

# A quote is a line, not a whole log.
LONGEST_TEXT: Final = 4_000
# The rest of a longer string is dropped unread; this bounds the cost of redaction.
_LONGEST_INPUT: Final = 1 << 20
# Deeper than any of our types; only untrusted values (args, log fields) can be deeper.
_DEEPEST: Final = 12
# A plan contains parts of Kubernetes objects.
_DEEPEST_STORED: Final = 64
_SHORT: Final = 64

# The keys of an entry in a container's environment, and the keys of a Secret that hold data.
_ENVIRONMENT: Final = frozenset({"name", "value"})
_SECRET_DATA: Final = frozenset({"data", "stringData"})

SafeText = NewType("SafeText", str)
SafeDiagnosis = NewType("SafeDiagnosis", Diagnosis)
T = TypeVar("T")

_ESCAPE_SEQUENCE: Final = LatePattern(
    # CSI (colours, cursor); OSC, DCS and similar with their text, if terminated; any two-character sequence.
    r"(?:\x1b\[|\x{9b})[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x{90}\x{98}\x{9d}\x{9e}\x{9f}])[^\x07\x1b\x{9c}\n]*(?:\x07|\x1b\\|\x{9c})"
    r"|\x1b[ -/]*[0-~]?"
)
# A mark that stands where a sequence expects its last letter.
_BEFORE_MARK: Final = LatePattern(rf"(?:(?:\x1b\[|\x{{9b}})[0-?]*[ -/]*|\x1b[ -/]*)({re2.escape(REDACTED)})")
_CONTROL: Final = LatePattern(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
    # Bidirectional marks, overrides and isolates; zero-width and other invisible characters; tags; odd line ends.
    r"|[\x{ad}\x{61c}\x{180e}\x{200b}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}]"
    r"|[\x{e0000}-\x{e007f}]"
)
_LINE_BREAK: Final = LatePattern(r"\r\n?|[\x{2028}\x{2029}\x{85}]")


def safe(text: str, *, limit: int = LONGEST_TEXT) -> SafeText:
    """Return `text` without credentials, escape sequences and invisible characters, cut to `limit` characters.

    Line feeds and tabs stay. The characters left out at the end are counted. Idempotent, linear in the text.
    """
    shown = _redacted(text[:_LONGEST_INPUT])
    return SafeText(_cut(shown, dropped=max(0, len(text) - _LONGEST_INPUT), limit=limit))


def safe_line(text: str, *, limit: int = LONGEST_TEXT) -> SafeText:
    """Return what `safe` returns on one line, with a sign for each line break."""
    return SafeText(one_line(safe(text, limit=limit)))


def without_controls(text: str) -> str:
    """Return `text` without escape sequences, control, bidirectional and invisible characters; LF ends lines."""
    # The usual case: none of the characters removed below is printable for Python.
    if text.isprintable():
        return text
    return str(_CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", _with_line_ends(text))))


def _with_line_ends(text: str) -> str:
    return str(_LINE_BREAK.sub("\n", text.encode("utf-8", "replace").decode()))


def _redacted(text: str) -> str:
    """Return `text` without credentials, and then without controls."""
    shown = redact(text)
    if shown.isprintable():
        return shown
    # What the controls held apart is one text now.
    return redact(without_controls(str(_BEFORE_MARK.sub(r"\1", shown))))


def _cut(text: str, *, dropped: int, limit: int) -> str:
    if len(text) <= limit and not dropped:
        return text
    # 32 characters are enough for the count, so a text that was cut is never cut again.
    kept = text[: max(0, limit - 32)].rstrip()
    return f"{kept}… (+{len(text) - len(kept) + dropped} characters)"[:limit]


def scrubbed(diagnosis: Diagnosis) -> SafeDiagnosis:
    """Return the diagnosis as it may be shown: every string in it has passed `safe`."""
    return SafeDiagnosis(safe_value(diagnosis))


def safe_value(value: T) -> T:
    """Return `value` with every string in it made safe: through dataclasses, mappings, lists and tuples.

    The value of a key that names a secret is redacted whatever it looks like. So are secrets by their place in a
    Kubernetes object: an environment entry by its name, an argument after its flag, the data of a Secret. Enums,
    numbers and times are returned as they are.
    """
    return cast(T, _SHOWN.walk(value, 0))


def redacted_text(text: str) -> str:
    """Return `text` without credentials, and otherwise unchanged: not cut, with its line ends and controls.

    Idempotent, linear in the text.
    """
    shown = redact(text)
    # Characters that cannot be written hide nothing.
    return text if shown == closed(opened(text)) else shown


def redacted_name(text: str) -> str:
    """Return what `redacted_text` returns; keys, kinds, ids and names are the same in most values."""
    return _redacted_short(text) if len(text) <= _SHORT else redacted_text(text)


@lru_cache(maxsize=4096)
def _redacted_short(text: str) -> str:
    return redacted_text(text)


def redacted_value(
    value: T, *, own: frozenset[str] = frozenset(), unread: Mapping[str, Callable[[str], bool]] = EMPTY
) -> T:
    """Return `value` without credentials, and otherwise unchanged, found by the same rules as by `safe_value`.

    The names of `own` keys say nothing about their values: they are fields of our types. The string under a key of
    `unread` is kept if its function allows that.
    """
    return cast(T, _Walk(text=redacted_name, deepest=_DEEPEST_STORED, own=own, unread=unread).walk(value, 0))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """Walks through a value and makes its strings safe with `text`."""

    text: Callable[[str], str]
    deepest: int
    own: frozenset[str] = frozenset()
    unread: Mapping[str, Callable[[str], bool]] = dataclasses.field(default_factory=lambda: EMPTY)

    def walk(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, Enum | bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        if depth > self.deepest:
            return safe(repr(value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            walked = {name: self.walk(item, depth + 1) for name, item in fields.items()}
            return dataclasses.replace(value, **walked) if walked != fields else value
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple):
            flags = (None, *value)
            walked_items = [self._behind(flag, item, depth) for flag, item in zip(flags, value, strict=False)]
            return tuple(walked_items) if isinstance(value, tuple) else walked_items
        return value

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        walked: dict[str, Any] = {
            self.text(str(key)): self._entry(str(key), item, depth) for key, item in value.items()
        }
        if set(value) <= _ENVIRONMENT and isinstance(value.get("name"), str) and isinstance(value.get("value"), str):
            walked["value"] = self._entry(value["name"], value["value"], depth)
        if value.get("kind") == "Secret":
            for block in _SECRET_DATA & set(value):
                data = value[block] if isinstance(value[block], Mapping) else {}
                walked[block] = {self.text(str(key)): SafeText(REDACTED) for key in data}
        return walked

    def _entry(self, key: str, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            if key in self.unread and self.unread[key](value):
                return value
            if key not in self.own and holds_secret(key, value):
                return SafeText(REDACTED)
        return self.walk(value, depth + 1)

    def _behind(self, flag: Any, value: Any, depth: int) -> Any:
        """Walk an element of a list; the one before it may be a flag, as in ["--password", "…"]."""
        if isinstance(flag, str) and isinstance(value, str) and flag.startswith("-") and not value.startswith("-"):
            return self._entry(flag.lstrip("-"), value, depth)
        return self.walk(value, depth + 1)


_SHOWN: Final = _Walk(text=safe, deepest=_DEEPEST)
