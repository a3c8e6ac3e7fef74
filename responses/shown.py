"""Make text from outside fit to stand on a line of ours: the step between `safe` and a surface.

`safe` removes what harms wherever a string goes, and keeps its lines: JSON and the store take that. A reader sees only
what has passed here: one line without our symbols. `ShownDiagnosis` marks it, so the type checker finds a path that was
missed. What a surface reads as markup is escaped by the surface.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final, NewType, TypeVar, cast

from intents.domain import Diagnosis, Text
from intents.languages import neutral, without_symbols
from responses.safety import LONGEST_TEXT, SafeDiagnosis, SafeText, safe_line

ShownDiagnosis = NewType("ShownDiagnosis", Diagnosis)
T = TypeVar("T")

_BETWEEN_WORDS: Final = (" ", "。", "，", "；", "：")
# Commands to copy: a changed command is another command. Values within are on one line already.
_COMMANDS: Final = frozenset({"run", "reproduce"})


def shown_line(text: str, *, limit: int = LONGEST_TEXT) -> SafeText:
    """Return the text safe, on one line with visible breaks, without our symbols, cut to `limit` characters."""
    return SafeText(without_symbols(safe_line(text, limit=limit)))


def shown_text(text: Text) -> Text:
    """Return both languages of a text as `shown_line` does."""
    return Text(en=shown_line(text.en), zh=shown_line(text.zh))


def shown_lines(lines: Iterable[str]) -> list[str]:
    """Return lines of a code block, such as a diff: each stays one line and keeps its indentation."""
    return [without_symbols("⏎".join(line.splitlines())) for line in lines]


def shortened(text: str, *, most: int) -> str:
    """Return at most `most` characters of a text: its beginning up to a word, with an ellipsis if it was cut."""
    return text if len(text) <= most else f"{whole_words(text, most - 1)}…"


def whole_words(text: str, most: int) -> str:
    """Return the words of a text that are within its first characters; of one very long word its beginning."""
    kept = text[:most]
    if text[most : most + 1].strip() and (end := max(map(kept.rfind, _BETWEEN_WORDS))) >= most // 2:
        kept = kept[:end]
    return kept.rstrip()


def fitting(items: Iterable[T], most: int, *, size: Callable[[T], int], least: int = 0) -> list[T]:
    """Return the first items that are together at most so large, but at least so many."""
    kept: list[T] = []
    used = 0
    for item in items:
        used += size(item)
        if used > most and len(kept) >= least:
            break
        kept.append(item)
    return kept


def shown(diagnosis: SafeDiagnosis) -> ShownDiagnosis:
    """Return the diagnosis as a reader may see it: every string but a command is one line without our symbols."""
    return ShownDiagnosis(shown_value(cast(Diagnosis, diagnosis)))


def shown_value(value: T) -> T:
    """Return `value`, which has passed `safe_value`, with each string in it on one line without our symbols."""
    return cast(T, _walk(value))


def _walk(value: Any) -> Any:
    if value is None or isinstance(value, Enum | bool | int | float):
        return value
    if isinstance(value, str):
        return neutral(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        walked = {name: item if name in _COMMANDS else _walk(item) for name, item in fields.items()}
        changed = {name: item for name, item in walked.items() if item is not fields[name]}
        return dataclasses.replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        return {key: _walk(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_walk(item) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return tuple(items) if isinstance(value, tuple) else items
    return value
