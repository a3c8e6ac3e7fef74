"""Build the dialog that asks what it was instead, after somebody marked an answer as wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from intents.domain import Language, Text
from intents.feedback import LONGEST_REMARK, NONE_OF_THEM
from responses import feedback_words, words
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.message import View
from responses.slack.presses import Press

_BETWEEN: Final = " · "


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionChoices:
    """The entries to choose from, in groups: the titles by id for each area, and those of saved incidents."""

    areas: Mapping[str, Mapping[str, Text]]
    saved: Mapping[str, Text] = field(default_factory=dict)


def correction_dialog(
    choices: CorrectionChoices, *, request_id: str, said: Text, entry: str, remark: str, language: Language
) -> View:
    """Return the dialog. `said` is the title in the answer, `entry` and `remark` what this person said before."""

    def text(says: Text) -> str:
        return says.in_(language)

    groups = [
        (text(feedback_words.NOT_LISTED), [(text(feedback_words.NONE_OF_THEM), NONE_OF_THEM)]),
        *((area, _options(titles, language)) for area, titles in choices.areas.items()),
        (text(feedback_words.SAVED), _options(choices.saved, language)),
    ]
    said_line = text(feedback_words.ANSWER_SAID).format(shown_line(text(said), limit=limits.HEADER_TEXT))
    return blocks.modal(
        text(feedback_words.TITLE),
        [
            blocks.rich(blocks.line(blocks.text(said_line))),
            blocks.grouped_select_input(
                text(feedback_words.ENTRY),
                groups,
                block_id=str(Press.WAS),
                action_id=str(Press.WAS),
                placeholder=text(feedback_words.SEARCH),
                initial=entry,
            ),
            blocks.text_input(
                text(feedback_words.REMARK),
                block_id=str(Press.WAS_TEXT),
                action_id=str(Press.WAS_TEXT),
                hint=text(feedback_words.REMARK_HINT),
                initial=remark,
                longest=LONGEST_REMARK,
                multiline=True,
                optional=True,
            ),
            blocks.context(text(feedback_words.WHAT_HAPPENS)),
        ],
        close=text(words.CLOSE),
        submit=text(feedback_words.SUBMIT),
        callback_id=str(Press.CORRECT),
        private_metadata=request_id,
    )


def _options(titles: Mapping[str, Text], language: Language) -> Sequence[tuple[str, str]]:
    """Return (label, id) of entries whose id a menu can carry: the label has title and id, and people search both."""
    return [
        (_label(shown_line(title.in_(language)), id), id)
        for id, title in titles.items()
        if len(id) <= limits.OPTION_VALUE
    ]


def _label(title: str, id: str) -> str:
    room = limits.OPTION_TEXT - len(id) - len(_BETWEEN)
    return f"{blocks.cut(title, room)}{_BETWEEN}{id}" if room > len(_BETWEEN) else blocks.cut(id, limits.OPTION_TEXT)
