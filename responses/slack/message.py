"""Define the messages and views to send to Slack as plain JSON, and how Slack counts and reads their texts.

Slack reads markup in one place, the `text` of a message, shown in notifications. It acts only on what is between < and
>, so three escapes make any text inert. Everywhere else untrusted text goes into leaves that are shown as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from intents.cluster_text import one_line, without_shortcodes
from responses.slack.limits import BUDGET_TEXT_BYTES

# Block Kit JSON, built by `responses.slack.blocks`, checked by `responses.slack.validation`.
Block = dict[str, Any]
View = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A text that is attached as a file, because it does not fit into a message."""

    name: str
    title: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that is attached; `alt` describes it for readers who cannot see it."""

    name: str
    title: str
    alt: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: `text` is for notifications and screen readers, `blocks` for everybody else.

    Both are ready to send: `text` is escaped mrkdwn of at most 3,900 bytes, the blocks keep Slack's limits.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    overflow: Snippet | None = None


# The keys whose values people read.
_SEEN: Final = frozenset({"text", "alt_text", "title", "fallback"})
# Deeper than any block; `validation` refuses payloads that nest deeper.
_DEEPEST: Final = 40


def length(text: str) -> int:
    """Return the length in UTF-16 units, as a browser counts: at least the number of characters."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def visible_length(value: Any) -> int:
    """Return how many characters of a payload a reader sees; a link without a text shows its URL."""
    return sum(map(length, visible_texts(value)))


def visible_texts(value: Any) -> list[str]:
    """Return the texts that a reader sees, in their order."""
    texts: list[str] = []
    _collect(value, 0, texts)
    return texts


def _collect(value: Any, depth: int, texts: list[str]) -> None:
    # No generators: a payload is walked several times before it is sent, and they would take twice as long.
    if depth > _DEEPEST:
        return
    if isinstance(value, list | tuple):
        for item in value:
            _collect(item, depth + 1, texts)
    elif isinstance(value, dict):
        kind = value.get("type")
        if kind == "link" and not value.get("text") and isinstance(value.get("url"), str):
            texts.append(value["url"])
        if kind in ("user", "channel", "usergroup", "emoji"):
            texts.append(" " * 12)  # Slack shows a name instead
        for key, item in value.items():
            if key in _SEEN and isinstance(item, str):
                texts.append(item)
            elif isinstance(item, dict | list | tuple):
                _collect(item, depth + 1, texts)


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
