"""Define the ids of buttons, menus and dialogs: what renderers write and listeners read."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from responses.slack.limits import OPTION_VALUE

_BY: Final = ":"


class Press(StrEnum):
    """The first part of an action_id, of an overflow option's value, or of a callback_id."""

    REMEDY = "remedy"  # a button; its value is a plan id
    DETAILS = "details"  # a button; its value is the `details_value` of `answer_message`
    MORE = "more"  # the menu behind "…"; the value of an option is a `choice_value`
    FEEDBACK = "feedback"  # Slack's feedback buttons below an answer; the value of each is a `choice_value`
    HELPFUL = "helpful"  # one of those
    NOT_IT = "not_it"  # the other one, and an option of that menu
    MUTE = "mute"  # an option of that menu
    UNMUTE = "unmute"  # an option of that menu
    NOT_HELPFUL = "not_helpful"  # an option of that menu, or a button
    ANSWER_AGAIN = "answer_again"  # a button; its value is a kind of text that is not answered
    NUDGES_OFF = "nudges_off"  # a button below a reminder of what is open; ANSWER_AGAIN undoes it
    ANYWAY = "anyway"  # a button; its value is the id of a repeated request
    CLUSTER = "cluster"  # a button, or a menu of several; the value is a `cluster_token`
    DIAGNOSE = "diagnose"  # a button below an overview; its value is a `diagnose_value`
    ASK = "ask"  # a button below an answer; its value is a question as a person would type it
    WATCH_MUTE = "watch_mute"  # a button below a post of the watch, as the next three
    WATCH_UNMUTE = "watch_unmute"  # a button
    WATCH_LATER = "watch_later"  # an option of the menu; its value is in minutes
    WATCH_USUAL = "watch_usual"  # an option of the menu
    SILENCE = "silence"  # a button below a post about alerts; also the callback_id of its dialog, with the post's id
    SILENCE_END = "silence_end"  # a button below such a post
    SILENCE_FOR = "silence_for"  # block_id and action_id of the duration in that dialog
    SILENCE_WHY = "silence_why"  # block_id and action_id of its reason
    CONFIRM = "confirm"  # callback_id of the remedy's dialog; its private_metadata is a `dialog_metadata`
    CONFIRM_AGAIN = "confirm_again"  # callback_id of the next dialog, where a controller will revert the change
    ANSWER = "answer"  # callback_id of the dialog that asks for a remedy's values; its private_metadata is the plan id
    RESOLVE = "resolve"  # a button that opens the dialog to resolve an incident
    RESOLVED = "resolve_confirm"  # callback_id of that dialog; its private_metadata is the channel
    ROOT_CAUSE = "root_cause"  # block_id and action_id of the choice of the root cause in that dialog
    ROOT_CAUSE_TEXT = "root_cause_text"  # block_id and action_id of the field to type it
    MARK = "mark"  # callback_id of the dialog that asks what a message is; its private_metadata is channel|ts
    MARK_AS = "mark_as"  # block_id and action_id of the kind in that dialog
    MARK_TEXT = "mark_text"  # block_id and action_id of the words
    CORRECT_FACT = "correct_fact"  # a button below a summary; also the callback_id of its dialog, with the channel
    FACT = "fact"  # block_id and action_id of the fact in that dialog; the value is its key
    FACT_IS = "fact_is"  # block_id and action_id of what is wrong with it
    FACT_TEXT = "fact_text"  # block_id and action_id of its new words
    SAVE = "save"  # callback_id of the dialog that saves an incident; its private_metadata is a `SavePlace`
    SAVE_CHECKED = "save_checked"  # callback_id of the same dialog with the result of the check
    CORRECT = "correct"  # callback_id of the dialog that asks what it was; its private_metadata is the request id
    WAS = "was"  # block_id and action_id of the choice of an incident in that dialog
    WAS_TEXT = "was_text"  # block_id and action_id of the field to type it
    ASK_FORM = "ask_form"  # callback_id of the dialog to choose what to diagnose; its private_metadata is an `AskPlace`
    ASK_CLUSTER = "ask_cluster"  # block_id and action_id of the cluster in that dialog, as the next four
    ASK_NAMESPACE = "ask_namespace"  # its options are asked for
    ASK_KIND = "ask_kind"
    ASK_NAME = "ask_name"  # its options are asked for; the values are those of `object_options`
    ASK_TEXT = "ask_text"  # the field for an error
    TYPED_NAME = "typed_name"  # block_id and action_id of the input in CONFIRM's dialog, where a name must be typed


def action_id(press: Press, index: int | None = None) -> str:
    """Return the action_id; `index` distinguishes several of a kind in one message: remedy:0, remedy:1."""
    return str(press) if index is None else f"{press}{_BY}{index}"


def parse_press(written: str) -> Press | None:
    """Return the press of an action_id or callback_id; None for an id that Casebook did not write."""
    return _press(written.partition(_BY)[0])


def choice_value(press: Press, request_id: str) -> str:
    """Return the value of a menu option. Raises ValueError for a request id that is too long for it."""
    value = f"{press}{_BY}{request_id}"
    if len(value) > OPTION_VALUE:
        raise ValueError(f"a request id may have {OPTION_VALUE - len(press) - 1} characters, not {len(request_id)}")
    return value


def parse_choice(value: str) -> tuple[Press, str] | None:
    """Return the (press, request id) of a menu option's value; None for a value that Casebook did not write."""
    first, colon, request_id = value.partition(_BY)
    press = _press(first)
    return (press, request_id) if press and colon else None


def dialog_metadata(plan_id: str, fill: str) -> str:
    """Return the private_metadata of a dialog: its plan and the id of the preview that it shows.

    `fill` is "" until a preview is shown. A repeated submit or a re-run job may show another preview, so a confirmation
    names the one that the person has seen.
    """
    return f"{plan_id}{_BY}{fill}" if fill else plan_id


def parse_dialog_metadata(value: str) -> tuple[str, str]:
    """Return the (plan id, fill) of a dialog."""
    plan_id, _, fill = value.partition(_BY)
    return plan_id, fill


def _press(written: str) -> Press | None:
    return Press(written) if written in set(Press) else None
