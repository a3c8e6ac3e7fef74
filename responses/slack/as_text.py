"""Write blocks as plain text or as Markdown, and simplify a message that Slack refused.

Plain text is for places where Slack takes no blocks, Markdown for files: what a leaf says there never becomes a link,
an image, HTML or another line. A message that was refused is split into two halves, or its text is sent alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final

from responses.chronicle.markdown import code, escaped, fenced, kept, link, starting
from responses.slack import blocks
from responses.slack.message import Block, Message, Snippet, fallback, inert, unescape, visible_length, visible_texts


def as_text(blocks: Iterable[Block]) -> str:
    """Return the lines that a reader of the blocks sees; buttons are left out, since text cannot be pressed."""
    parts = (_said(block).strip("\n") for block in blocks)
    return "\n\n".join(part for part in parts if part.strip())


def _said(block: Mapping[str, Any]) -> str:
    try:
        return "\n".join(_Text().block(block))
    except (AttributeError, KeyError, TypeError):
        # A malformed block is written as its texts instead of being refused.
        return "\n".join(visible_texts(block))


def as_markdown(blocks: Iterable[Block]) -> str:
    """Return the Markdown of what a reader of the blocks sees, a paragraph each; buttons are left out."""
    parts = (part for block in blocks for part in _Markdown().block(block))
    return "\n\n".join(part for part in parts if part.strip())


class _Text:
    """What differs in Markdown is a method of its own."""

    def block(self, block: Mapping[str, Any]) -> list[str]:
        match block.get("type"):
            case "header":
                return [f"# {self.plain(block['text']['text'])}"]
            case "section":
                return [self.starting(self.plain(block["text"]["text"]))] if "text" in block else []
            case "context":
                texts = [self.plain(element["text"]) for element in block["elements"] if "text" in element]
                return [self.starting(" · ".join(texts))]
            case "rich_text":
                return [self.rich(element) for element in block["elements"]]
            case _:
                return []

    def rich(self, element: Mapping[str, Any]) -> str:
        match element["type"]:
            case "rich_text_list":
                return "\n".join(f"- {self.leaves(item['elements'])}" for item in element["elements"])
            case "rich_text_preformatted":
                return self.preformatted(element["elements"])
            case "rich_text_quote":
                return _indented(self.leaves(element["elements"]), "> ")
            case _:
                return self.leaves(element["elements"])

    def leaves(self, leaves: Sequence[Mapping[str, Any]]) -> str:
        return "".join(map(self.leaf, leaves))

    def leaf(self, leaf: Mapping[str, Any]) -> str:
        match leaf["type"]:
            case "link":
                return f"{leaf['text']}: {leaf['url']}" if "text" in leaf else str(leaf["url"])
            case "user":
                # An id in angle brackets would notify the person again.
                return f"@{leaf['user_id']}"
            case "channel":
                return f"#{leaf['channel_id']}"
            case "date":
                return self.plain(str(leaf.get("fallback", "")))
            case _:
                return str(leaf.get("text", ""))

    def plain(self, text: str) -> str:
        return str(text)

    def starting(self, line: str) -> str:
        return line

    def preformatted(self, leaves: Sequence[Mapping[str, Any]]) -> str:
        return _indented(self.leaves(leaves), "    ")


class _Markdown(_Text):
    def leaves(self, leaves: Sequence[Mapping[str, Any]]) -> str:
        # They may begin a paragraph.
        return starting(super().leaves(leaves).strip())

    def leaf(self, leaf: Mapping[str, Any]) -> str:
        text = str(leaf.get("text", ""))
        match leaf["type"]:
            case "link":
                return link(text, str(leaf["url"]))
            case "user":
                return code(str(leaf["user_id"]))
            case "channel":
                return code(str(leaf["channel_id"]))
            case "date":
                return super().leaf(leaf)
            case _:
                return code(text) if leaf.get("style", {}).get("code") else kept(text)

    def plain(self, text: str) -> str:
        return escaped(text)

    def starting(self, line: str) -> str:
        return starting(line)

    def preformatted(self, leaves: Sequence[Mapping[str, Any]]) -> str:
        return "\n".join(fenced("".join(str(leaf.get("text", "")) for leaf in leaves).split("\n"), language=""))


def _indented(text: str, by: str) -> str:
    return "\n".join(f"{by}{line}" for line in text.split("\n"))


_GOES_ON: Final = "…"


def text_only(message: Message) -> Message:
    """Return the message without blocks; what does not fit is in its file."""
    whole = as_text(message.blocks) or unescape(message.text)
    text = inert(whole.strip() or "–")
    is_all = text == inert(whole.strip() or "–", most_bytes=sys.maxsize)
    return Message(text=text, overflow=message.overflow if is_all else _led_by(whole, message.overflow))


def _led_by(whole: str, overflow: Snippet | None) -> Snippet:
    if overflow is None:
        return Snippet(name="answer.md", title="Casebook", content=f"{whole}\n")
    return replace(overflow, content=f"{whole}\n\n{overflow.content}")


def split_in_half(message: Message) -> tuple[Message, Message]:
    """Return the message as two of about half the length; buttons and file go with the second.

    The second half's notification has the first line of the whole, after an ellipsis. A single element cannot be split:
    its second half is then an ellipsis.
    """
    whole = _parted(message.blocks)
    cut = _middle([visible_length(block) for block in whole])
    first, second = _joined(whole[:cut]), _joined(whole[cut:])
    if not first or not second:
        first, second = tuple(message.blocks), (blocks.context(_GOES_ON),)
    headline = unescape(message.text.strip()).partition("\n")[0]
    return (
        Message(text=message.text, blocks=first),
        Message(text=fallback(f"{_GOES_ON} {headline}"), blocks=second, overflow=message.overflow),
    )


def _parted(whole: Sequence[Block]) -> list[Block]:
    """Return rich text as one block per element, so that a long one can be split."""
    parted: list[Block] = []
    for block in whole:
        if block["type"] == "rich_text":
            parted += [blocks.rich(element) for element in block["elements"]]
        else:
            parted.append(block)
    return parted


def _joined(parted: Sequence[Block]) -> tuple[Block, ...]:
    """Return neighbouring blocks of rich text as one: Slack limits the number of blocks too."""
    joined: list[Block] = []
    for block in parted:
        if joined and block["type"] == joined[-1]["type"] == "rich_text":
            joined[-1] = blocks.rich(*joined[-1]["elements"], *block["elements"])
        else:
            joined.append(block)
    return tuple(joined)


def _middle(sizes: Sequence[int]) -> int:
    """Return after how many pieces the halves differ least; with two or more pieces neither half is empty."""
    total, said = sum(sizes), list(accumulate(sizes))
    return min(range(1, max(2, len(sizes))), key=lambda count: abs(2 * said[count - 1] - total)) if sizes else 0
