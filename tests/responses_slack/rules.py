"""The rules for everything that goes out to Slack, beside the limits that `responses.slack.validation` keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from responses.slack.as_text import as_text
from responses.slack.message import unescape
from responses.slack.presses import Press, parse_choice, parse_press

# What the presses of `bot` listen to, by what can be pressed.
_BUTTONS: Final = frozenset({
    Press.REMEDY, Press.DETAILS, Press.UNMUTE, Press.CLUSTER, Press.RESOLVE, Press.DIAGNOSE, Press.WATCH_MUTE,
    Press.WATCH_UNMUTE, Press.SILENCE, Press.SILENCE_END, Press.ANSWER_AGAIN, Press.NOT_HELPFUL, Press.NUDGES_OFF,
    Press.CORRECT_FACT, Press.ASK,
})  # fmt: skip
_DIALOGS: Final = frozenset(
    {
        Press.SAVE,
        Press.SAVE_CHECKED,
        Press.CONFIRM,
        Press.CONFIRM_AGAIN,
        Press.ANSWER,
        Press.RESOLVED,
        Press.MARK,
        Press.CORRECT_FACT,
        Press.CORRECT,
        Press.SILENCE,
        Press.ASK_FORM,
    }
)
_THUMBS: Final = ("positive_button", "negative_button")
_LISTS: Final = frozenset(
    {
        Press.ASK_CLUSTER,
        Press.ASK_KIND,
        Press.CLUSTER,
        Press.ROOT_CAUSE,
        Press.MARK_AS,
        Press.FACT,
        Press.FACT_IS,
        Press.WAS,
        Press.SILENCE_FOR,
    }
)
# Read by people in one language or the other; everything else is the same in both.
_TEXTS: Final = frozenset({"text", "fallback", "accessibility_label", "initial_value"})

# Slack writes each in the reader's own zone and language.
_DATES: Final = frozenset({
    "date_num", "date_slash", "date", "date_short", "date_long", "date_pretty", "date_short_pretty",
    "date_long_pretty", "day_divider_pretty", "time", "time_secs", "ago",
})  # fmt: skip
# Marks of mrkdwn, which Slack shows as they are in plain_text.
_MARKS: Final = re.compile(r"`|(?<!\w)\*(?=[^\s*])[^*]*[^\s*]\*(?!\w)")
# Where one part of a notification ends: its blocks may go on in another way.
_PART: Final = re.compile(r"\n| · |\. |。|https?:")


def broken_rules(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which rules a message or a view breaks: markup in its texts, or something pressed without an effect."""
    problems = [problem for piece in pieces(payload) for problem in _piece(piece)]
    return (*problems, *_submitting(payload)) if payload.get("type") == "modal" else tuple(problems)


def is_announced(payload: Mapping[str, Any]) -> bool:
    """Return whether the first words of the notification are also in the blocks, so that both say the same."""
    first = _PART.split(unescape(payload["text"]), maxsplit=1)[0]
    return bool(first.strip()) and first in as_text(payload["blocks"])


def structure(value: Any) -> Any:
    """Return a payload without its words, to compare two languages: the types, ids, values, styles and addresses."""
    if isinstance(value, Mapping):
        return {key: "" if isinstance(item, str) and key in _TEXTS else structure(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        # A language may have words where the other has none: "since 12:20" and "自 12:20 起".
        return [kept for item in value if (kept := structure(item)) != {"type": "text", "text": ""}]
    return value


def pieces(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object of a payload that has a type, the outermost first."""
    if isinstance(value, Mapping):
        if "type" in value:
            yield value
        for inner in value.values():
            yield from pieces(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from pieces(inner)


def _piece(piece: Mapping[str, Any]) -> Iterator[str]:
    match piece["type"]:
        case "mrkdwn" | "markdown":
            yield f"has markup, which untrusted text could break: {piece}"
        case "plain_text" if piece.get("emoji") is not False:
            yield f"turns names in colons into pictures: {piece}"
        case "plain_text" if _MARKS.search(piece["text"]):
            yield f"shows the marks of its markup: {piece}"
        case "button" if parse_press(piece.get("action_id", "")) not in _BUTTONS:
            yield f"a button that nobody listens to: {piece}"
        case "button" if not piece.get("value"):
            yield f"a button without a value: {piece}"
        case "button" if not piece.get("accessibility_label", label := _label(piece)).startswith(label):
            yield f"a button that is read aloud as another one: {piece}"
        case "feedback_buttons" if parse_press(piece.get("action_id", "")) is not Press.FEEDBACK:
            yield f"thumbs that nobody listens to: {piece}"
        case "feedback_buttons" if not all(parse_choice(piece[half]["value"]) for half in _THUMBS):
            yield f"a thumb that nobody reads: {piece}"
        case "overflow" if parse_press(piece.get("action_id", "")) is not Press.MORE:
            yield f"a menu that nobody listens to: {piece}"
        case "overflow" if not all(parse_choice(option["value"]) for option in piece["options"]):
            yield f"a menu with a choice that nobody reads: {piece}"
        case "static_select" if parse_press(piece.get("action_id", "")) not in _LISTS:
            yield f"a list that nobody listens to: {piece}"
        case "date" if not set(re.findall(r"{(.*?)}", piece["format"])) <= _DATES or "{" not in piece["format"]:
            yield f"a time that Slack cannot write: {piece}"
        case "date" if f"{datetime.fromtimestamp(piece['timestamp'], UTC):%H:%M} UTC" not in piece["fallback"]:
            yield f"a time that is told as another one where Slack writes none: {piece}"
        case "input" if not piece.get("block_id") or piece["block_id"] != piece["element"].get("action_id"):
            yield f"an input whose value nobody finds: {piece}"


def _label(button: Mapping[str, Any]) -> str:
    # What is cut ends with an ellipsis, and what is empty is a dash.
    return str(button["text"]["text"]).rstrip("…–")


def _submitting(view: Mapping[str, Any]) -> Iterator[str]:
    """Check that a dialog names its listener and carries its plan exactly when it can be submitted."""
    if "close" not in view:
        yield "a dialog without a button to close it"
    if "submit" not in view:
        if "callback_id" in view or "private_metadata" in view:
            yield "a dialog that can only be closed carries something"
        return
    if parse_press(view.get("callback_id", "")) not in _DIALOGS:
        yield f"a dialog that nobody listens to: {view.get('callback_id')}"
    if not view.get("private_metadata"):
        yield "a dialog that carries no plan"
