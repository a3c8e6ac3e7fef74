"""Build the audit line of a remedy: what was done to what, by whom, with which result.

It is posted in the audit channel and, unless the answer shows a fix, in the thread of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from intents.domain import Language, ObjectRef
from responses import words
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
