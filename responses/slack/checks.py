"""Build the checks that `shapes` is made of: each looks at one value and reports what is wrong with it.

Checks never raise, whatever the value is, and never stop at the first problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from responses.slack.message import length


@dataclass(slots=True, kw_only=True)
class Report:
    """The problems found in one payload, and the ids that must be unique in it."""

    problems: list[str] = field(default_factory=list)
    ids: set[tuple[str, str]] = field(default_factory=set)

    def add(self, path: str, says: str) -> None:
        """Add a problem at a path."""
        self.problems.append(f"{path}: {says}")


Check = Callable[[Report, str, Any], None]
_SHOWN: Final = 60
# `dict` first: a check for Mapping takes ten times as long.
OBJECT: Final = (dict, Mapping)


def shown(value: Any) -> str:
    """Return a value for use in a problem, cut since it may be anything."""
    text = repr(value) if isinstance(value, str | int | float | bool | type(None)) else type(value).__name__
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def string(most: int, *, least: int = 1, blank: bool = False) -> Check:
    """Check for a string of `least` to `most` characters; `blank` allows white space only."""

    def check(report: Report, path: str, value: Any) -> None:
        if not isinstance(value, str):
            report.add(path, f"must be a string, is {shown(value)}")
            return
        count = length(value)
        if count < least or (least and not blank and not value.strip()):
            report.add(path, "must not be empty")
        elif count > most:
            report.add(path, f"must be at most {most} characters, has {count}")
        if not is_encodable(value):
            report.add(path, "has half of a surrogate pair")

    return check


def is_encodable(text: str) -> bool:
    """Return whether UTF-8 can write the text."""
    try:
        # Cheap for ASCII, which most texts are.
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def identifier(key: str, most: int) -> Check:
    """Check for a string that occurs once in the payload."""
    inner = string(most)

    def check(report: Report, path: str, value: Any) -> None:
        inner(report, path, value)
        if isinstance(value, str):
            if (key, value) in report.ids:
                report.add(path, f"{key} {shown(value)} occurs twice")
            report.ids.add((key, value))

    return check


def url(most: int, *schemes: str) -> Check:
    """Check for an address with one of these schemes and without white space."""
    inner = string(most)

    def check(report: Report, path: str, value: Any) -> None:
        inner(report, path, value)
        if not isinstance(value, str):
            return
        scheme, colon, rest = value.partition(":")
        if not colon or scheme.lower() not in schemes or not rest.strip("/"):
            report.add(path, f"must be an address ({', '.join(schemes)}), is {shown(value)}")
        elif any(char.isspace() or char in "<>|" for char in value):
            report.add(path, "an address has no white space and no < > |")

    return check


def one_of(*values: Any) -> Check:
    """Check for one of these values."""

    def check(report: Report, path: str, value: Any) -> None:
        if not any(type(value) is type(one) and value == one for one in values):
            report.add(path, f"must be one of {', '.join(map(str, values))}, is {shown(value)}")

    return check


def boolean(report: Report, path: str, value: Any) -> None:
    """Check for true or false."""
    if not isinstance(value, bool):
        report.add(path, f"must be true or false, is {shown(value)}")


def integer(least: int, most: int) -> Check:
    """Check for a whole number in a range."""

    def check(report: Report, path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            report.add(path, f"must be a whole number from {least} to {most}, is {shown(value)}")

    return check


def many(each: Check, *, least: int = 1, most: int | None = None) -> Check:
    """Check for an array and each of its items."""

    def check(report: Report, path: str, value: Any) -> None:
        if not isinstance(value, list | tuple):
            report.add(path, f"must be an array, is {shown(value)}")
            return
        if len(value) < least:
            report.add(path, f"must have at least {least} items, has {len(value)}")
        if most is not None and len(value) > most:
            report.add(path, f"must have at most {most} items, has {len(value)}")
        for index, item in enumerate(value):
            each(report, f"{path}[{index}]", item)

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Check for an object with these keys and no others."""
    known = {**required, **(optional or {})}

    def check(report: Report, path: str, value: Any) -> None:
        if not isinstance(value, OBJECT):
            report.add(path, f"must be an object, is {shown(value)}")
            return
        for key in required:
            if key not in value:
                report.add(path, f"lacks {key}")
        for key, item in value.items():
            if key in known:
                known[key](report, f"{path}.{key}", item)
            else:
                report.add(path, f"has an unknown key {shown(key)}")

    return check


def by_type(shapes: Mapping[str, Check], what: str) -> Check:
    """Check for an object whose `type` selects its shape; the shapes do not mention `type`."""

    def check(report: Report, path: str, value: Any) -> None:
        if not isinstance(value, OBJECT):
            report.add(path, f"must be an object, is {shown(value)}")
            return
        kind = value.get("type")
        shape = shapes.get(kind) if isinstance(kind, str) else None
        if shape is None:
            report.add(path, f"{shown(kind)} is not a valid {what} here ({', '.join(sorted(shapes))})")
            return
        shape(report, path, {key: item for key, item in value.items() if key != "type"})

    return check


def also(*checks: Check) -> Check:
    """Apply several checks: the shape of a value and the rules between its keys."""

    def check(report: Report, path: str, value: Any) -> None:
        for one in checks:
            one(report, path, value)

    return check


def rule(says: str, holds: Callable[[Mapping[str, Any]], bool]) -> Check:
    """Check a rule between the keys of an object; another check reports what is not an object."""

    def check(report: Report, path: str, value: Any) -> None:
        if isinstance(value, OBJECT) and not holds(value):
            report.add(path, says)

    return check


def values_of(items: Any, key: str) -> Iterable[Any]:
    """Yield the values under a key of the objects in an array, whatever `items` really is."""
    if isinstance(items, list | tuple):
        for item in items:
            if isinstance(item, OBJECT) and key in item:
                yield item[key]
