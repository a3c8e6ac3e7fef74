"""Simplify a message that Slack refused: split it into two halves, or send its text alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from responses.slack import blocks
from responses.slack.as_text import as_text
from responses.slack.lengths import visible_length
from responses.slack.message import Block, Message, Snippet
from responses.slack.mrkdwn import fallback, inert, unescape

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
