"""What can be pressed in a message or a dialog of Casebook: the ids that renderers write and listeners read."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from responses.slack.limits import OPTION_VALUE

_BY: Final = ":"


class Press(StrEnum):
    """The first part of an action_id, of an overflow option's value, or of a callback_id."""

    REMEDY = "remedy"  # a button; its value is a plan id
    DETAILS = "details"  # a button; its value is what `answer` was given as `details_value`
    MORE = "more"  # the menu behind "…"; the value of what was chosen is a `choice`
    NOT_IT = "not_it"  # of that menu
    MUTE = "mute"  # of that menu
    UNMUTE = "unmute"  # a button; its value is what `muted` was given
    CLUSTER = "cluster"  # a button, or a menu of several; the value is the `token` of a cluster
    CONFIRM = "confirm"  # callback_id of the remedy's dialog; its private_metadata is what is `carried`
    CONFIRM_AGAIN = "confirm_again"  # callback_id of the dialog that follows it where the change will be taken back
    ANSWER = "answer"  # callback_id of the dialog that asks for a remedy's values; its private_metadata is the plan id
    TYPED_NAME = "typed_name"  # the input of that dialog, where a name must be typed: block_id and action_id


def action_id(press: Press, index: int | None = None) -> str:
    """`index` tells several of a kind in one message apart: remedy:0, remedy:1."""
    return str(press) if index is None else f"{press}{_BY}{index}"


def parse_press(written: str) -> Press | None:
    """Whose action_id or callback_id this is; None for one of nobody here."""
    return _press(written.partition(_BY)[0])


def choice_value(press: Press, request_id: str) -> str:
    """The value of an option of the menu. Raises ValueError for a request id that does not fit into it."""
    value = f"{press}{_BY}{request_id}"
    if len(value) > OPTION_VALUE:
        raise ValueError(f"a request id may have {OPTION_VALUE - len(press) - 1} characters, not {len(request_id)}")
    return value


def parse_choice(value: str) -> tuple[Press, str] | None:
    """(what was chosen, request id) of an option's value; None for a value that `choice` did not write."""
    first, colon, request_id = value.partition(_BY)
    press = _press(first)
    return (press, request_id) if press and colon else None


def dialog_metadata(plan_id: str, fill: str) -> str:
    """What a dialog carries: its plan, and which filling of it this is, "" while nothing is shown of what would change.

    Answers that are sent off twice, or a re-run job, may fill a dialog again: whoever confirms has seen this filling.
    """
    return f"{plan_id}{_BY}{fill}" if fill else plan_id


def parse_dialog_metadata(value: str) -> tuple[str, str]:
    """(plan id, fill)"""
    plan_id, _, fill = value.partition(_BY)
    return plan_id, fill


def _press(written: str) -> Press | None:
    return Press(written) if written in set(Press) else None
