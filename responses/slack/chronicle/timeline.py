"""Build the timeline message: when, what, who, and a link; the newest moments if not all fit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language
from responses.chronicle import incident_words
from responses.chronicle.fact_formatter import FactFormatter, line
from responses.chronicle.spans import TextSpan, Timestamp
from responses.slack import blocks, limits
from responses.slack.blocks import Leaf
from responses.slack.chronicle.leaves import NO_NAMES, LeafWriter, Names, Permalink
from responses.slack.lengths import visible_length
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback

_MOMENTS: Final = 60
# Room for the title and the count of what is left out.
_NOTES: Final = 400


def timeline_message(
    moments: Sequence[TimelineEntry],
    *,
    name: str,
    now: datetime,
    language: Language,
    permalink: Permalink,
    names: Names = NO_NAMES,
    mention: bool = True,
) -> Message:
    """Return the newest moments that fit, oldest first, and how many more there are.

    `names` and `mention` as in `LeafWriter`.
    """
    leaves = LeafWriter(permalink=permalink, names=names, now=now, mention=mention)
    formatter = FactFormatter(language)
    kept: list[list[Leaf]] = []
    room = limits.BUDGET_VISIBLE - _NOTES
    for moment in reversed(moments[-_MOMENTS:]):
        shown = moment_leaves(moment, formatter, leaves)
        room -= visible_length(shown)
        if room < 0:
            break
        kept.append(shown)
    title = f"🕒 {incident_words.TIMELINE.in_(language)} · #{line(name, 80)}"
    elements = []
    if left := len(moments) - len(kept):
        elements.append(blocks.line(blocks.text(incident_words.EARLIER.in_(language).format(left), italic=True)))
    if kept:
        elements.append(blocks.bullets(reversed(kept)))
    else:
        elements.append(blocks.line(blocks.text(incident_words.NOTHING_YET.in_(language))))
    return Message(text=fallback(title), blocks=(blocks.header(title), blocks.rich(*elements)))


def moment_leaves(moment: TimelineEntry, formatter: FactFormatter, leaves: LeafWriter) -> list[Leaf]:
    """Return 12:04 what happened ×3 — who ↗ · done 12:08 ↗."""
    what = (Timestamp(moment.at), TextSpan(text=" "), *formatter.moment(moment), *formatter.attribution(moment.fact))
    return [*leaves.with_link(what, moment.fact), *leaves.line(formatter.outcome_of_moment(moment))]
