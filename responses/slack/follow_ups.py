"""Build the replies to follow-ups: a link to the answer above, or what changed since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.domain import Language
from responses.follow_ups import ANSWERED_ABOVE, CHECK_AGAIN, EARLIER
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback

_LINE: Final = 600


def answered_above(link: str, *, language: Language) -> Message:
    """Return where in this thread the answer is."""
    says, again = ANSWERED_ABOVE.in_(language), CHECK_AGAIN.in_(language)
    earlier, address = EARLIER.in_(language), shown_line(link)
    line = blocks.line(blocks.text(says), blocks.link(address, earlier), blocks.text(again))
    return Message(text=fallback(f"{says}{earlier}{again}", address), blocks=(blocks.rich(line),))


def changed_since(lines: Sequence[str], *, sign: str, link: str, language: Language) -> Message:
    """Return what changed since the earlier answer, with a link to it."""
    head, *rest = [blocks.cut(line, _LINE) for line in lines]
    elements = [blocks.line(blocks.text(f"{sign} "), blocks.bold(head))]
    elements += [blocks.line(blocks.text(line)) for line in rest]
    if link:
        elements.append(blocks.line(blocks.link(shown_line(link), EARLIER.in_(language))))
    return Message(text=fallback(f"{sign} {head}", *rest), blocks=(blocks.rich(*elements),))
