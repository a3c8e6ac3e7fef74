"""Build what lets a person choose: a button that diagnoses one of several objects, and the menu of clusters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from intents.domain import Language, ObjectRef, Text
from intents.sheets import NextAsk
from responses import failures, words
from responses.named_objects import which_of
from responses.overview import DIAGNOSE
from responses.sentences import in_a_row, whole
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.blocks import Element
from responses.slack.message import Block, Message, fallback
from responses.slack.presses import Press, action_id

_BY: Final = "|"
_SAYS: Final = 1_500
_ASKS: Final = 3
_BUTTONS: Final = 5


def which_object(says: Text, candidates: Sequence[ObjectRef], *, cluster: str, language: Language) -> Message:
    """Return the question which object is meant, with a button for each; `says` is the reason to ask."""
    text = shown_line(says.in_(language), limit=_SAYS)
    heading = f"{words.UNKNOWN_SIGN} {which_of(candidates).in_(language)}"
    return Message(
        text=fallback(heading, text),
        blocks=(
            blocks.rich(blocks.sentence(heading, bold=True), blocks.sentence(text)),
            *candidate_rows(candidates, cluster=cluster, language=language),
        ),
    )


def candidate_rows(candidates: Sequence[ObjectRef], *, cluster: str, language: Language) -> list[Block]:
    """Return a row with a button for each object."""
    return [
        diagnose_row(shown_line(str(each)), each, number, cluster=cluster, language=language)
        for number, each in enumerate(candidates)
    ]


def diagnose_row(says: str, about: ObjectRef, index: int, *, cluster: str, language: Language) -> Block:
    """Return a sentence with the button; without it if its value would be too long for Slack."""
    value = diagnose_value(about, cluster=cluster)
    if len(value) > limits.BUTTON_VALUE:
        return blocks.section(says)
    label = DIAGNOSE.in_(language)
    button = blocks.button(
        label, action_id=action_id(Press.DIAGNOSE, index), value=value, reads=f"{label} {shown_line(str(about))}"
    )
    return blocks.section(says, accessory=button)


def diagnose_value(about: ObjectRef, *, cluster: str) -> str:
    """Return the value of the button that asks for the diagnosis of one object."""
    return _BY.join((about.kind, about.namespace, about.name, cluster))


def parse_diagnose_value(value: str) -> tuple[ObjectRef, str] | None:
    """Return object and cluster of that button; None for a value that Casebook did not write."""
    parts = value.split(_BY)
    if len(parts) != 4 or not (parts[0] and parts[2]):
        return None
    kind, namespace, name, cluster = parts
    return ObjectRef(kind=kind, namespace=namespace, name=name), cluster


def ask_buttons(asks: Iterable[NextAsk], *, cluster: str, language: Language) -> list[Element]:
    """Return the buttons of questions. They ask the same cluster: a channel's answers have no thread that tells."""
    where = f" --context {cluster}" if cluster else ""
    said = [(one, f"{one.text}{where}") for one in asks]
    return [
        blocks.button(one.label.in_(language), action_id=action_id(Press.ASK, index), value=value)
        for index, (one, value) in enumerate(said[:_ASKS])
        if len(value) <= limits.BUTTON_VALUE
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picker:
    """The clusters to choose from (`names`), and the one that was queried (`asked`, "" for none)."""

    names: tuple[str, ...]
    asked: str = ""


def cluster_token(request_id: str, cluster: str) -> str:
    """Return the value of a cluster's button: it reveals no name and is only valid below this answer."""
    return hashlib.sha256(f"{request_id}\0{cluster}".encode()).hexdigest()[:20]


def cluster_of_token(request_id: str, carried: str, names: Iterable[str]) -> str:
    """Return the cluster among `names` that a button stands for; "" for none."""
    return next((name for name in names if cluster_token(request_id, name) == carried), "")


def picker_blocks(shown: Picker, *, request_id: str, language: Language) -> tuple[Block, ...]:
    """Return buttons for a few clusters, a menu for many; those beyond the menu's limit have to be named in words."""
    others = [name for name in shown.names if name != shown.asked]
    if not others:
        return ()
    title = (failures.ANOTHER_CLUSTER if shown.asked else failures.WHICH_CLUSTER).in_(language)
    options = [
        (shown_line(name, limit=300), cluster_token(request_id, name)) for name in others[: limits.SELECT_OPTIONS]
    ]
    if len(options) <= _BUTTONS:
        elements = [
            blocks.button(label, action_id=action_id(Press.CLUSTER, index), value=value)
            for index, (label, value) in enumerate(options)
        ]
    else:
        hint = failures.CHOOSE_CLUSTER.in_(language)
        elements = [blocks.select(options, action_id=action_id(Press.CLUSTER), placeholder=hint)]
    return blocks.rich(blocks.sentence(title, bold=True)), blocks.actions(*elements)


def which_cluster(says: Text, shown: Picker, *, request_id: str, language: Language) -> Message:
    """Return the question which cluster is meant; `says` is the reason to ask."""
    text = whole(says, language, limit=_SAYS)
    question = failures.WHICH_CLUSTER.in_(language)
    return Message(
        text=fallback(in_a_row(text, question, language=language)),
        blocks=(
            blocks.rich(blocks.sentence(text)),
            *picker_blocks(shown, request_id=request_id, language=language),
            blocks.context(shown_line(failures.or_name_it(shown.names).in_(language), limit=_SAYS)),
        ),
    )


def with_picker(message: Message, shown: Picker | None, *, request_id: str, language: Language) -> Message:
    """Return a message that is not a diagnosis, with the other clusters below it."""
    more: Sequence[Block] = picker_blocks(shown, request_id=request_id, language=language) if shown else ()
    return replace(message, blocks=(*message.blocks, *more))
