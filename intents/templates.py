"""Sentences of the catalog with names to fill in: `{row.message}`, `{row.free_mem:bytes}`, `{named.pod|the pod}`.

A placeholder is a dotted path, an optional format after a colon, an optional fallback after a bar. Doubled braces are
literal. A name that is not known renders as its fallback, else as `<name>`: a reader sees that something is to be
filled in, and never a sentence that pretends.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_PATH: Final = re.compile(r"^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$")

# A joined list names at most so many values; the rest is counted.
LISTED: Final = 3


class TemplateError(ValueError):
    """A template that cannot be read: unbalanced braces, an unknown format, a path that is no path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    path: tuple[str, ...]
    format: str = ""
    fallback: str | None = None


Part = str | Placeholder


def duration(value: Any) -> str:
    """Seconds as an on-call engineer says them: 45s, 12m, 3h5m, 4d."""
    seconds = int(float(value))
    if seconds < 120:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 120:
        return f"{minutes}m"
    if hours < 48:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    return f"{days}d"


def bytes_(value: Any) -> str:
    """Bytes in the binary units of Kubernetes manifests."""
    amount = float(value)
    for unit in ("", "Ki", "Mi", "Gi", "Ti"):
        if abs(amount) < 1024 or unit == "Ti":
            return f"{amount:.0f}{unit}" if amount == int(amount) or unit in ("", "Ki", "Mi") else f"{amount:.1f}{unit}"
        amount /= 1024
    raise AssertionError


def cpu(value: Any) -> str:
    """Milli-CPU as in manifests: 250m, 2, 1.5."""
    milli = int(value)
    return f"{milli}m" if abs(milli) < 1000 else f"{milli / 1000:g}"


def seconds(value: Any) -> str:
    """A latency in seconds: 31 ms, 950 ms, 1.3 s."""
    amount = float(value)
    return f"{amount * 1000:.3g} ms" if abs(amount) < 0.9995 else f"{amount:.3g} s"


def count(value: Any) -> str:
    """A number of things, of which there are no halves."""
    return f"{float(value):.0f}"


FORMATS: Final[Mapping[str, Callable[[Any], str]]] = {
    "duration": duration,
    "seconds": seconds,
    "count": count,
    "bytes": bytes_,
    "cpu": cpu,
}


@lru_cache(maxsize=4096)
def parse(template: str) -> tuple[Part, ...]:
    """Split a template into literal strings and placeholders.

    Raises TemplateError naming the part that cannot be read.
    """
    parts: list[Part] = []
    position = 0
    for found in _PLACEHOLDER.finditer(template):
        literal = template[position : found.start()]
        _refuse_stray_braces(literal, template)
        parts.append(literal)
        position = found.end()
        parts.append(found.group()[0] if found.group(1) is None else _placeholder(found.group(1), template))
    _refuse_stray_braces(template[position:], template)
    parts.append(template[position:])
    return tuple(part for part in parts if part != "")


def _refuse_stray_braces(literal: str, template: str) -> None:
    if "{" in literal or "}" in literal:
        raise TemplateError(f"unbalanced brace in {template!r}: write {{{{ or }}}} for a literal one")


def _placeholder(body: str, template: str) -> Placeholder:
    named, bar, fallback = body.partition("|")
    path, _, format_ = named.partition(":")
    if not _PATH.match(path):
        raise TemplateError(f"{{{body}}} in {template!r} is not a path like row.name")
    if format_ and format_ not in FORMATS:
        raise TemplateError(f"{{{body}}} in {template!r}: unknown format {format_!r}, known are {', '.join(FORMATS)}")
    return Placeholder(path=tuple(path.split(".")), format=format_, fallback=fallback if bar else None)


def placeholders(template: str) -> Iterator[Placeholder]:
    """The placeholders of a template, in order. Raises TemplateError."""
    return (part for part in parse(template) if isinstance(part, Placeholder))


def render(template: str, context: Mapping[str, Any]) -> str:
    """Fill a template from nested mappings. Raises TemplateError for one that cannot be read."""
    return "".join(part if isinstance(part, str) else _fill(part, context) for part in parse(template))


def render_command(template: str, context: Mapping[str, Any]) -> str:
    """Fill a shell command that people copy: every value is quoted, since it may come from pasted text."""
    return "".join(
        part if isinstance(part, str) else _fill(part, context, quote=shlex.quote) for part in parse(template)
    )


def known(template: str, context: Mapping[str, Any]) -> bool:
    """Whether every placeholder without a fallback has a value."""
    return all(part.fallback is not None or _look_up(part.path, context) is not None for part in placeholders(template))


def show(value: Any, format_: str = "") -> str:
    """One value as the reader sees it; a list is joined, at most three are named."""
    if isinstance(value, list | tuple):
        shown = [show(item, format_) for item in dict.fromkeys(value)]
        more = f" +{len(shown) - LISTED}" if len(shown) > LISTED else ""
        return ", ".join(shown[:LISTED]) + more
    if format_:
        return FORMATS[format_](value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _fill(placeholder: Placeholder, context: Mapping[str, Any], *, quote: Callable[[str], str] = str) -> str:
    value = _look_up(placeholder.path, context)
    if value is None:
        return placeholder.fallback if placeholder.fallback is not None else f"<{placeholder.path[-1]}>"
    return quote(show(value, placeholder.format))


def _look_up(path: tuple[str, ...], context: Mapping[str, Any]) -> Any:
    """The value at a path; None where it is missing or empty."""
    value: Any = context
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return None if value in ("", (), []) else value
