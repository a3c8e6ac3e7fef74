"""Offer the diagnosis of one object: a row with a button, and the value that the button carries."""

from __future__ import annotations

from typing import Final

from intents.domain import Language, ObjectRef
from responses.overview import DIAGNOSE
from responses.shown import shown_line
from responses.slack import blocks, limits
from responses.slack.message import Block
from responses.slack.presses import Press, action_id

_BY: Final = "|"


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
