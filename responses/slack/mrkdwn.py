"""Escape text for the one place where Slack reads markup: the `text` of a message, shown in notifications.

Slack acts only on what is between < and >, so three escapes make any text inert. Everywhere else untrusted text goes
into leaves that are shown as they are.
"""

from __future__ import annotations

import re
from typing import Final

from intents.cluster_text import one_line, without_shortcodes
from responses.slack.limits import BUDGET_TEXT_BYTES

_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Slack turns these into mentions where a client or a setting asks it to parse names.
_AT_NAMES: Final = re.compile(r"@(?=here|channel|everyone|group)", re.IGNORECASE)


def escape(text: str) -> str:
    """Return `text` escaped, so that Slack shows it as it is.

    The ampersand is escaped first, since the other escapes contain one.
    """
    for char, escaped in _ESCAPES.items():
        text = text.replace(char, escaped)
    return text


def unescape(text: str) -> str:
    """Return the text that `escape` was given. The ampersand comes last, for the same reason."""
    for char, escaped in reversed(_ESCAPES.items()):
        text = text.replace(escaped, char)
    return text


def inert(text: str, *, most_bytes: int = BUDGET_TEXT_BYTES) -> str:
    """Return `text` escaped and without mentions, at most so many bytes of UTF-8 long; never cut within an escape."""
    named = _AT_NAMES.sub("＠", without_shortcodes(text.encode("utf-8", "replace").decode()))
    escaped = escape(named)
    if len(escaped.encode()) <= most_bytes:
        return escaped
    room = most_bytes - len("…".encode())
    kept: list[str] = []
    for char in named:
        piece = _ESCAPES.get(char, char)
        room -= len(piece.encode())
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def fallback(*lines: str, most_bytes: int = BUDGET_TEXT_BYTES) -> str:
    """Return the `text` of a message, from lines in order of importance, of which none becomes two. Never empty."""
    return inert("\n".join(one_line(line) for line in lines if line.strip()) or "–", most_bytes=most_bytes)
