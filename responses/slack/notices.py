"""Build short messages: no answer, already answered, muted, a refusal.

Most are ephemeral, shown to one person; none of them should notify a channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intents.domain import Language, Text
from responses import words
from responses.sentences import finished, in_a_row, whole
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.blocks import Element, Leaf, fit_groups
from responses.slack.message import Message, fallback
from responses.slack.presses import Press, action_id

_SAYS: Final = 1_500
_MUTED_SHOWN: Final = 20
# The sentences before and after a list of mutes.
_AROUND_MUTES: Final = 200


def failed(reason: Text, *, language: Language) -> Message:
    """Return why there is no answer, for the place where one was expected.

    `reason` is a sentence of `responses.failures`.
    """
    says = finished(shown_line(reason.in_(language), limit=_SAYS), language)
    title, colon = words.NO_ANSWER.in_(language), words.COLON.in_(language)
    return _message(
        fallback(f"{title}{colon}{says}"),
        blocks.line(blocks.text("⚠️ "), blocks.bold(title), blocks.text(f"{colon}{says or '–'}")),
    )


def notice(says: Text, *, language: Language) -> Message:
    """Return one sentence to one person: a refusal or a hint."""
    text = whole(says, language, limit=_SAYS)
    return _message(fallback(text), blocks.sentence(text))


def not_done(says: Text, *, language: Language) -> Message:
    """Return why a button press changed nothing, for the person who pressed.

    Another person's press may have changed something.
    """
    text = whole(says, language, limit=_SAYS)
    nothing = words.PRESS_CHANGED_NOTHING.in_(language)
    return _message(
        fallback(in_a_row(text, nothing, language=language)),
        blocks.sentence(f"🚫 {text}"),
        blocks.sentence(nothing, italic=True),
    )


def answered_before(permalink: str, count: int, *, language: Language, anyway_value: str = "") -> Message:
    """Return where in this channel the same was answered, and how often it was asked.

    `anyway_value` is the value of the button that asks for an answer of one's own, "" for no button.
    """
    says = words.ANSWERED_BEFORE.in_(language).format(count)
    address, to = shown_line(permalink), words.THE_ANSWER.in_(language)
    shown = [blocks.rich(blocks.line(blocks.text(says), blocks.link(address, to)))]
    if anyway_value:
        label = words.DIAGNOSE_ANYWAY.in_(language)
        shown.append(blocks.actions(blocks.button(label, action_id=action_id(Press.ANYWAY), value=anyway_value)))
    return Message(text=fallback(f"{says}{address}"), blocks=tuple(shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteShown:
    """A mute to show. `muted` is its key, `title` that of its incident, else the object; `until` None is for ever."""

    muted: str
    title: Text
    by: str
    until: datetime | None
    reason: str = ""


def muted(mute: MuteShown, *, language: Language) -> Message:
    """Return that something is muted from now on."""
    says = words.MUTED.in_(language).format(shown_line(mute.title.in_(language), limit=300), _until(mute, language))
    return _message(fallback(says), blocks.sentence(says))


def unmuted(title: Text, *, language: Language) -> Message:
    """Return that something is unmuted."""
    says = words.UNMUTED.in_(language).format(shown_line(title.in_(language), limit=300))
    return _message(fallback(says), blocks.sentence(says))


def all_muted(mutes: Sequence[MuteShown], *, language: Language) -> Message:
    """Return what is muted in a channel, by whom, until when and why."""
    if not mutes:
        return notice(words.NONE_MUTED, language=language)
    says = words.ALL_MUTED.in_(language).format(len(mutes))
    items = [[blocks.bullets([mute_leaves(mute, language)])] for mute in mutes[:_MUTED_SHOWN]]
    kept, _ = fit_groups(items, limits.BUDGET_VISIBLE - _AROUND_MUTES)
    left = blocks.left_out(len(mutes) - len(kept), language)
    return _message(fallback(says), blocks.sentence(says), *kept, *left)


def mute_leaves(mute: MuteShown, language: Language) -> list[Leaf]:
    """Return the line of a mute: what, by whom, until when and why."""
    title, why = shown_line(mute.title.in_(language), limit=80), shown_line(mute.reason, limit=120)
    described = f" {title} · " if title != mute.muted else " · "
    after = "".join(f" · {each}" for each in (_until(mute, language), why) if each)
    return [
        blocks.code(shown_line(mute.muted, limit=180)),
        blocks.text(described),
        blocks.user(mute.by),
        blocks.text(after),
    ]


def _until(mute: MuteShown, language: Language) -> str:
    if mute.until is None:
        return words.FOR_EVER.in_(language)
    return words.UNTIL.in_(language).format(f"{mute.until:%Y-%m-%d %H:%M} UTC")


def _message(text: str, *elements: Element) -> Message:
    return Message(text=text, blocks=(blocks.rich(*elements),))
