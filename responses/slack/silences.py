"""Build the dialog that silences alerts, and what a post about alerts says of its silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from intents.alerts.silences import LONGEST_REASON, MINUTES, Matcher
from intents.domain import Language, Text
from responses import silence_words, words
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element
from responses.slack.message import Block, View
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

    return blocks.modal(
        text(silence_words.TITLE),
        [
            blocks.rich(
                blocks.line(blocks.text(text(silence_words.COVERS))),
                blocks.bullets([[blocks.code(shown_line(str(one)))] for one in matchers]),
            ),
            blocks.select_input(
                text(silence_words.FOR),
                [(_duration(minutes, language), str(minutes)) for minutes in MINUTES],
                block_id=str(Press.SILENCE_FOR),
                action_id=str(Press.SILENCE_FOR),
                placeholder=text(silence_words.FOR),
                initial=str(MINUTES[0]),
                optional=False,
            ),
            blocks.text_input(
                text(silence_words.WHY),
                block_id=str(Press.SILENCE_WHY),
                action_id=str(Press.SILENCE_WHY),
                hint=text(silence_words.WHY_HINT),
                longest=LONGEST_REASON,
            ),
            blocks.context(text(silence_words.WHAT_HAPPENS)),
        ],
        close=text(words.CANCEL),
        submit=text(silence_words.SILENCE),
        callback_id=str(Press.SILENCE),
        private_metadata=metadata,
    )


def silence_state(silence: SilenceShown | None, *, language: Language) -> Iterator[Block]:
    """Yield what a post says of its silence."""
    if silence is None:
        return
    form = silence_words.STANDS if silence.stands else silence_words.WAS
    until = f"{silence.until:%Y-%m-%d %H:%M}"
    says = form.in_(language).format(until, shown_line(silence.reason, limit=LONGEST_REASON))
    lines = [blocks.line(blocks.text(says), blocks.user(silence.by))]
    if silence.ended_by:
        lines.append(blocks.line(blocks.text(silence_words.ENDED.in_(language)), blocks.user(silence.ended_by)))
    yield blocks.rich(*lines)


def silence_button(silence: SilenceShown | None, *, post: str, language: Language) -> Element:
    """Return the button that silences, or that ends the silence."""
    stands = silence is not None and silence.stands
    label, press = (silence_words.END, Press.SILENCE_END) if stands else (silence_words.SILENCE, Press.SILENCE)
    return blocks.button(label.in_(language), action_id=action_id(press), value=post)


def _duration(minutes: int, language: Language) -> str:
    hours = minutes // _HOUR
    says, count = (silence_words.HOURS, hours) if hours else (silence_words.MINUTES, minutes)
    return says.in_(language).format(count)
