"""Write blocks as plain text, for places where Slack takes no blocks, and for files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from responses.slack.lengths import visible_texts
from responses.slack.message import Block


def as_text(blocks: Iterable[Block]) -> str:
    """Return the lines that a reader of the blocks sees; buttons are left out, since text cannot be pressed."""
    parts = (_said(block).strip("\n") for block in blocks)
    return "\n\n".join(part for part in parts if part.strip())


def _said(block: Mapping[str, Any]) -> str:
    try:
        return _block(block)
    except (AttributeError, KeyError, TypeError):
        # A malformed block is written as its texts instead of being refused.
        return "\n".join(visible_texts(block))


def _block(block: Mapping[str, Any]) -> str:
    match block.get("type"):
        case "header":
            return f"# {block['text']['text']}"
        case "section":
            return str(block["text"]["text"]) if "text" in block else ""
        case "context":
            return " · ".join(element["text"] for element in block["elements"] if "text" in element)
        case "rich_text":
            return "\n".join(_rich(element) for element in block["elements"])
        case "table":
            return "\n".join(" | ".join(map(_cell, row)) for row in block["rows"])
        case _:
            return ""


def _rich(element: Mapping[str, Any]) -> str:
    match element["type"]:
        case "rich_text_list":
            return "\n".join(f"- {_leaves(item['elements'])}" for item in element["elements"])
        case "rich_text_preformatted":
            return _indented(_leaves(element["elements"]), "    ")
        case "rich_text_quote":
            return _indented(_leaves(element["elements"]), "> ")
        case _:
            return _leaves(element["elements"])


def _leaves(leaves: Sequence[Mapping[str, Any]]) -> str:
    return "".join(map(_leaf, leaves))


def _leaf(leaf: Mapping[str, Any]) -> str:
    match leaf["type"]:
        case "link":
            return f"{leaf['text']}: {leaf['url']}" if "text" in leaf else str(leaf["url"])
        case "user":
            # An id in angle brackets would notify the person again.
            return f"@{leaf['user_id']}"
        case "date":
            return str(leaf.get("fallback", ""))
        case _:
            return str(leaf.get("text", ""))


def _cell(cell: Mapping[str, Any]) -> str:
    return str(cell["text"]) if "text" in cell else " ".join(map(_rich, cell["elements"]))


def _indented(text: str, by: str) -> str:
    return "\n".join(f"{by}{line}" for line in text.split("\n"))
