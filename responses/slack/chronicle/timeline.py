"""What happened, in order: when, what, who, and a link; the newest of it where not all of it fits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from intents.chronicle.timeline import TimelineEntry
from intents.domain import Language
from responses.chronicle import words
from responses.chronicle.spans import Clock, Words
from responses.chronicle.telling import Telling, line
from responses.slack import blocks, limits
from responses.slack.blocks import Leaf
from responses.slack.chronicle.leaves import NO_NAMES, Leaves, Names, Permalink
from responses.slack.measuring import visible
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback

_MOMENTS: Final = 60
# Room for the title and for how many are left out.
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
    """The newest moments that fit, oldest first, and how many there are besides. `names`, `mention` as in `Leaves`."""
    leaves = Leaves(permalink=permalink, names=names, now=now, mention=mention)
    telling = Telling(language)
    kept: list[list[Leaf]] = []
    room = limits.BUDGET_VISIBLE - _NOTES
    for moment in reversed(moments[-_MOMENTS:]):
        told = told_moment(moment, telling, leaves)
        room -= visible(told)
        if room < 0:
            break
        kept.append(told)
    title = f"🕒 {words.TIMELINE.in_(language)} · #{line(name, 80)}"
    elements = []
    if left := len(moments) - len(kept):
        elements.append(blocks.line(blocks.text(words.EARLIER.in_(language).format(left), italic=True)))
    if kept:
        elements.append(blocks.bullets(reversed(kept)))
    else:
        elements.append(blocks.line(blocks.text(words.NOTHING_YET.in_(language))))
    return Message(text=fallback(title), blocks=(blocks.header(title), blocks.rich(*elements)))


def told_moment(moment: TimelineEntry, telling: Telling, leaves: Leaves) -> list[Leaf]:
    """12:04 what happened ×3 — who ↗ · done 12:08 ↗"""
    what = (Clock(moment.at), Words(text=" "), *telling.happened(moment), *telling.by(moment.fact))
    return [*leaves.linked(what, moment.fact), *leaves.of(telling.settled(moment))]
