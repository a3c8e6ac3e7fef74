"""Overwrite secrets in a buffer whose length never changes, so that every stage keeps the offsets of the original.

A hidden byte becomes the control character SUB; one in the text itself becomes a question mark. Runs of it become
`[redacted]` at the end. A mark that is in the text already is treated like a hidden value, so redacting twice changes
nothing.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from responses.late_patterns import LatePattern

MARK: Final = b"[redacted]"
FILL: Final = b"\x1a"
# Where the API server's list goes on, {"v":"meta.k8s.io/v1", …}, in the form of a token.
PAGE_TOKEN: Final = b"eyJ2IjoibWV0YS5rOHMuaW8v"

Match = Any  # re2 ships no types

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


def hide_groups(found: Match, *groups: int) -> bytes:
    """Return the match with these groups hidden."""
    whole, start = bytes(found[0]), found.start()
    for group in groups:
        if found[group]:
            first, last = found.start(group) - start, found.end(group) - start
            whole = whole[:first] + hidden(whole[first:last]) + whole[last:]
    return whole


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
