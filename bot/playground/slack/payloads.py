"""Build the payloads of commands, shortcuts, button presses and dialogs as Slack does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.playground.copies import copied
from bot.playground.slack.events import without_metadata
from bot.playground.slack.records import ImpossibleActionError, Json
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel, User

_PLACES = {"group": "privategroup", "im": "directmessage"}
_ONE_OPTION = ("static_select", "external_select", "radio_buttons", "overflow")


class PayloadBuilder:
    """Builds payloads, each with its own trigger id and response URL."""

    def __init__(self, *, state: State) -> None:
        self._state = state

    def command(self, user: User, channel: Channel, *, command: str, text: str) -> Json:
        """Return the form of a slash command."""
        identity = self._state.identity
        return {
            "token": identity.verification_token, "team_id": identity.team_id, "team_domain": identity.domain,
            "channel_id": channel.id, "channel_name": _PLACES.get(channel.type, channel.name), "user_id": user.id,
            "user_name": user.name, "command": command, "text": text, "api_app_id": identity.app_id,
            "is_enterprise_install": "true" if identity.is_org else "false",
            **({"enterprise_id": identity.enterprise_id} if identity.is_org else {}),
            "response_url": self._response_url(user, channel),
            "trigger_id": self._state.tickets.trigger(user.id),
        }  # fmt: skip

    def shortcut(self, user: User, channel: Channel, message: Json, *, callback_id: str) -> Json:
        """Return the payload of a message shortcut."""
        return self._common("message_action", user) | {
            "action_ts": self._state.timestamps.next(), "callback_id": callback_id, "channel": _place(channel),
            "message_ts": message["ts"], "message": without_metadata(message),
            "response_url": self._response_url(user, channel, message),
        }  # fmt: skip

    def press(self, user: User, channel: Channel, message: Json, *, action: Json) -> Json:
        """Return the payload of a press in a message; for an ephemeral one, only its container."""
        ephemeral = message.get("subtype") == "ephemeral"
        container = {
            "type": "message", "message_ts": message["ts"], "channel_id": channel.id, "is_ephemeral": ephemeral
        }  # fmt: skip
        if "thread_ts" in message:
            container["thread_ts"] = message["thread_ts"]
        return (
            self._common("block_actions", user)
            | {"container": container, "channel": _place(channel), "state": {"values": {}}, "actions": [action]}
            | ({} if ephemeral else {"message": without_metadata(message)})
            | {"response_url": self._response_url(user, channel, message)}
        )

    def press_in_view(self, user: User, view: Json, *, action: Json) -> Json:
        """Return the payload of a press in a dialog, which has no channel and no response URL."""
        container = {"type": "view", "view_id": view["id"]}
        return self._common("block_actions", user) | {"container": container, "view": _shown(view), "actions": [action]}

    def suggestion(self, user: User, view: Json, *, action_id: str, block_id: str, value: str) -> Json:
        """Return the payload that asks for the options of a menu in a dialog.

        As in Slack, its view has nothing of what was chosen since the app opened or updated it.
        """
        payload = self._common("block_suggestion", user)
        del payload["trigger_id"]
        shown = _shown(view) | {"state": {"values": {}}}
        container = {"type": "view", "view_id": view["id"]}
        return payload | {
            "container": container, "view": shown, "action_id": action_id, "block_id": block_id, "value": value
        }  # fmt: skip

    def submission(self, user: User, view: Json) -> Json:
        """Return the payload of a submitted dialog."""
        return self._common("view_submission", user) | {"view": _shown(view), "response_urls": []}

    def closing(self, user: User, view: Json) -> Json:
        """Return the payload of a dialog that the user closed."""
        payload = self._common("view_closed", user) | {"view": _shown(view), "is_cleared": view["clear_on_close"]}
        del payload["trigger_id"]
        return payload

    def _common(self, kind: str, user: User) -> Json:
        identity = self._state.identity
        team = identity.team_of(foreign=user.foreign)
        return {
            "type": kind, "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team},
            "api_app_id": identity.app_id, "token": identity.verification_token,
            "team": {"id": identity.team_id, "domain": identity.domain},
            "enterprise": {"id": identity.enterprise_id, "name": identity.domain} if identity.is_org else None,
            "is_enterprise_install": identity.is_org, "trigger_id": self._state.tickets.trigger(user.id),
        }  # fmt: skip

    def _response_url(self, user: User, channel: Channel, message: Json | None = None) -> str:
        ts, thread_ts = (message or {}).get("ts", ""), (message or {}).get("thread_ts", "")
        path = self._state.tickets.response(channel=channel.id, user=user.id, ts=ts, thread_ts=thread_ts)
        return f"{self._state.url}{path}"


def _place(channel: Channel) -> Json:
    return {"id": channel.id, "name": _PLACES.get(channel.type, channel.name)}


def _shown(view: Json) -> Json:
    return {name: value for name, value in view.items() if name != "errors"}


def action_entry(blocks: list[Json], *, action_id: str, block_id: str | None, value: str | None, ts: str) -> Json:
    """Return the entry of `actions` for a press on this element.

    Among several elements with the same action_id, `block_id` or a button's `value` selects one. Raise
    ImpossibleActionError if none matches.
    """
    found = [
        (block, element)
        for block in blocks
        for element in _elements(block)
        if element["action_id"] == action_id and block_id in (None, block.get("block_id"))
    ]
    if value is not None and any(element["type"] == "button" for _, element in found):
        found = [(block, element) for block, element in found if element.get("value") == value]
    if not found:
        there = ", ".join(
            f"{element['action_id']} ({element['type']}, block {block.get('block_id')}, value {element.get('value')!r})"
            for block in blocks
            for element in _elements(block)
        )
        raise ImpossibleActionError(
            f"no {action_id!r} with block {block_id} and value {value!r}; found: {there or 'none'}"
        )
    block, element = found[0]
    shown: Json = {
        name: element[name] for name in ("action_id", "type", "text", "value", "style", "confirm") if name in element
    }
    if element["type"] != "button":
        shown |= element_value(element, value)
    return shown | {"block_id": block.get("block_id", ""), "action_ts": ts}


def state_values(blocks: list[Json], given: Mapping[str, Mapping[str, Any]]) -> Json:
    """Return `state.values` of a dialog after a user entered `given`; other inputs keep their initial value.

    Raise ImpossibleActionError for a value without an input, or an option that is not offered.
    """
    unknown = {(block_id, action_id) for block_id, actions in given.items() for action_id in actions}
    values: Json = {}
    for block in blocks:
        for element in _elements(block):
            if element["type"] == "button":
                continue
            block_id, action_id = str(block.get("block_id", "")), element["action_id"]
            unknown.discard((block_id, action_id))
            value = given.get(block_id, {}).get(action_id)
            values.setdefault(block_id, {})[action_id] = {"type": element["type"]} | element_value(element, value)
    if unknown:
        there = ", ".join(f"{block}/{action}" for block, actions in values.items() for action in actions) or "none"
        raise ImpossibleActionError(f"the dialog has no such inputs: {sorted(unknown)}; it has {there}")
    return values


def missing_inputs(blocks: list[Json], values: Mapping[str, Mapping[str, Json]]) -> list[str]:
    """Return block ids of required inputs without a value: Slack's client does not submit those."""
    return [
        str(block["block_id"])
        for block in blocks
        if block.get("type") == "input" and not block.get("optional")
        for entry in values.get(block["block_id"], {}).values()
        if not any(content for name, content in entry.items() if name != "type")
    ]


def element_value(element: Json, value: Any) -> Json:
    """Return an element's value after `value` was entered or chosen; None leaves it unchanged."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        chosen = element.get("initial_option") if value is None else _option(element, str(value))
        return {"selected_option": chosen}
    if kind == "feedback_buttons":
        halves = (element["positive_button"], element["negative_button"])
        chosen = next((each for each in halves if each["value"] == value), None)
        if chosen is None:
            raise ImpossibleActionError(f"{element['action_id']} has no button with the value {value!r}")
        return {"text": chosen["text"], "value": chosen["value"]}
    if kind == "checkboxes":
        if value is None:
            return {"selected_options": element.get("initial_options", [])}
        wanted = [value] if isinstance(value, str) else list(value)
        return {"selected_options": [_option(element, each) for each in wanted if each]}
    return {"value": element.get("initial_value") if value is None else str(value) or None}


def _option(element: Json, value: str) -> Json:
    groups = element.get("option_groups", [])
    options = element.get("options", []) + [each for group in groups for each in group.get("options", [])]
    for option in options:
        if option.get("value") == value:
            return dict(option)
    offered = ", ".join(str(option.get("value")) for option in options)
    raise ImpossibleActionError(f"{element['action_id']} offers no {value!r}: it offers {offered or 'nothing'}")


def _elements(value: Any) -> Iterator[Json]:
    """Yield every element with an action_id, at any depth of a block."""
    if isinstance(value, list):
        for each in value:
            yield from _elements(each)
    elif isinstance(value, dict):
        if "action_id" in value and "type" in value:
            yield value
        else:
            for name in ("elements", "element", "accessory", "actions", "child_blocks"):
                yield from _elements(value.get(name))


def asking_menu(blocks: list[Json], *, action_id: str) -> Json:
    """Return the block with the menu of this id whose options the app is asked for; raise ImpossibleActionError."""
    for block in blocks:
        for element in _elements(block):
            if element["action_id"] == action_id and element["type"] == "external_select":
                return block
    raise ImpossibleActionError(f"no menu {action_id!r} asks the app for its options")


def with_offered(blocks: list[Json], offered: Mapping[str, list[Json]]) -> list[Json]:
    """Return the blocks with the options that the app offered, by action id, and with those chosen at first."""
    shown = copied(blocks)
    for element in _elements(shown):
        if element["type"] == "external_select":
            initial = [element["initial_option"]] if "initial_option" in element else []
            element["options"] = [*offered.get(element["action_id"], ()), *initial]
    return shown
