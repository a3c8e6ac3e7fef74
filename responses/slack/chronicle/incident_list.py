"""Build the list of incidents that a person asked for: the channel, its status and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from intents.chronicle.facts import IncidentStatus
from intents.domain import Language, Text
from intents.templates import duration
from responses import words
from responses.chronicle import incident_words
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.message import Message, fallback
from responses.slack.notices import notice
from responses.slack.sheets import AGO

_NONE: Final = Text(
    en="No open incidents that you can see here, and none was resolved in the last three days.",
    zh="没有您在此可见的进行中的故障，最近三天也没有已恢复的故障。",
)
_HEADING: Final = Text(en="Incidents: {} open, {} resolved lately", zh="故障：{} 个进行中，{} 个近期已恢复")
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident: its channel, the link to it, its status, and how long it has been open or resolved."""

    name: str
    address: str
    status: IncidentStatus
    ago: timedelta

    @property
    def is_over(self) -> bool:
        return self.status is IncidentStatus.RESOLVED


def incident_list_message(rows: Sequence[IncidentRow], *, left: int, language: Language) -> Message:
    """Return the list; `left` more are not in it."""
    if not rows:
        return notice(_NONE, language=language)
    over = sum(row.is_over for row in rows)
    heading = _HEADING.in_(language).format(len(rows) - over, over)
    items = []
    lines = []
    for row in rows:
        sign, status = incident_words.STANDINGS[row.status]
        name = f"#{shown_line(row.name, limit=_LONGEST)}"
        lasts = (AGO if row.is_over else words.SINCE).in_(language).format(duration(int(row.ago.total_seconds())))
        after = f" · {status.in_(language)} · {lasts}"
        there = blocks.link(shown_line(row.address), name) if row.address else blocks.bold(name)
        items.append([blocks.text(f"{sign} "), there, blocks.text(after)])
        lines.append(f"{sign} {name}{after}")
    elements = [blocks.sentence(heading, bold=True), blocks.bullets(items), *blocks.left_out(left, language)]
    return Message(text=fallback(heading, *lines), blocks=(blocks.rich(*elements),))
