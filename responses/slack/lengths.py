"""Count how long a text is for Slack, and how much of a payload a reader sees."""

from __future__ import annotations

from typing import Any, Final

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
            if isinstance(item, str):
                if key in _SEEN:
                    texts.append(item)
            elif isinstance(item, dict | list | tuple):
                _collect(item, depth + 1, texts)
