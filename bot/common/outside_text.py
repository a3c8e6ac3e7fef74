"""Reduce text from outside (error bodies, exec plugins) to one short line without credentials."""

from __future__ import annotations

import re
from typing import Final

from intents.cluster_text import one_line

LONGEST_TEXT: Final = 256

_SECRETS: Final = (
    # A JWT, as service accounts and OIDC use it: three base64url parts, the first of which opens a JSON object.
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}"), "[redacted]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 [redacted]"),
    (
        re.compile(r"(?i)((?:token|password|passwd|secret|api[_-]?key)[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&]+"),
        r"\1[redacted]",
    ),
    (re.compile(r"(://)[^/\s@]+@"), r"\1[redacted]@"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*"), "[redacted]"),
)


def clean(text: str, *, limit: int = LONGEST_TEXT) -> str:
    """Return `text` from outside on one line with visible breaks, at most `limit` characters, without credentials."""
    # This first cut bounds the text that the patterns scan.
    line = one_line(text[: 16 * limit])
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
