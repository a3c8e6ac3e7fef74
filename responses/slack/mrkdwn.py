"""Text for the one place where Slack reads markup: the `text` of a message, shown in notifications.

Everything Slack acts on lives between < and >, so that three escapes make any text inert. Everywhere else untrusted
text goes into leaves that are shown as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from responses.slack.limits import BUDGET_TEXT_BYTES

_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Slack itself turns these into mentions where a client or a setting asks it to look for names.
_AT_NAMES: Final = re.compile(r"@(?=here|channel|everyone|group)", re.IGNORECASE)
_MENTION: Final = re.compile(r"<[!@#]")
_PINGING: Final = frozenset({"broadcast", "usergroup"})


def escape(text: str) -> str:
    """`text` so that Slack shows it as it is. The ampersand first: the others bring ampersands of their own."""
    for char, escaped in _ESCAPES.items():
        text = text.replace(char, escaped)
    return text


def unescape(text: str) -> str:
    """What `escape` made of a text, as it was. The ampersand last, for the same reason."""
    for char, escaped in reversed(_ESCAPES.items()):
        text = text.replace(escaped, char)
    return text


def inert(text: str, *, most_bytes: int = BUDGET_TEXT_BYTES) -> str:
    """`text` escaped, calling nobody, at most so many bytes of UTF-8 long; never cut within an escape."""
    named = _AT_NAMES.sub("＠", text.encode("utf-8", "replace").decode())
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
    """The `text` of a message from the lines that tell most, the first first. Never empty."""
    return inert("\n".join(line.strip() for line in lines if line.strip()) or "–", most_bytes=most_bytes)


def pings(payload: Any) -> tuple[str, ...]:
    """Where a message or a view would call somebody: markup in a text that is read as such, or a broadcast.

    A `user` leaf is allowed: it names who pressed a button, in a message that is updated and so notifies nobody.
    """
    found = [f"text: {payload['text']}"] if _is_calling(payload, "text") else []
    return (*found, *_pings(payload.get("blocks") if isinstance(payload, Mapping) else payload))


def _pings(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _pings(item)
    elif isinstance(value, Mapping):
        kind = value.get("type")
        if kind in _PINGING:
            yield f"{kind}: {value}"
        if kind in ("mrkdwn", "markdown") and _is_calling(value, "text"):
            yield f"{kind}: {value['text']}"
        for item in value.values():
            yield from _pings(item)


def _is_calling(value: Any, key: str) -> bool:
    text = value.get(key) if isinstance(value, Mapping) else None
    return isinstance(text, str) and bool(_MENTION.search(text))
