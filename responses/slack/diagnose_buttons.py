"""Offer the diagnosis of an object: a row with a button, the value that it carries, the question which one is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from intents.domain import Language, ObjectRef, Text
from responses import words
from responses.named_objects import which_of
from responses.overview import DIAGNOSE
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.message import Block, Message
from responses.slack.mrkdwn import fallback
from responses.slack.presses import Press, action_id

_BY: Final = "|"
_SAYS: Final = 1_500


def which_object(says: Text, candidates: Sequence[ObjectRef], *, cluster: str, language: Language) -> Message:
    """Return the question which object is meant, with a button for each; `says` is the reason to ask."""
    text = shown_line(says.in_(language), limit=_SAYS)
    heading = f"{words.UNKNOWN_SIGN} {which_of(candidates).in_(language)}"
    return Message(
        text=fallback(heading, text),
        blocks=(
            blocks.rich(blocks.line(blocks.text(heading, bold=True)), blocks.line(blocks.text(text))),
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
