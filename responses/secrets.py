"""Replace what looks like a credential by `[redacted]`: in pasted text, cluster quotes, errors and logs.

Each stage knows one mechanism: manifests of Secrets, shapes and headers, vendors' tokens, commands, terminal sessions,
columns of tables, names with their values, and values that look like secrets wherever they are. Parts of a text that
are encoded for a URL, HTML or JSON pass the stages a second time as plain text. Patterns run on RE2, so matching is
linear in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import re2

from responses import (
    code_secrets,
    command_secrets,
    lone_secrets,
    named_secrets,
    secret_containers,
    secret_layers,
    secret_shapes,
    terminal_secrets,
    vendor_tokens,
)
from responses.code_secrets import hide_in_code
from responses.command_secrets import hide_in_commands
from responses.late_patterns import LatePattern
from responses.lone_secrets import hide_lone
from responses.named_secrets import hide_by_name, holds_secret
from responses.secret_buffer import FILL, MARK, closed, hidden, looks_generated, opened
from responses.secret_containers import hide_in_containers
from responses.secret_layers import Layer, encoded_spans
from responses.secret_manifests import MANIFEST, hide_manifests
from responses.secret_shapes import hide_long, hide_shapes, public_spans
from responses.secret_tables import hide_columns
from responses.terminal_secrets import hide_in_terminal
from responses.vendor_tokens import hide_tokens

__all__ = ["REDACTED", "holds_secret", "redact"]

REDACTED: Final = MARK.decode()
# What one round hides may reveal the end of another value; two rounds are the usual number.
_MOST_ROUNDS: Final = 4
# A change is seen from this many lines away: a name above its value, a key and the lines of its block.
_LINES_AROUND: Final = 5
_MOST_REPEATED: Final = 50
# Without the quotes and encoded signs that a hidden span may have in it.
_REPEATABLE: Final = LatePattern(rb"[A-Za-z0-9_+/=.~-]{12,500}")
_HIDDEN: Final = LatePattern(FILL + rb"+")
# A diagnosis shows the same texts again and again: in its progress, its answer and its record.
_LONGEST_KEPT: Final = 2_000
_MOST_KEPT: Final = 4_000
_harmless: Final[set[str]] = set()


def redact(text: str) -> str:
    """Return `text` without what looks like a credential.

    Idempotent. Line breaks stay, so line numbers stay correct. Lone surrogates, which no encoding can write, become
    question marks.
    """
    if text in _harmless:
        return text
    shown = _redacted(text)
    if len(shown) <= _LONGEST_KEPT:
        if len(_harmless) >= _MOST_KEPT:
            _harmless.clear()
        _harmless.add(shown)
    return shown


def _redacted(text: str) -> str:
    original = buffer = opened(text)
    regions = [(0, len(buffer))]
    for _ in range(_MOST_ROUNDS):
        shown = _hide_in(buffer, regions)
        if shown == buffer:
            shown = _hide_repeated(original, buffer)
        if shown == buffer:
            break
        regions = _regions(shown, _changed_spans(buffer, shown))
        buffer = shown
    return closed(buffer if buffer is original else _with_public(original, buffer))


def _hide_repeated(original: bytes, buffer: bytes) -> bytes:
    """Hide generated values wherever they are once one place has shown that they are secret."""
    values = {
        value
        for first, last in islice(_changed_spans(original, buffer), _MOST_REPEATED)
        if _REPEATABLE.fullmatch(value := original[first:last]) and looks_generated(value)
    }
    for value in values:
        if value in buffer:
            buffer = buffer.replace(value, hidden(value))
    return buffer


def _changed_spans(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    for run in _HIDDEN.finditer(after):
        if before[run.start() : run.end()] != after[run.start() : run.end()]:
            yield run.span()


def _regions(buffer: bytes, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the lines of these places with the lines around them."""
    regions: list[tuple[int, int]] = []
    for first, last in spans:
        if regions and last <= regions[-1][1]:
            continue
        start, end = first, last
        for _ in range(_LINES_AROUND):
            start = buffer.rfind(b"\n", 0, start)
            if start < 0:
                break
        for _ in range(_LINES_AROUND):
            end = buffer.find(b"\n", end) + 1
            if not end:
                end = len(buffer)
                break
        start += 1
        if regions and start <= regions[-1][1]:
            regions[-1] = (regions[-1][0], end)
        else:
            regions.append((start, end))
    return regions


def _with_public(original: bytes, buffer: bytes) -> bytes:
    """Return the buffer with certificates and public keys as they were."""
    restored = bytearray(buffer)
    for first, last in public_spans(original):
        restored[first:last] = original[first:last]
    return bytes(restored)


def _hide_in(buffer: bytes, regions: Iterable[tuple[int, int]]) -> bytes:
    shown = bytearray(buffer)
    for first, last in regions:
        shown[first:last] = _hide(buffer[first:last])
    return bytes(shown)


def _hide(buffer: bytes) -> bytes:
    if not _SUSPICIOUS.search(buffer):
        return buffer
    buffer = _run_stages(buffer)
    encoded = _regions(buffer, encoded_spans(buffer))
    if not encoded:
        return buffer
    shown = bytearray(buffer)
    for first, last in encoded:
        layer = Layer(buffer[first:last])
        shown[first:last] = layer.hide(_run_stages(layer.plain))
    return bytes(shown)


def _run_stages(buffer: bytes) -> bytes:
    for hint, stage in _HINTED_STAGES:
        if hint.search(buffer):
            buffer = stage(buffer)
    return buffer


def _any_of(patterns: Iterable[Any]) -> Any:
    """Combine the patterns into one, so that a text without secrets, the usual case, is scanned once."""
    options = re2.Options()
    options.never_capture = True
    options.max_mem = 64 << 20
    return LatePattern(b"|".join(b"(?:" + pattern.pattern + b")" for pattern in patterns), options)


# Each stage runs only if one of its patterns matches.
_STAGES: Final = (
    ((MANIFEST,), hide_manifests),
    (secret_shapes.PATTERNS, hide_shapes),
    (vendor_tokens.PATTERNS, hide_tokens),
    (secret_shapes.LONG_PATTERNS, hide_long),
    (command_secrets.PATTERNS, hide_in_commands),
    (terminal_secrets.PATTERNS, hide_in_terminal),
    (code_secrets.PATTERNS, hide_in_code),
    (secret_containers.PATTERNS, hide_in_containers),
    (named_secrets.PATTERNS, hide_columns),
    (named_secrets.PATTERNS, hide_by_name),
    (lone_secrets.PATTERNS, hide_lone),
)
_HINTED_STAGES: Final = tuple((_any_of(patterns), stage) for patterns, stage in _STAGES)
_SUSPICIOUS: Final = _any_of((*(pattern for patterns, _ in _STAGES for pattern in patterns), *secret_layers.PATTERNS))
