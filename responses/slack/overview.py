"""Build the messages of overviews: everything that is unhealthy in a namespace or a cluster, once or watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from intents.domain import Language, ObjectRef, Text, Verdict
from intents.mutes import POSTED_AFTER
from intents.overview import Overview, OverviewChange, OverviewFinding
from intents.templates import duration
from responses import overview as overviews
from responses import words
from responses.overview import SafeChange, SafeOverview
from responses.shown import shown_line, shown_value
from responses.slack import blocks
from responses.slack.blocks import Element, Part, fit_parts
from responses.slack.choices import diagnose_row
from responses.slack.message import Block, Message, fallback
from responses.slack.presses import Press, action_id, choice_value

# What a report says of causes that are gone.
_GONE: Final = 10
# Further causes have less impact; the command line lists them all.
_SHOWN: Final = 15


def overview_message(overview: SafeOverview, *, language: Language) -> Message:
    """Return the message of an overview, the cause with the most impact first."""
    shown: Overview = shown_value(overview)
    below = partial(_below, shown, language)
    return _message(overviews.heading(shown, language), shown.findings, shown, below, language)


def change_message(change: SafeChange, *, language: Language) -> Message:
    """Return the message of a scheduled report: the new causes, those that are gone, the number of all others."""
    shown: OverviewChange = shown_value(change)
    below = partial(_below_change, shown, language)
    return _message(overviews.change_heading(shown, language), shown.new, shown, below, language)


def _message(
    heading: str,
    findings: Sequence[OverviewFinding],
    shown: Overview | OverviewChange,
    below: Callable[[int], Iterator[str]],
    language: Language,
) -> Message:
    parts = [Part(rank=0, blocks=(blocks.header(heading),))]
    for index, finding in enumerate(findings[:_SHOWN]):
        parts.append(Part(rank=index + 1, blocks=_finding(finding, shown, index, language)))
    fitted, _ = fit_parts(parts)
    left = len(findings) - sum(block["type"] == "section" for block in fitted)
    last = tuple(blocks.context(says) for says in below(left) if says)
    told = [overviews.cause(finding, language) for finding in findings[:1]]
    return Message(text=fallback(heading, *told), blocks=(*fitted, *last))


def _finding(
    finding: OverviewFinding, shown: Overview | OverviewChange, index: int, language: Language
) -> tuple[Block, ...]:
    says = f"{overviews.verdict(finding, language)} · {overviews.cause(finding, language)}"
    impact = overviews.impact(finding, shown, language)
    row = diagnose_row(says, finding.asked, index, cluster=shown.cluster, language=language)
    return row, *([blocks.context(impact)] if impact else [])


def _below(shown: Overview, language: Language, left: int) -> Iterator[str]:
    if left > 0:
        yield overviews.MORE_CAUSES.in_(language).format(left, overviews.command(shown))
    yield overviews.muted(shown, language)
    yield overviews.gaps(shown, language)
    yield overviews.read(shown, language)


def _below_change(shown: OverviewChange, language: Language, left: int) -> Iterator[str]:
    if left > 0:
        yield words.MORE.in_(language).format(left)
    for gone in shown.gone[:_GONE]:
        yield overviews.GONE.in_(language).format(gone)
    if (more := len(shown.gone) - _GONE) > 0:
        yield words.MORE.in_(language).format(more)
    if shown.before:
        yield overviews.AS_BEFORE.in_(language).format(shown.before)
    yield overviews.muted(shown, language)
    yield overviews.gaps(shown, language)


_SAYS: Final = 600
# A message has at most fifty blocks.
_LINES: Final = 25
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)

OVER: Final = Text(en="Over after {}: {}", zh="已恢复，持续 {}：{}")
OVER_AFTER: Final = Text(en=" – over after {}", zh=" – 已恢复，持续 {}")
MORE_CAUSES: Final = Text(en="{} more confirmed causes", zh="另有 {} 个已确认的原因")
ONE_MORE_CAUSE: Final = Text(en="1 more confirmed cause", zh="另有 1 个已确认的原因")
ALL_OVER: Final = Text(en="all over", zh="均已恢复")
STILL: Final = Text(en="{} not over", zh="{} 个未恢复")
BUDGET: Final = Text(
    en="This channel gets at most {} posts of the watch an hour; further causes are listed here.",
    zh="此频道每小时最多收到 {} 条监视消息；其余原因列于此处。",
)
MUTE: Final = Text(en="Mute for 7 days", zh="静音 7 天")
ONLY_AFTER: Final = Text(en="Post only after {}", zh="持续 {}后才发布")
MINUTES: Final = Text(en="{} minutes", zh="{} 分钟")
ONE_HOUR: Final = Text(en="1 hour", zh="1 小时")
AS_USUAL: Final = Text(en="Post after the usual time", zh="按默认时间发布")
CHOSEN: Final = Text(en="Posted in this channel only after {}, chosen by ", zh="此频道仅在持续 {}后发布，操作人：")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedCause:
    """A cause to show. `says` is safe and in the channel's language; `asked` leads to the diagnosis.

    `lasted` is set once it is over. `muted_by` muted its incident; `later_by` chose that it is posted only after
    `later`.
    """

    says: str
    asked: ObjectRef
    cluster: str
    incident: str
    lasted: timedelta | None = None
    muted_by: str = ""
    later_by: str = ""
    later: timedelta | None = None


def watch_message(cause: WatchedCause, diagnosis: Message, *, language: Language) -> Message:
    """Return the post of one cause: `diagnosis` while it lasts, then how long that was; and what people can press."""
    below = (*_states(cause, language), *_controls(cause, language))
    if cause.lasted is None:
        return Message(text=diagnosis.text, blocks=(*diagnosis.blocks, *below))
    says = OVER.in_(language).format(_time(cause.lasted), shown_line(cause.says, limit=_SAYS))
    return Message(text=fallback(says), blocks=(blocks.rich(blocks.sentence(says)), *below))


def digest_message(causes: Sequence[WatchedCause], *, budget: int, language: Language) -> Message:
    """Return the digest: a line for each cause, struck once it is over, and a button that leads to its diagnosis."""
    head = ONE_MORE_CAUSE if len(causes) == 1 else MORE_CAUSES
    lasting = sum(cause.lasted is None for cause in causes)
    state = ALL_OVER.in_(language) if not lasting else STILL.in_(language).format(lasting)
    heading = f"{head.in_(language).format(len(causes))} · {state}"
    # Those that last are what a reader needs.
    shown = sorted(causes, key=lambda cause: cause.lasted is not None)[:_LINES]
    body = [_line(cause, index, language) for index, cause in enumerate(shown)]
    if more := len(causes) - len(shown):
        body.append(blocks.context(words.MORE.in_(language).format(more)))
    last = blocks.context(BUDGET.in_(language).format(budget))
    return Message(text=fallback(heading), blocks=(blocks.header(heading), *body, last))


def _line(cause: WatchedCause, index: int, language: Language) -> Block:
    says = shown_line(cause.says, limit=_SAYS)
    if cause.lasted is not None:
        # No sign: red is for what lasts.
        after = OVER_AFTER.in_(language).format(_time(cause.lasted))
        return blocks.rich(blocks.line(blocks.text(says, strike=True), blocks.text(after)))
    confirmed = f"{words.SIGNS[Verdict.CONFIRMED]} {words.verdict_word(Verdict.CONFIRMED, language)}"
    return diagnose_row(f"{confirmed} · {says}", cause.asked, index, cluster=cause.cluster, language=language)


def _states(cause: WatchedCause, language: Language) -> Iterator[Block]:
    lines: list[Element] = []
    if cause.muted_by:
        lines.append(blocks.said_by(words.MUTED_BY.in_(language), cause.muted_by, italic=True))
    if cause.later_by and cause.later is not None:
        says = CHOSEN.in_(language).format(_chosen(cause.later, language))
        lines.append(blocks.said_by(says, cause.later_by, italic=True))
    if lines:
        yield blocks.rich(*lines)


def _controls(cause: WatchedCause, language: Language) -> Iterator[Block]:
    """Yield the buttons; once it is over only those that undo what was chosen."""
    label, press = (words.UNMUTE_HERE, Press.WATCH_UNMUTE) if cause.muted_by else (MUTE, Press.WATCH_MUTE)
    elements = []
    if cause.muted_by or cause.lasted is None:
        elements.append(blocks.button(label.in_(language), action_id=action_id(press), value=cause.incident))
    if cause.later_by or cause.lasted is None:
        options = [
            (
                ONLY_AFTER.in_(language).format(_chosen(each, language)),
                choice_value(Press.WATCH_LATER, str(each // _MINUTE)),
            )
            for each in POSTED_AFTER
            if not (cause.later_by and each == cause.later)
        ]
        if cause.later_by:
            options.append((AS_USUAL.in_(language), choice_value(Press.WATCH_USUAL, cause.incident)))
        elements.append(blocks.overflow(options, action_id=action_id(Press.MORE)))
    if elements:
        yield blocks.actions(*elements)


def _time(lasted: timedelta) -> str:
    return duration(max(lasted.total_seconds(), 0.0))


def _chosen(time: timedelta, language: Language) -> str:
    return ONE_HOUR.in_(language) if time == _HOUR else MINUTES.in_(language).format(time // _MINUTE)
