"""Replace what looks like a credential by `[redacted]`: in pasted text, cluster quotes, errors and logs.

`buffer` has the bytes in which secrets are overwritten, tells random values from words, and reads what was encoded for
a URL, HTML or JSON as plain text. Each stage knows one mechanism. By shape: `shapes` (keys, headers, URLs, calls of
code) and `tokens` (vendors' prefixes, the look of the value alone). By name: `names` judges a name, `places` finds it
and what follows it, `values` reads the value and judges its look, `named` decides. By place: `commands` (options of
tools, terminal sessions, protocols) and `containers` (collections, manifests, tables). Parts of a text that are encoded
pass the stages a second time as plain text; `codes` has the readings of a text with terminal codes. Patterns run on
RE2, so matching is linear in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final

import re2

from intents.domain import Language, Text
from responses.redaction import containers
from responses.redaction.buffer import (
    ENCODED,
    HIDDEN,
    MARK,
    Hide,
    LatePattern,
    Layer,
    Stage,
    closed,
    hidden,
    hide_spans,
    looks_generated,
    opened,
)
from responses.redaction.codes import FIRST, OTHERS, Reading
from responses.redaction.commands import COMMANDS, TERMINAL
from responses.redaction.containers import MANIFEST, hide_columns, hide_in_containers, hide_manifests
from responses.redaction.named import hide_by_name, holds_secret
from responses.redaction.places import NAME
from responses.redaction.shapes import CALLS, SHAPES, public_spans
from responses.redaction.tokens import LONE, LONG, TOKENS

__all__ = ["REDACTED", "holds_secret", "redact", "secret_kinds", "secret_notice"]

REDACTED: Final = MARK.decode()
# What one round hides may reveal the end of another value; two rounds are the usual number.
_MOST_ROUNDS: Final = 4
# A change is seen from this many lines away: a name above its value, a key and the lines of its block.
_LINES_AROUND: Final = 5
_MOST_REPEATED: Final = 50
# Without the quotes and encoded signs that a hidden span may have in it.
_REPEATABLE: Final = LatePattern(rb"[A-Za-z0-9_+/=.~-]{12,500}")
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
        shown = hide_spans(buffer, regions, _hide)
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
    for run in HIDDEN.finditer(after):
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


def _hide(buffer: bytes) -> bytes:
    return _hide_in_readings(_run_stages(_hide_in_readings(buffer, FIRST)), _OTHERS)


def _hide_in_readings(buffer: bytes, readings: Iterable[Reading]) -> bytes:
    for places, codes, instead in readings:
        near = _regions(buffer, _first_of_lines(places, buffer))
        if near:
            buffer = hide_spans(buffer, near, partial(_hide_in_reading, codes=codes, instead=instead))
    return buffer


def _first_of_lines(pattern: LatePattern, buffer: bytes) -> Iterator[tuple[int, int]]:
    """Yield the first match in each line: all regions are whole lines."""
    at = 0
    while found := pattern.search(buffer, at):
        yield found.span()
        at = buffer.find(b"\n", found.end()) + 1
        if not at:
            return


def _hide_in_reading(buffer: bytes, *, codes: LatePattern | None, instead: Hide) -> bytes:
    layer = Layer(buffer, codes, instead)
    return layer.hide(_run_stages(layer.plain))


_OTHERS: Final[tuple[Reading, ...]] = ((ENCODED, None, bytes), *OTHERS)


def _run_stages(buffer: bytes) -> bytes:
    for hints, stage in _HINTED_STAGES:
        if any(hint.search(buffer) for hint in hints):
            buffer = stage(buffer)
    return buffer


def _hints_of(patterns: Sequence[Any]) -> tuple[Any, ...]:
    """Combine patterns, so that a text without secrets, the usual case, is scanned a few times only."""
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    options.max_mem = 64 << 20
    parts = (patterns[first : first + _TOGETHER] for first in range(0, len(patterns), _TOGETHER))
    return tuple(LatePattern(b"|".join(b"(?:" + one.pattern + b")" for one in part), options) for part in parts)


# RE2's automaton of more patterns does not fit into its cache: a search then takes twenty times as long.
_TOGETHER: Final = 17
# Each stage runs only if one of its patterns matches.
_STAGES: Final[tuple[Stage, ...]] = (
    ((MANIFEST,), hide_manifests),
    SHAPES,
    TOKENS,
    LONG,
    COMMANDS,
    TERMINAL,
    CALLS,
    (containers.PATTERNS, hide_in_containers),
    ((NAME,), hide_columns),
    ((NAME,), hide_by_name),
    LONE,
)
_HINTED_STAGES: Final = tuple((_hints_of(patterns), stage) for patterns, stage in _STAGES)

_MARK: Final = re2.escape(REDACTED)
# What stands between a key and its value: `password = "…`, `password": …`, `--password …`.
_SEPARATOR: Final = r"""[\w\]"'.-]{0,40}\s{0,3}(?:[:=]|\s)\s{0,3}["'\\]{0,3}"""
_KINDS: Final = tuple(
    (LatePattern(f"(?i)(?:{before}){_MARK}"), says)
    for before, says in (
        (r"bearer\s+", Text(en="a bearer token", zh="Bearer 令牌")),
        (r"basic\s+", Text(en="basic-auth credentials", zh="Basic 认证凭据")),
        (r"://[^\s/@]{0,100}:", Text(en="a password in a URL", zh="URL 中的密码")),
        (rf"private[ _-]?key{_SEPARATOR}", Text(en="a private key", zh="私钥")),
        (rf"pass(?:word|wd|phrase)?{_SEPARATOR}", Text(en="a password", zh="密码")),
        (rf"(?:api|access|secret)[ _-]?key{_SEPARATOR}", Text(en="an access key", zh="访问密钥")),
        (rf"token{_SEPARATOR}", Text(en="a token", zh="令牌")),
    )
)
_OTHER: Final = Text(en="a secret", zh="机密信息")
_SAYS: Final = Text(
    en="⚠️ Your text held what looks like {}: delete that message and rotate the secret. Casebook did not keep it.",
    zh="⚠️ 文本中疑似包含{}：请删除该消息，并更换此凭据。Casebook 没有保存它。",
)
_AND: Final = Text(en=" and ", zh="和")
_MOST: Final = 3


def secret_kinds(redacted: str) -> tuple[Text, ...]:
    """Return the kinds of secrets that were redacted from a text, each once; none for a text without a mark."""
    if REDACTED not in redacted:
        return ()
    found = [says for pattern, says in _KINDS if pattern.search(redacted)]
    return tuple(found[:_MOST]) or (_OTHER,)


def secret_notice(kinds: tuple[Text, ...], language: Language) -> str:
    """Return the request to delete the message and to rotate what it held; "" for no secret."""
    names = _AND.in_(language).join(kind.in_(language) for kind in kinds)
    return _SAYS.in_(language).format(names) if kinds else ""
