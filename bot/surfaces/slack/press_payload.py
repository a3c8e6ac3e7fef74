"""Parse a press or a submitted dialog from Slack's payload. The result is not yet trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.store import StoreUnavailable
from bot.workflows.dialogs import ButtonPress
from bot.workflows.job_payloads import By
from responses.slack.presses import Press, parse_choice, parse_press

Payload = Mapping[str, Any]
# Elements that are menus, or may be: their value is that of the chosen option.
_MENUS: Final = frozenset({Press.CLUSTER, Press.ASK_CLUSTER, Press.ASK_NAMESPACE, Press.ASK_KIND})


def read_press(body: Payload) -> ButtonPress | None:
    """Return the press of a block_actions or view_submission payload; None for an element that is not ours."""
    if body.get("type") == "view_submission":
        return _submission(body, _part(body, "view"))
    return _action(body, next(iter(body.get("actions") or ()), {}))


def read_typed(body: Payload) -> ButtonPress | None:
    """Return what a person has typed into a menu of a dialog; None for a menu that is not ours."""
    press = parse_press(_text(body, "action_id"))
    if press is None:
        return None
    view = _part(body, "view")
    return ButtonPress(
        press=press,
        value=_text(body, "value"),
        inside=_text(view, "id"),
        metadata=_text(view, "private_metadata"),
        **_sender(body),
    )


def _submission(body: Payload, view: Payload) -> ButtonPress | None:
    press = parse_press(_text(view, "callback_id"))
    if press is None:
        return None
    return ButtonPress(
        press=press, value=_text(view, "private_metadata"), view=_text(view, "id"), typed=_typed(view), **_sender(body)
    )


def _action(body: Payload, action: Payload) -> ButtonPress | None:
    pressed = _pressed(action)
    if pressed is None:
        return None
    press, value = pressed
    container, message, view = _part(body, "container"), _part(body, "message"), _part(body, "view")
    home = view.get("type") == "home"
    channel = _text(view, "private_metadata") if home else _text(container, "channel_id")
    return ButtonPress(
        press=press,
        value=value,
        home=home,
        channel=channel or _text(_part(body, "channel"), "id"),
        ts=_text(container, "message_ts") or _text(message, "ts"),
        thread_ts=_text(container, "thread_ts") or _text(message, "thread_ts"),
        at=_text(action, "action_ts"),
        inside=_text(view, "id"),
        metadata=_text(view, "private_metadata"),
        **_sender(body),
    )


def _pressed(action: Payload) -> tuple[Press, str] | None:
    """Return the pressed element and its value: for a menu, the chosen option."""
    press: Press | None = parse_press(_text(action, "action_id"))
    value, selected = _text(action, "value"), _text(_part(action, "selected_option"), "value")
    if press is Press.MORE:
        press, value = parse_choice(selected) or (None, "")
    if press is Press.FEEDBACK:
        press, value = parse_choice(value) or (None, "")
    if press in _MENUS and "selected_option" in action:
        value = selected
    return (press, value) if press else None


def by_shortcut(body: Payload, *, home: str) -> By:
    """Return who used a message shortcut, and where; `home` is our team, if the payload names none."""
    team = _text(_part(body, "team"), "id") or home
    return {"team": team, "channel": str(body["channel"]["id"]), "user": str(body["user"]["id"])}


def _sender(body: Payload) -> dict[str, Any]:
    return {
        "team": _text(_part(body, "team"), "id"),
        "app": _text(body, "api_app_id"),
        "user": _text(_part(body, "user"), "id"),
        "trigger": _text(body, "trigger_id"),
    }


def _typed(view: Payload) -> dict[str, str]:
    """Return the values of the dialog's inputs, by block."""
    values = _part(_part(view, "state"), "values")
    entered = {
        str(block): _text(element, "value") or _text(_part(element, "selected_option"), "value")
        for block, elements in values.items()
        for element in elements.values()
        if isinstance(element, Mapping)
    }
    return {block: value for block, value in entered.items() if value}


def _part(of: Payload, key: str) -> Payload:
    return of.get(key) or {}


def _text(of: Payload, key: str) -> str:
    return str(of.get(key) or "")


class AnswerNotStored(StoreUnavailable):
    """Error: the pressed message is ours, and its answer is not stored yet: the user may press again in a moment."""

    usual = "the answer is not stored yet"
