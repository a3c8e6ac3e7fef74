"""Build the post of a group of alerts with its buttons, and the dialog and the state of a silence of these alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from intents.alerts.links import LONGEST_REASON, MINUTES, Matcher
from intents.domain import Language, Text
from responses import alert_words
from responses.overview import DIAGNOSE
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.message import Block, Message, View, fallback
from responses.slack.presses import Press, action_id

_HOUR: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceShown:
    """A silence to show: who silenced until when and why, whether it `stands`, and who ended it before."""

    by: str
    until: datetime
    reason: str
    stands: bool
    ended_by: str = ""


def silence_dialog(matchers: Sequence[Matcher], *, metadata: str, language: Language) -> View:
    """Return the dialog. It shows the matchers as they will be sent; `metadata` names the post and them."""

    def text(says: Text) -> str:
        return says.in_(language)

    shown = [
        blocks.rich(
            blocks.sentence(text(alert_words.COVERS)),
            blocks.bullets([[blocks.code(shown_line(str(one)))] for one in matchers]),
        ),
        blocks.select_input(
            text(alert_words.FOR),
            [(_duration(minutes, language), str(minutes)) for minutes in MINUTES],
            id=str(Press.SILENCE_FOR),
            placeholder=text(alert_words.FOR),
            initial=str(MINUTES[0]),
            optional=False,
        ),
        blocks.text_input(
            text(alert_words.WHY),
            id=str(Press.SILENCE_WHY),
            hint=text(alert_words.WHY_HINT),
            longest=LONGEST_REASON,
        ),
        blocks.context(text(alert_words.WHAT_HAPPENS)),
    ]
    return blocks.form(
        alert_words.TITLE, shown, submit=alert_words.SILENCE, press=Press.SILENCE, carries=metadata, language=language
    )


def silence_state(silence: SilenceShown | None, *, language: Language) -> Iterator[Block]:
    """Yield what a post says of its silence."""
    if silence is None:
        return
    form = alert_words.STANDS if silence.stands else alert_words.WAS
    until = f"{silence.until:%Y-%m-%d %H:%M}"
    says = form.in_(language).format(until, shown_line(silence.reason, limit=LONGEST_REASON))
    lines = [blocks.said_by(says, silence.by)]
    if silence.ended_by:
        lines.append(blocks.said_by(alert_words.ENDED.in_(language), silence.ended_by))
    yield blocks.rich(*lines)


def silence_button(silence: SilenceShown | None, *, post: str, language: Language) -> Element:
    """Return the button that silences, or that ends the silence."""
    stands = silence is not None and silence.stands
    label, press = (alert_words.END, Press.SILENCE_END) if stands else (alert_words.SILENCE, Press.SILENCE)
    return blocks.button(label.in_(language), action_id=action_id(press), value=post)


def _duration(minutes: int, language: Language) -> str:
    hours = minutes // _HOUR
    says, count = (alert_words.HOURS, hours) if hours else (alert_words.MINUTES, minutes)
    return says.in_(language).format(count)


_ADDRESS: Final = re.compile(r"https?://[^\s<>|]+")
_LONGEST: Final = 600
_MOST_DONE: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyDone:
    """A remedy that was applied: its action, its target, and who confirmed it."""

    action: str
    target: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsShown:
    """The alerts of a post by name, with their cause, since when they fire, and their silence."""

    names: Mapping[str, int]
    cause: str
    since: datetime | None
    link: str
    silence: SilenceShown | None = None


def firing_message(
    alerts: AlertsShown, *, diagnosis: Sequence[Block], diagnose: str = "", silences: str = "", language: Language
) -> Message:
    """Return the post while alerts fire; `diagnosis` are the blocks of its answer.

    `diagnose` is the value of the button that leads to the whole diagnosis, `silences` that of the button that silences
    the alerts; "" for no button.
    """
    says = alert_words.firing_line(alerts.names, alerts.since, language)
    below = [*silence_state(alerts.silence, language=language)]
    buttons = []
    if diagnose:
        buttons.append(blocks.button(DIAGNOSE.in_(language), action_id=action_id(Press.DIAGNOSE), value=diagnose))
    if silences:
        buttons.append(silence_button(alerts.silence, post=silences, language=language))
    if buttons:
        below.append(blocks.actions(*buttons))
    head = _head(says, alerts.link, language)
    return Message(text=fallback(says, alerts.cause), blocks=(head, *diagnosis, *below))


def resolved_message(
    alerts: AlertsShown, *, ended: datetime | None, done: Sequence[RemedyDone] = (), language: Language
) -> Message:
    """Return the post once all alerts are resolved, with what was `done` meanwhile."""
    lasted = ended - alerts.since if ended and alerts.since else None
    says, what = alert_words.resolved_line(alerts.names, lasted, language), shown_line(alerts.cause, limit=_LONGEST)
    body = (blocks.rich(blocks.sentence(what)),) if what else ()
    if done:
        body = (*body, blocks.rich(*(_applied(one, language) for one in done[:_MOST_DONE])))
    if alerts.silence is not None:
        body = (*body, *silence_state(replace(alerts.silence, stands=False), language=language))
    return Message(text=fallback(says, what), blocks=(_head(says, alerts.link, language), *body))


def _head(says: str, link: str, language: Language) -> Block:
    leaves: list[Leaf] = [blocks.bold(says)]
    address = shown_line(link, limit=_LONGEST)
    if _ADDRESS.fullmatch(address):
        leaves += [blocks.text(" · "), blocks.link(address, alert_words.OPEN.in_(language))]
    return blocks.rich(blocks.line(*leaves))


def _applied(done: RemedyDone, language: Language) -> Element:
    return blocks.said_by(alert_words.DONE.in_(language).format(done.action, shown_line(done.target)), done.by)
