"""Build the payloads of commands, shortcuts, button presses and dialogs as Slack does."""

from __future__ import annotations

from bot.playground.slack.envelopes import without_metadata
from bot.playground.slack.records import Json
from bot.playground.slack.state import State
from bot.playground.slack.workspace import Channel, User

_COMMAND_PLACES = {"channel": "", "group": "privategroup", "im": "directmessage"}


class PayloadBuilder:
    """Builds payloads, each with its own trigger id and response URL."""

    def __init__(self, *, state: State) -> None:
        self._state = state

    def command(self, user: User, channel: Channel, *, command: str, text: str) -> Json:
        """Return the form of a slash command."""
        identity = self._state.identity
        return {
            "token": identity.verification_token,
            "team_id": identity.team_id,
            "team_domain": identity.domain,
            "channel_id": channel.id,
            "channel_name": _COMMAND_PLACES[channel.type] or channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": identity.app_id,
            "is_enterprise_install": "false",
            "response_url": self._response_url(user, channel),
            "trigger_id": self._state.tickets.trigger(user.id),
        }

    def shortcut(self, user: User, channel: Channel, message: Json, *, callback_id: str) -> Json:
        """Return the payload of a message shortcut."""
        return self._common("message_action", user) | {
            "action_ts": self._state.timestamps.next(),
            "callback_id": callback_id,
            "channel": _place(channel),
            "message_ts": message["ts"],
            "message": without_metadata(message),
            "response_url": self._response_url(user, channel, message=message),
        }

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
            | {"response_url": self._response_url(user, channel, message=message)}
        )

    def press_in_view(self, user: User, view: Json, *, action: Json) -> Json:
        """Return the payload of a press in a dialog, which has no channel and no response URL."""
        return self._common("block_actions", user) | {
            "container": {"type": "view", "view_id": view["id"]},
            "view": _shown(view),
            "actions": [action],
        }

    def submission(self, user: User, view: Json) -> Json:
        """Return the payload of a submitted dialog."""
        return self._common("view_submission", user) | {"view": _shown(view), "response_urls": []}

    def closing(self, user: User, view: Json, *, cleared: bool) -> Json:
        """Return the payload of a dialog that the user closed."""
        payload = self._common("view_closed", user) | {"view": _shown(view), "is_cleared": cleared}
        del payload["trigger_id"]
        return payload

    def _common(self, kind: str, user: User) -> Json:
        identity = self._state.identity
        team = identity.foreign_team_id if user.foreign else identity.team_id
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team},
            "api_app_id": identity.app_id,
            "token": identity.verification_token,
            "team": {"id": identity.team_id, "domain": identity.domain},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._state.tickets.trigger(user.id),
        }

    def _response_url(self, user: User, channel: Channel, *, message: Json | None = None) -> str:
        message = message or {}
        path = self._state.tickets.response(
            channel=channel.id, user=user.id, ts=message.get("ts", ""), thread_ts=message.get("thread_ts", "")
        )
        return f"{self._state.url}{path}"


def _place(channel: Channel) -> Json:
    names = {"im": "directmessage", "group": "privategroup"}
    return {"id": channel.id, "name": names.get(channel.type, channel.name)}


def _shown(view: Json) -> Json:
    return {name: value for name, value in view.items() if name != "errors"}
