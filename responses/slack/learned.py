"""Build what people see of saved incidents: the dialog that saves one, its check, the confirmation, the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from intents.catalog.learned import LONGEST_LINE, LONGEST_TEXT, LONGEST_TITLE, Collisions, SavedIncident
from intents.domain import Language, Text
from intents.templates import capitalised
from responses import learned_words, words
from responses.safety import safe
from responses.sentences import finished
from responses.shown import shown_line
from responses.slack import blocks
from responses.slack.blocks import Element
from responses.slack.message import Block, Message, View, fallback
from responses.slack.notices import notice
from responses.slack.presses import Press

# The inputs of the dialog: block_id and action_id.
NAME: Final = "saved_title"
LINE: Final = "saved_line"
ROOT_CAUSE: Final = "saved_root_cause"
DONE: Final = "saved_done"
BY: Final = "saved_by"

LONGEST_NAME: Final = 80
_SHOWN: Final = 5
_LISTED: Final = 20
_QUOTE: Final = 150
_LONGEST_YAML: Final = 7_500


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCheck:
    """The result of the check before saving: the signature, and what else it matches; titles by entry."""

    signature: str
    collisions: Collisions
    titles: dict[str, Text]
    changed: bool = False


def save_dialog(
    saved: SavedIncident, *, metadata: str, language: Language, edits: bool = False, check: SavedCheck | None = None
) -> View:
    """Return the dialog with the fields to save. Without a `check` its button checks, with one it saves."""

    def text(says: Text) -> str:
        return says.in_(language)

    shown = [
        *(_checked(check, language) if check else ()),
        blocks.text_input(
            text(learned_words.NAME), id=NAME, initial=saved.title, longest=LONGEST_TITLE,
            hint=text(learned_words.NAME_HINT),
        ),
        blocks.text_input(
            text(learned_words.LINE), id=LINE, initial=saved.line, longest=LONGEST_LINE,
            hint=text(learned_words.LINE_HINT),
        ),
        blocks.text_input(
            text(learned_words.ROOT_CAUSE), id=ROOT_CAUSE, initial=saved.root_cause, longest=LONGEST_TEXT,
            multiline=True,
        ),
        blocks.text_input(
            text(learned_words.DONE), id=DONE, initial=saved.done, longest=LONGEST_TEXT,
            hint=text(learned_words.DONE_HINT), multiline=True, optional=True,
        ),
        blocks.text_input(text(learned_words.BY), id=BY, initial=saved.by, longest=LONGEST_NAME, optional=True),
        blocks.context(text(learned_words.WHAT_HAPPENS)),
    ]  # fmt: skip
    title = learned_words.EDIT_TITLE if edits else learned_words.TITLE
    submit, press = (learned_words.SAVE, Press.SAVE_CHECKED) if check else (learned_words.CHECK, Press.SAVE)
    return blocks.form(title, shown, submit=submit, press=press, carries=metadata, language=language)


def _checked(check: SavedCheck, language: Language) -> list[Block]:
    """Return what the signature is, and everything else that it matches."""

    def line(says: Text, *values: str, bold: bool = False) -> Element:
        return blocks.sentence(says.in_(language).format(*values), bold=bold)

    found = check.collisions
    elements = [line(learned_words.CHANGED_SINCE)] if check.changed else []
    elements += [line(learned_words.RECOGNISED_BY, bold=True), blocks.preformatted(shown_line(check.signature))]
    elements.append(line(learned_words.COLLIDES if found else learned_words.NO_COLLISION))
    if found.known:
        names = ", ".join(_title(id, check, language) for id in found.known)
        elements.append(line(learned_words.KNOWN, names))
    if found.examples:
        shown = ((_title(id, check, language), shown_line(text, limit=_QUOTE)) for id, text in found.examples[:_SHOWN])
        elements.append(blocks.bullets([blocks.bold(title), blocks.text(f": {text}")] for title, text in shown))
    if found.ordinary:
        elements.append(line(learned_words.ORDINARY))
        elements.append(blocks.bullets([blocks.text(shown_line(one, limit=_QUOTE))] for one in found.ordinary[:_SHOWN]))
    more = len(found.examples[_SHOWN:]) + len(found.ordinary[_SHOWN:])
    if more:
        elements.append(line(words.MORE, str(more)))
    return [blocks.rich(*elements)]


def _title(id: str, check: SavedCheck, language: Language) -> str:
    title = check.titles.get(id)
    return shown_line(f"{title.in_(language)} ({id})" if title else id, limit=_QUOTE)


def saved_message(title: str, id: str, version: int, yaml: str, *, language: Language) -> Message:
    """Return the confirmation in the thread, with the entry for a review."""
    saved = learned_words.SAVED.in_(language).format(shown_line(title, limit=LONGEST_TITLE), id, version)
    says = finished(capitalised(saved), language)
    elements = (
        blocks.sentence(f"💾 {says}"),
        blocks.preformatted(safe(yaml, limit=_LONGEST_YAML)),
        blocks.sentence(learned_words.FOR_REVIEW.in_(language), italic=True),
    )
    return Message(text=fallback(says), blocks=(blocks.rich(*elements),))


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedShown:
    """A saved incident in the list."""

    id: str
    title: str
    channel: str
    by: str
    version: int
    shared: bool


def all_learned(entries: Sequence[LearnedShown], *, language: Language) -> Message:
    """Return the saved incidents with their source and audience."""
    if not entries:
        return notice(learned_words.NONE, language=language)
    says = learned_words.LISTED.in_(language).format(len(entries))
    items = []
    for one in entries[:_LISTED]:
        channel = shown_line(one.channel, limit=LONGEST_NAME)
        source = learned_words.FROM.in_(language).format(channel, shown_line(one.by, limit=LONGEST_NAME), one.version)
        audience = learned_words.SHARED if one.shared else learned_words.OWN
        told = f" {shown_line(one.title, limit=LONGEST_TITLE)} · {source} · {audience.in_(language).format(channel)}"
        items.append([blocks.code(shown_line(one.id, limit=LONGEST_NAME)), blocks.text(told)])
    elements = [blocks.sentence(says), blocks.bullets(items), *blocks.left_out(len(entries) - _LISTED, language)]
    return Message(text=fallback(says), blocks=(blocks.rich(*elements),))


def learned_notice(says: Text, *values: str) -> Text:
    """Return one of the fixed sentences with its values filled in, in both languages."""
    shown = [shown_line(value, limit=LONGEST_TITLE) for value in values]
    return says.filled(*shown)
