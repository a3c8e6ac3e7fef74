"""Build the post about alerts of one cause: the alerts above the diagnosis; when resolved, what it was and how long."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from intents.domain import Language
from responses import alert_groups as words
from responses.overview import DIAGNOSE
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element, Leaf
from responses.slack.message import Block, Message
from responses.slack.mrkdwn import fallback
from responses.slack.presses import Press, action_id
from responses.slack.silences import SilenceShown, silence_button, silence_state

_ADDRESS: Final = re.compile(r"https?://[^\s<>|]+")
_LONGEST: Final = 600
_MOST_DONE: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyDone:
    """A remedy that was applied: its action, its target, and who confirmed it."""

    action: str
    target: str
    by: str


def firing_message(
    names: Mapping[str, int],
    *,
    cause: str,
    diagnosis: Sequence[Block],
    since: datetime | None,
    link: str,
    silence: SilenceShown | None = None,
    diagnose: str = "",
    silences: str = "",
    language: Language,
) -> Message:
    """Return the post while alerts fire; `diagnosis` are the blocks of its answer.

    `diagnose` is the value of the button that leads to the whole diagnosis, `silences` that of the button that silences
    the alerts; "" for no button.
    """
    says = words.firing_line(names, since, language)
    below = [*silence_state(silence, language=language)]
    buttons = []
    if diagnose:
        buttons.append(blocks.button(DIAGNOSE.in_(language), action_id=action_id(Press.DIAGNOSE), value=diagnose))
    if silences:
        buttons.append(silence_button(silence, post=silences, language=language))
    if buttons:
        below.append(blocks.actions(*buttons))
    return Message(text=fallback(says, cause), blocks=(_head(says, link, language), *diagnosis, *below))


def resolved_message(
    names: Mapping[str, int],
    *,
    cause: str,
    since: datetime | None,
    ended: datetime | None,
    link: str,
    silence: SilenceShown | None = None,
    done: Sequence[RemedyDone] = (),
    language: Language,
) -> Message:
    """Return the post once all alerts are resolved, with what was `done` meanwhile."""
    lasted = ended - since if ended and since else None
    says, what = words.resolved_line(names, lasted, language), shown_line(cause, limit=_LONGEST)
    body = (blocks.rich(blocks.line(blocks.text(what))),) if what else ()
    if done:
        body = (*body, blocks.rich(*(_applied(one, language) for one in done[:_MOST_DONE])))
    if silence is not None:
        body = (*body, *silence_state(replace(silence, stands=False), language=language))
    return Message(text=fallback(says, what), blocks=(_head(says, link, language), *body))


def _head(says: str, link: str, language: Language) -> Block:
    leaves: list[Leaf] = [blocks.bold(says)]
    address = shown_line(link, limit=_LONGEST)
    if _ADDRESS.fullmatch(address):
        leaves += [blocks.text(" · "), blocks.link(address, words.OPEN.in_(language))]
    return blocks.rich(blocks.line(*leaves))


def _applied(done: RemedyDone, language: Language) -> Element:
    says = words.DONE.in_(language).format(done.action, shown_line(done.target))
    return blocks.line(blocks.text(says), blocks.user(done.by))
