"""Build the message for who asks for an action in words: nothing is done by words, a button leads to the preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intents.domain import Language, Text
from responses.sentences import whole
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.controls import RemedyButton, pressed_parts, remedy_element
from responses.slack.message import Message, fallback
from responses.slack.remedy_states import RemedyShown

_SAYS: Final = 600
_PRESS: Final = Text(
    en="Nothing is changed yet: the button shows what would change, and you confirm it there.",
    zh="尚未做任何更改：按钮会先显示变更预览，确认后才执行。",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedAction:
    """The object and its state in one line, the button, or `why` there is none; `states` are what came of presses."""

    says: Text
    cluster: str = ""
    button: RemedyButton | None = None
    why: tuple[Text, ...] = ()
    states: Sequence[RemedyShown] = ()


def offered_action(shown: OfferedAction, *, language: Language) -> Message:
    """Return the message; a button that was pressed is not offered again."""
    pressed = {state.plan_id for state in shown.states}
    button = shown.button if shown.button and shown.button.plan_id not in pressed else None
    head = shown_line(shown.says.in_(language), limit=_SAYS)
    below = [whole(one, language, limit=_SAYS) for one in shown.why]
    if button:
        below.append(_PRESS.in_(language))
    parts = [blocks.rich(blocks.sentence(head, bold=True), *map(blocks.sentence, below))]
    for part in pressed_parts(shown.states, cluster=shown.cluster, language=language):
        parts += part.blocks
    if button:
        parts.append(blocks.actions(remedy_element(button, 0, language)))
    return Message(text=fallback(head, *below), blocks=tuple(parts))
