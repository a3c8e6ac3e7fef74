"""Build short messages: no answer, already answered, muted, a refusal.

Most are ephemeral, shown to one person; none of them should notify a channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.domain import Language, Text
from responses import words
from responses.sentences import capitalised, finished, in_a_row
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element
from responses.slack.message import Message
from responses.slack.mrkdwn import fallback
from responses.slack.presses import Press, action_id

_SAYS: Final = 1_500
_MUTED_SHOWN: Final = 20


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
    text = finished(capitalised(shown_line(says.in_(language), limit=_SAYS)), language)
    return _message(fallback(text), blocks.line(blocks.text(text)))


def not_done(says: Text, *, language: Language) -> Message:
    """Return why a button press changed nothing, for the person who pressed.

    Another person's press may have changed something.
    """
    text = finished(capitalised(shown_line(says.in_(language), limit=_SAYS)), language)
    nothing = words.PRESS_CHANGED_NOTHING.in_(language)
    return _message(
        fallback(in_a_row(text, nothing, language=language)),
        blocks.line(blocks.text(f"🚫 {text}")),
        blocks.line(blocks.text(nothing, italic=True)),
    )


def answered_before(permalink: str, count: int, *, language: Language, anyway_value: str = "") -> Message:
    """Return where in this channel the same was answered, and how often it was asked.

    `anyway_value` is the value of the button that asks for an answer of one's own, "" for no button.
    """
    says = words.ANSWERED_BEFORE.in_(language).format(count)
    address, to = shown_line(permalink), words.THE_ANSWER.in_(language)
    message = _message(fallback(f"{says}{address}"), blocks.line(blocks.text(says), blocks.link(address, to)))
    if not anyway_value:
        return message
    label = words.DIAGNOSE_ANYWAY.in_(language)
    button = blocks.actions(blocks.button(label, action_id=action_id(Press.ANYWAY), value=anyway_value))
    return Message(text=message.text, blocks=(*message.blocks, button))


def muted(title: Text, *, language: Language, unmute_value: str = "") -> Message:
    """Return that an incident is muted.

    `title` is the incident's; `unmute_value` is the value of the Unmute button, "" for no button.
    """
    says = words.MUTED.in_(language).format(shown_line(title.in_(language), limit=300))
    message = _message(fallback(says), blocks.line(blocks.text(says)))
    if not unmute_value:
        return message
    label = words.UNMUTE.in_(language)
    undo = blocks.actions(blocks.button(label, action_id=action_id(Press.UNMUTE), value=unmute_value))
    return Message(text=message.text, blocks=(*message.blocks, undo))


def unmuted(title: Text, *, language: Language) -> Message:
    """Return that an incident is unmuted."""
    says = words.UNMUTED.in_(language).format(shown_line(title.in_(language), limit=300))
    return _message(fallback(says), blocks.line(blocks.text(says)))


def all_muted(incidents: Sequence[tuple[str, Text]], *, language: Language) -> Message:
    """Return what is muted in a channel: (incident id, title) each."""
    if not incidents:
        return notice(words.NONE_MUTED, language=language)
    says = words.ALL_MUTED.in_(language).format(len(incidents))
    items = [
        [blocks.code(shown_line(incident, limit=200)), blocks.text(f" {shown_line(title.in_(language), limit=200)}")]
        for incident, title in incidents[:_MUTED_SHOWN]
    ]
    elements = [blocks.line(blocks.text(says)), blocks.bullets(items)]
    if len(incidents) > _MUTED_SHOWN:
        more = words.MORE.in_(language).format(len(incidents) - _MUTED_SHOWN)
        elements.append(blocks.line(blocks.text(more, italic=True)))
    return _message(fallback(says), *elements)


def _message(text: str, *elements: Element) -> Message:
    return Message(text=text, blocks=(blocks.rich(*elements),))
