r"""Overwrite secrets in a buffer whose length never changes, so that every stage keeps the offsets of the original.

A hidden byte becomes the control character SUB; one in the text itself becomes a question mark. Runs of it become
`[redacted]` at the end. A mark that is in the text already is treated like a hidden value, so redacting twice changes
nothing. What was encoded for a URL, HTML or JSON (`%3D`, `&quot;`, `&#61;`, `\u003d`, `\x3d`, `\"`, `\n`, `\/`, up to
three layers deep) is read as plain text, and a secret found there is hidden in the original.

Here is also what tells values that generators make from words and names. Everything works on UTF-8 bytes.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final

import re2


class LatePattern:
    """An expression of re2, which behaves as a compiled one. A malformed one raises re2.error when it is used."""

    def __init__(self, pattern: str | bytes, options: Any = None) -> None:
        self.pattern: Final = pattern
        self._options = options

    def __getattr__(self, name: str) -> Any:
        # Called once for each method: from then on it is an attribute.
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self._compiled, name)
        setattr(self, name, value)
        return value

    @cached_property
    def _compiled(self) -> Any:
        return re2.compile(self.pattern, self._options)


class LateBacktracking(LatePattern):
    """The same for an expression of `re`: with look-around, which re2 lacks."""

    @cached_property
    def _compiled(self) -> Any:
        return re.compile(self.pattern, self._options or 0)


MARK: Final = b"[redacted]"
FILL: Final = b"\x1a"
# Where the API server's list goes on, {"v":"meta.k8s.io/v1", …}, in the form of a token.
PAGE_TOKEN: Final = b"eyJ2IjoibWV0YS5rOHMuaW8v"

HIDDEN: Final = LatePattern(FILL + rb"+")
Match = Any  # re2 ships no types
Hide = Callable[[Match], bytes]
# If none of the patterns matches, the function leaves a text as it is.
Stage = tuple[tuple[LatePattern, ...], Callable[[bytes], bytes]]

_RUN: Final = LatePattern(rb"\x1a+(?:\r?\n\x1a+)*")
_UPPER: Final = re.compile(rb"[A-Z]")
_LOWER: Final = re.compile(rb"[a-z]")
_DIGIT: Final = re.compile(rb"[0-9]")
_ODD: Final = re.compile(rb"[!@#$%^&*+=~?|;]")
_SINGLE_CASE: Final = re.compile(rb"[A-Za-z0-9]{16,}")
_CAMEL_CASE: Final = LatePattern(rb"(?:[A-Z]{0,4}[a-z]{3,}|[A-Z]{2,4}|[vV][0-9]{1,2}|[0-9]{1,4}|[_.-])*")
# Times, hashes with their algorithm, UUIDs, addresses, quantities and code positions mix digits and letters as well.
_ORDINARY: Final = re.compile(
    rb"(?i)1password|[0-9]{4}-[0-9]{2}-[0-9]{2}[tT ].*|0x[0-9a-f]+|[A-Za-z]+/.*|.*://.*|\[\].*|[A-Za-z]+(?:\[[0-9*]*\]|\.[A-Za-z]+)+|(?:sha|md)[0-9]+(?:[:-].*|with\w+)|.*\(.*"
    rb"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[:/].*)?|v?[0-9]+(?:\.[0-9]+)+.*"
    rb"|.*\.(?:go|py|js|ts|java|rb|rs|c|cc|cpp|json|ya?ml|txt|pem|key|crt|log|csv|com|org|net|io|local|internal)"
    rb"(?::[0-9:]+)?"
)


def opened(text: str) -> bytes:
    """Return the text as a buffer, with the marks in it as hidden runs."""
    return text.encode("utf-8", "replace").replace(FILL, b"?").replace(MARK, FILL * len(MARK))


def closed(buffer: bytes) -> str:
    """Return the buffer as text, with one mark for every hidden run and every line break kept."""
    marked = _RUN.sub(lambda run: MARK + b"\n" * int(run[0].count(b"\n")), buffer)
    return bytes(marked).decode("utf-8", "replace")


def hidden(value: bytes) -> bytes:
    """Return as many hidden bytes, with the line breaks of the value."""
    return b"\n".join(FILL * len(line) for line in value.split(b"\n"))


def hide_spans(buffer: bytes, spans: Iterable[tuple[int, int]], hide: Callable[[bytes], bytes] = hidden) -> bytes:
    """Return the buffer with these parts hidden, or with what `hide` makes of them."""
    shown = bytearray(buffer)
    for first, last in spans:
        shown[first:last] = hide(buffer[first:last])
    return bytes(shown)


def hide_groups(found: Match, *groups: int) -> bytes:
    """Return the match with these groups hidden."""
    start = found.start()
    spans = [found.span(group) for group in groups if found[group]]
    return hide_spans(bytes(found[0]), [(first - start, last - start) for first, last in spans])


def hide_inner(found: Match, group: int, opening: bytes = b"\"'", closing: bytes = b"\"'") -> bytes:
    """Return the match with this group hidden without its quotes."""
    value = bytes(found[group])
    first = found.start(group) - found.start()
    # A value of nothing but quotes is empty.
    inner = len(value) - len(value.lstrip(opening))
    return hide_spans(bytes(found[0]), [(first + inner, first + max(inner, len(value.rstrip(closing))))])


def hide_if(is_secret: object, found: Match, *groups: int) -> bytes:
    """Return the match with these groups hidden, or as it is."""
    return hide_groups(found, *groups) if is_secret else bytes(found[0])


def stage_of(table: Iterable[tuple[LatePattern | bytes, Hide]]) -> Stage:
    """Return the stage that replaces what each pattern finds by what its function makes of it, in this order."""
    rows = [(LatePattern(pattern) if isinstance(pattern, bytes) else pattern, replace) for pattern, replace in table]

    def hide(buffer: bytes) -> bytes:
        for pattern, replace in rows:
            buffer = bytes(pattern.sub(replace, buffer))
        return buffer

    return tuple(pattern for pattern, _ in rows), hide


def counts(value: bytes) -> tuple[int, int, int]:
    """Return how many capitals, small letters and digits the value has."""
    return len(_UPPER.findall(value)), len(_LOWER.findall(value)), len(_DIGIT.findall(value))


def entropy(value: bytes) -> float:
    """Return Shannon's entropy of the value in bits per byte."""
    length = len(value)
    return -sum(count / length * math.log2(count / length) for count in map(value.count, set(value)))


def is_ordinary(value: bytes) -> bool:
    """Return whether it is a time, a UUID, an address, a quantity, a file or a position in code."""
    return bool(_ORDINARY.fullmatch(value[:200]))


def looks_random(value: bytes) -> bool:
    """Return whether the value mixes characters as generated passwords do, and names and words do not."""
    # The first two hundred characters are enough, and the value may be a megabyte.
    value = value[:200]
    if FILL in value:
        return True
    if len(value) < 8 or _ORDINARY.fullmatch(value):
        return False
    if not _DIGIT.search(value):
        return False
    if sum(bool(kind.search(value)) for kind in (_UPPER, _LOWER, _ODD)) >= 2:
        return True
    return bool(_SINGLE_CASE.fullmatch(value) and entropy(value) >= 3)


def looks_generated(value: bytes) -> bool:
    """Return whether the value looks random and is not a camel-case name with numbers, such as OAuth2Client."""
    value = value[:200]
    return FILL in value or (looks_random(value) and not _CAMEL_CASE.fullmatch(value))


def looks_mixed(value: bytes) -> bool:
    """Return whether the value is a long mix of cases and digits, as keys are in base64 and identifiers are not."""
    return len(value) >= 12 and all(counts(value)) and looks_generated(value)


# --- encoded parts --------------------------------------------------------------------------------------------------
ENCODED: Final = LatePattern(
    rb"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f]){2,4}|&(?:quot|apos|lt|gt|amp|equals|colon|nbsp);|&#(?:[0-9]{2,6}|[xX][0-9A-Fa-f]{2,5});"
    rb"|\\+u00[0-9a-fA-F]{2}|\\+u[4-9][0-9a-fA-F]{3}|\\+x[2-7][0-9a-fA-F]|\\+[\"'/nrt]"
)
_NAMED: Final = {
    b"quot": b'"', b"apos": b"'", b"lt": b"<", b"gt": b">", b"amp": b"&", b"equals": b"=",
    b"colon": b":", b"nbsp": b" ",
}  # fmt: skip
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_DEEPEST: Final = 3


class Layer:
    """The plain text of a buffer, and the place of each byte in it.

    Matches of `codes` are replaced first, by what `instead` returns.
    """

    def __init__(self, buffer: bytes, codes: LatePattern | None = None, instead: Hide = bytes) -> None:
        self.original = buffer
        self.plain = buffer
        # Most texts have nothing to hide, so their places are never asked for.
        self._replaced: list[tuple[LatePattern, Hide, bytes]] = []
        if codes is not None:
            self._replace(codes, instead)
        for _ in range(_DEEPEST):
            if not self._replace(ENCODED, _decoded):
                break

    def _replace(self, pattern: LatePattern, plain: Hide) -> bool:
        if not pattern.search(self.plain):
            return False
        self._replaced.append((pattern, plain, self.plain))
        self.plain = bytes(pattern.sub(plain, self.plain))
        return True

    def _places(self) -> array[int]:
        """Return where in the original each byte of the plain text begins."""
        places = array("q", range(len(self.original) + 1))
        for pattern, plain, text in self._replaced:
            before, places = places, array("q")
            at = 0
            for found in pattern.finditer(text):
                places.extend(before[at : found.start()])
                places.extend([before[found.start()]] * len(plain(found)))
                at = found.end()
            places.extend(before[at:])
        return places

    def hide(self, shown: bytes) -> bytes:
        """Return the original with everything hidden that is hidden in `shown`, the treated plain text."""
        if shown == self.plain:
            return self.original
        places = self._places()
        runs = (run.span() for run in HIDDEN.finditer(shown))
        return hide_spans(self.original, [(places[first], places[last]) for first, last in runs])


def _decoded(found: Match) -> bytes:
    """Return the character of one escape; what cannot be a character becomes a question mark."""
    encoded = bytes(found[0])
    if encoded.startswith(b"%"):
        plain = bytes.fromhex(encoded.replace(b"%", b"").decode())
    elif encoded.startswith(b"&#"):
        digits = encoded[2:-1]
        code = int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)
        plain = chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else b"?"
    elif encoded.startswith(b"&"):
        plain = _NAMED[encoded[1:-1]]
    else:
        body = encoded.lstrip(b"\\")
        plain = (
            chr(int(body[1:], 16)).encode("utf-8", "replace")
            if body[:1] in b"ux" and len(body) > 1
            else _ESCAPED.get(body, body)
        )
    return b"?" if plain in (FILL, b"\0", b"") else plain
