"""Turn typed text into what Slack stores: escaped text with links marked, and a rich_text block."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.playground.slack.records import Json

# Users pick mentions from a menu, so callers write them as Slack stores them.
_MENTION = r"<(?P<mention>@[UW][A-Z0-9]+|#C[A-Z0-9]+|!(?:here|channel|everyone))(?:\|[^<>]*)?>"
# The element of a mention by its first character, and the field of what it mentions.
_MENTIONED = {"@": ("user", "user_id"), "#": ("channel", "channel_id"), "!": ("broadcast", "range")}
_LINK = r"(?P<link>https?://[^\s<>\"'`|]*[^\s<>\"'`|.,;:!?)\]])"
# Slack also links bare names that end in a known domain, such as image names and API groups.
_DOMAIN = r"(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|ai)"
_REST = r"(?:[/:][^\s<>\"'`|,;]*[^\s<>\"'`|.,;:!?)\]])?"
_BARE = rf"(?<![\w./@:-])(?P<bare>{_DOMAIN}{_REST})(?![\w.-])"
_PIECE = re.compile(f"{_MENTION}|{_LINK}|{_BARE}")
_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)


def escaped(text: str) -> str:
    """Return `text` with Slack's three control characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def stored_text(typed: str) -> str:
    """Return the `text` of the message: escaped, mentions kept, links in angle brackets."""
    parts: list[str] = []
    for before, found in _pieces(typed):
        parts.append(escaped(before))
        if found is None:
            continue
        if link := found.group("link"):
            parts.append(f"<{escaped(link)}>")
        elif bare := found.group("bare"):
            parts.append(f"<http://{escaped(bare)}|{escaped(bare)}>")
        else:
            parts.append(found.group())
    return "".join(parts)


def rich_text(typed: str, *, block_id: str) -> Json:
    """Return the block that Slack's composer sends: sections, and preformatted parts for fenced ones."""
    elements: list[Json] = []
    for at, part in enumerate(_FENCE.split(typed)):
        if part:
            kind = "rich_text_preformatted" if at % 2 else "rich_text_section"
            elements.append({"type": kind, "elements": list(_leaves(part))})
    return {"type": "rich_text", "block_id": block_id, "elements": elements}


def _leaves(text: str) -> Iterator[Json]:
    for before, found in _pieces(text):
        if before:
            yield {"type": "text", "text": before}
        if found is None:
            continue
        if mention := found.group("mention"):
            kind, field = _MENTIONED[mention[0]]
            yield {"type": kind, field: mention[1:]}
        elif link := found.group("link"):
            yield {"type": "link", "url": link}
        else:
            yield {"type": "link", "url": f"http://{found.group('bare')}", "text": found.group("bare")}


def _pieces(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    at = 0
    for found in _PIECE.finditer(text):
        yield text[at : found.start()], found
        at = found.end()
    yield text[at:], None
