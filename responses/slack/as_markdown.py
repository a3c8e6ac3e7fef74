"""Write blocks as Markdown for files: what a leaf says never becomes a link, an image, HTML or another line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from responses.chronicle.markdown import code, escaped, fenced, kept, link, starting, table
from responses.slack.message import Block


def as_markdown(blocks: Iterable[Block]) -> str:
    """Return the Markdown of what a reader of the blocks sees, a paragraph each; buttons are left out."""
    parts = (part for block in blocks for part in _block(block))
    return "\n\n".join(part for part in parts if part.strip())


def _block(block: Mapping[str, Any]) -> Iterable[str]:
    match block.get("type"):
        case "header":
            return [f"# {escaped(block['text']['text'])}"]
        case "section":
            return [starting(escaped(block["text"]["text"]))]
        case "context":
            return [starting(" · ".join(escaped(element["text"]) for element in block["elements"]))]
        case "rich_text":
            return [_rich(element) for element in block["elements"]]
        case "table":
            head, *rows = ([_cell(cell) for cell in row] for row in block["rows"])
            return ["\n".join(table(head, rows))]
        case _:
            return []


def _rich(element: Mapping[str, Any]) -> str:
    match element["type"]:
        case "rich_text_list":
            return "\n".join(f"- {_leaves(item['elements'])}" for item in element["elements"])
        case "rich_text_preformatted":
            lines = "".join(str(leaf.get("text", "")) for leaf in element["elements"]).split("\n")
            return "\n".join(fenced(lines, language=""))
        case "rich_text_quote":
            return f"> {_leaves(element['elements'])}"
        case _:
            return _leaves(element["elements"])


def _leaves(leaves: Sequence[Mapping[str, Any]]) -> str:
    """Return the leaves of one line, which may begin a paragraph."""
    return starting("".join(map(_leaf, leaves)).strip())


def _leaf(leaf: Mapping[str, Any]) -> str:
    match leaf["type"]:
        case "link":
            return link(str(leaf.get("text", "")), str(leaf["url"]))
        case "user":
            return code(str(leaf["user_id"]))
        case "date":
            return escaped(str(leaf.get("fallback", "")))
        case _:
            text = str(leaf.get("text", ""))
            return code(text) if leaf.get("style", {}).get("code") else kept(text)


def _cell(cell: Mapping[str, Any]) -> str:
    return escaped(str(cell["text"])) if "text" in cell else " ".join(map(_rich, cell["elements"]))
