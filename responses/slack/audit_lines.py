"""Build the audit line of a remedy: what was done to what, by whom, with which result.

It is posted in the audit channel and, unless the answer shows a fix, in the thread of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Language, ObjectRef
from responses import words
from responses.follow_ups import ANSWERED_ABOVE, CHECK_AGAIN, EARLIER
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Leaf
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback
from responses.slack.remedy_states import RemedyShown, headline, remedy_line


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A remedy with its cluster and target. `link` leads to the answer, "" where the line is posted beside it."""

    shown: RemedyShown
    cluster: str
    target: ObjectRef
    link: str = ""


def audit_message(entry: AuditLine, *, language: Language) -> Message:
    """Return the line as a message; object, cluster and time let a later reader find related events."""
    target, cluster = shown_line(str(entry.target), limit=600), shown_line(entry.cluster, limit=300)
    about: list[Leaf] = [blocks.text(" · "), blocks.code(target), blocks.text(" · "), blocks.code(cluster)]
    lines = remedy_line(entry.shown, language=language, about=about)
    if entry.link:
        lines.append(blocks.line(blocks.link(shown_line(entry.link), words.THE_ANSWER.in_(language))))
    text = fallback(headline(entry.shown, language), f"{target} · {cluster}")
    return Message(text=text, blocks=(blocks.rich(*lines),))


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
