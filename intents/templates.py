"""Fill the templates of the catalog: `{row.message}`, `{row.free_mem:bytes}`, `{named.pod|the pod}`.

A placeholder is a dotted path, an optional format after a colon, an optional clause after a question mark, and an
optional fallback after a bar. Doubled braces are literal. The clause is the words around the value, which its star
stands for: `{row.closest?; the closest is *}` is nothing where nothing is close. An unknown name renders as its
fallback, else as `<name>`, so that the reader sees what is missing.

A sentence quotes the free text filled into it: a cluster's or a person's words never read as ours. It begins with a
capital letter, but a value that it begins with stays as it is. With an empty fallback, as in `({row.details|})`, a
missing value is left out with the space, the colon or the parentheses around it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from intents.languages import Text, in_sentence, quotable, quoted

_NOUNS: Final = (
    "answer", "claim", "container", "endpoint", "event", "finding", "job", "message", "minute", "node", "object", "pod",
    "replica", "restart", "time", "volume",
)  # fmt: skip
_VERBS: Final[Mapping[str, str]] = {"are": "is", "have": "has", "were": "was", "run": "runs", "admit": "admits"}
_PLURAL: Final = re.compile(rf"( (?:{'|'.join(_NOUNS)}))s\b(?: ({'|'.join(_VERBS)})\b)?")


def after_one(words: str) -> str:
    """Return the words that follow the number 1, which begin with a space: " pods run" as " pod runs"."""
    found = _PLURAL.match(words)
    if found is None:
        return words
    noun, verb = found.groups()
    return noun + (f" {_VERBS[verb]}" if verb else "") + words[found.end() :]


def counted(count: int, words: str) -> str:
    """Return a number and the words that follow it: 1 pod is ready, 2 pods are ready."""
    return f"{count}{after_one(f' {words}') if count == 1 else f' {words}'}"


_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_PATH: Final = re.compile(r"^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$")

# The last part of a path that holds what a cluster says in words, not a name or a number.
_FREE_TEXT: Final = re.compile(r"(?:^|_)(?:message|line|problem|cause|why|because)$")
# A template that puts a value in quotation marks itself.
_OPENED: Final = ("“", "‘", '"', "'", "`")
_LEFT_OUT: Final = "\0"
_AROUND_LEFT_OUT: Final = re.compile(r"\s*[(（]\0[)）]|(?:\s*[:：,，;；、])?\s*\0(?=$|[\s.,:;。，：；)）])|\0\s*")
# Names of programs that are written so at the beginning of a sentence too.
_LOWER_CASE: Final = frozenset({"containerd", "etcd", "kubeadm", "kubectl", "runc", "systemd"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

# A joined list shows at most so many values; the others are counted.
LISTED: Final = 3


class TemplateError(ValueError):
    """A malformed template: unbalanced braces, an unknown format, an invalid path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A name to be filled in, with its format, the words before and after its value, and its fallback."""

    path: tuple[str, ...]
    format: str = ""
    before: str = ""
    after: str = ""
    fallback: str | None = None


Part = str | Placeholder


def duration(value: Any) -> str:
    """Format seconds as a duration: 45s, 12m, 3h5m, 4d."""
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
    """Format bytes in the binary units of Kubernetes manifests."""
    amount = float(value)
    for unit in ("", "Ki", "Mi", "Gi", "Ti"):
        if abs(amount) < 1024 or unit == "Ti":
            return f"{amount:.0f}{unit}" if amount == int(amount) or unit in ("", "Ki", "Mi") else f"{amount:.1f}{unit}"
        amount /= 1024
    raise AssertionError


def cpu(value: Any) -> str:
    """Format milli-CPU as in manifests: 250m, 2, 1.5."""
    milli = int(value)
    return f"{milli}m" if abs(milli) < 1000 else f"{milli / 1000:g}"


def seconds(value: Any) -> str:
    """Format a latency given in seconds: 31 ms, 950 ms, 1.3 s."""
    amount = float(value)
    return f"{amount * 1000:.3g} ms" if abs(amount) < 0.9995 else f"{amount:.3g} s"


def count(value: Any) -> str:
    """Format a number as a whole one."""
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

    Raise TemplateError with the malformed part.
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
    named, clause, words = named.partition("?")
    before, star, after = words.partition("*")
    path, _, format_ = named.partition(":")
    if clause and not star:
        raise TemplateError(f"{{{body}}} in {template!r}: a clause needs a * for the value")
    if not _PATH.match(path):
        raise TemplateError(f"{{{body}}} in {template!r} is not a path like row.name")
    if format_ and format_ not in FORMATS:
        raise TemplateError(f"{{{body}}} in {template!r}: unknown format {format_!r}, known are {', '.join(FORMATS)}")
    return Placeholder(
        path=tuple(path.split(".")),
        format=format_,
        before=before,
        after=after,
        fallback=fallback if bar or clause else None,
    )


def placeholders(template: str) -> Iterator[Placeholder]:
    """Return the placeholders of a template, in order. Raise TemplateError for a malformed one."""
    return (part for part in parse(template) if isinstance(part, Placeholder))


def render(template: str, context: Mapping[str, Any]) -> str:
    """Fill a template with the values as they are: names of objects, arguments of actions.

    Raise TemplateError for a malformed one.
    """
    return "".join(part if isinstance(part, str) else _fill(part, context) for part in parse(template))


def render_sentence(template: str, context: Mapping[str, Any]) -> str:
    """Fill a sentence that people read: every value is one line without our symbols, free text is quoted.

    English words that count something are in the singular after a 1, except in "0 of 1 pods".
    """
    said, single = "", False
    for part in parse(capitalised(template)):
        if isinstance(part, str):
            said += after_one(part) if single else part
            continue
        filled = _fill(part, context, shown=_words(part, said + part.before))
        single = filled == "1" and not said.endswith(" of ")
        said += filled or _LEFT_OUT
    return _AROUND_LEFT_OUT.sub("", said).strip() if _LEFT_OUT in said else said


def capitalised(says: str) -> str:
    """Return the sentence, or its template, with a capital letter, unless it begins with a value, a name or a path."""
    first = says.split(" ", 1)[0].rstrip(",")
    is_word = first.isascii() and first.isalpha() and first not in _LOWER_CASE
    return says[:1].upper() + says[1:] if is_word else says


def render_text(text: Text, context: Mapping[str, Any]) -> Text:
    """Fill a sentence in both languages."""
    if not any(brace in written for written in (text.en, text.zh) for brace in "{}"):
        return Text(en=capitalised(text.en), zh=capitalised(text.zh))
    return Text(en=render_sentence(text.en, context), zh=render_sentence(text.zh, context))


def _words(placeholder: Placeholder, before: str) -> Callable[[str], str]:
    """Return how a placeholder's values are written after the words `before`."""
    if before.endswith(_OPENED):
        return quotable
    return quoted if _FREE_TEXT.search(placeholder.path[-1]) else in_sentence


def render_command(template: str, context: Mapping[str, Any]) -> str:
    """Fill a shell command that people copy. Every value is quoted: it may come from pasted text."""
    return "".join(
        part if isinstance(part, str) else _fill(part, context, whole=_shell_quote) for part in parse(template)
    )


def _shell_quote(value: str) -> str:
    """Return the value as one word of a shell on one line: a line break in it would look like another command."""
    if not _CONTROL.search(value):
        return shlex.quote(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + "'"


def known(template: str, context: Mapping[str, Any]) -> bool:
    """Return whether every placeholder without a fallback has a value."""
    return all(part.fallback is not None or _look_up(part.path, context) is not None for part in placeholders(template))


def show(value: Any, format_: str = "", *, shown: Callable[[str], str] = str) -> str:
    """Return a value as text; of a list, at most three values are shown. `shown` changes each string value."""
    if isinstance(value, list | tuple):
        items = [show(item, format_, shown=shown) for item in dict.fromkeys(value)]
        more = f" +{len(items) - LISTED}" if len(items) > LISTED else ""
        return ", ".join(items[:LISTED]) + more
    if format_:
        return FORMATS[format_](value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return shown(value) if isinstance(value, str) else str(value)


def _fill(
    placeholder: Placeholder,
    context: Mapping[str, Any],
    *,
    shown: Callable[[str], str] = str,
    whole: Callable[[str], str] = str,
) -> str:
    """Fill a placeholder; `shown` changes each string value, `whole` the filled text."""
    value = _look_up(placeholder.path, context)
    if value is None:
        return placeholder.fallback if placeholder.fallback is not None else f"<{placeholder.path[-1]}>"
    return placeholder.before + whole(show(value, placeholder.format, shown=shown)) + placeholder.after


def _look_up(path: tuple[str, ...], context: Mapping[str, Any]) -> Any:
    """Return the value at a path; None if it is missing or empty."""
    value: Any = context
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return None if value in ("", (), []) else value


def texts_in(value: Any) -> Iterator[str]:
    """Yield the strings in a JSON value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)
