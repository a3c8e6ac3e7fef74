"""Perform user actions: write, edit, delete, press, fill in dialogs. Each one reaches the app as a payload."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.slack.elements import action_entry, missing_inputs, state_values
from bot.playground.slack.errors import ImpossibleActionError
from bot.playground.slack.event_publisher import EventPublisher, FirstAttempts
from bot.playground.slack.files import SharedFile, file_json
from bot.playground.slack.payload_sender import OutgoingPayload, PayloadSender
from bot.playground.slack.payloads import PayloadBuilder
from bot.playground.slack.records import AppResponse, Json, PayloadKind
from bot.playground.slack.response_handler import ResponseHandler
from bot.playground.slack.state import State
from bot.playground.slack.typed_text import rich_text, stored_text
from bot.playground.slack.workspace import Channel, User


class UserActions:
    """Actions of people in the workspace. Raise ImpossibleActionError for what no user could do."""

    def __init__(self, *, state: State, publisher: EventPublisher, sender: PayloadSender) -> None:
        self._state = state
        self._publisher = publisher
        self._sender = sender
        self._payloads = PayloadBuilder(state=state)
        self._responses = ResponseHandler(state=state, publisher=publisher)

    async def say(
        self, user_id: str, channel_id: str, text: str, *, thread_ts: str, files: Sequence[SharedFile], bot: bool,
        attachments: Sequence[Json], blocks: Sequence[Json],
    ) -> str:  # fmt: skip
        """Post a message as this user, or with `bot` as another integration. Return its timestamp."""
        user, channel = self._present(user_id, channel_id)
        if channel.archived:
            raise ImpossibleActionError(f"#{channel.name} is archived: nobody can write there")
        shared = [self._state.files.share(each, user=user.id, channel=channel.id) for each in files]
        message = self._bot_message(user, text) if bot else self._message(user, text)
        if attachments:
            message["attachments"] = [*attachments]
        if blocks:
            message["blocks"] = [*blocks]
        if shared:
            identity, url = self._state.identity, self._state.url
            shown = [file_json(each, identity=identity, url=url, listed=each.only_listed) for each in shared]
            message |= {"subtype": "file_share", "files": shown, "upload": False, "display_as_bot": False}
        if thread_ts:
            message["thread_ts"] = self._thread_at(channel, thread_ts)
        stored, attempts = self._publisher.post(channel, message)
        for each in shared:
            event = {
                "type": "file_shared", "file_id": each.id, "user_id": user.id, "file": {"id": each.id},
                "channel_id": channel.id, "event_ts": stored["ts"],
            }  # fmt: skip
            attempts += self._publisher.event(channel, event)
        await _all(attempts)
        return str(stored["ts"])

    async def edit(
        self, user_id: str, channel_id: str, ts: str, text: str, *,
        attachments: Sequence[Json] = (), blocks: Sequence[Json] = (),
    ) -> None:  # fmt: skip
        """Edit the user's own message."""
        user, channel = self._present(user_id, channel_id)
        self._own(user, channel, ts)
        edited = {"user": user.id, "ts": self._state.timestamps.next()}
        fields = {"text": stored_text(text), "blocks": [*blocks] or [self._rich(text)], "edited": edited}
        if attachments:
            fields["attachments"] = [*attachments]
        _, attempts = self._publisher.change(channel, ts, fields)
        await _all(attempts)

    async def remove(self, user_id: str, channel_id: str, ts: str, *, admin: bool = False) -> None:
        """Delete the user's own message; with `admin`, any message."""
        user, channel = self._present(user_id, channel_id)
        if admin:
            self._message_at(channel, ts)
        else:
            self._own(user, channel, ts)
        await _all(self._publisher.delete(channel, ts))

    async def slash(self, user_id: str, channel_id: str, text: str, *, command: str) -> AppResponse:
        """Send a slash command and show the app's response."""
        user, channel = self._present(user_id, channel_id)
        payload = self._payloads.command(user, channel, command=command, text=text)
        response = await self._sender.send(OutgoingPayload(kind=PayloadKind.COMMAND, payload=payload))
        self._responses.handle_command(user, channel, response)
        return response

    async def shortcut(self, user_id: str, channel_id: str, ts: str, *, callback_id: str) -> AppResponse:
        """Run a message shortcut."""
        user, channel = self._present(user_id, channel_id)
        message = self._message_at(channel, ts)
        return await self._interact(self._payloads.shortcut(user, channel, message, callback_id=callback_id))

    async def click(
        self, user_id: str, channel_id: str, ts: str, action_id: str, *, block_id: str | None, value: str | None
    ) -> AppResponse:
        """Press an element of a message."""
        user, channel = self._present(user_id, channel_id)
        message = self._state.ephemerals.get(ts)
        if message is None or message["user"] != user.id:
            message = self._message_at(channel, ts)
        action = action_entry(
            message.get("blocks", []), action_id=action_id, block_id=block_id, value=value,
            ts=self._state.timestamps.next(),
        )  # fmt: skip
        return await self._interact(self._payloads.press(user, channel, message, action=action))

    async def click_view(
        self, user_id: str, view_id: str, action_id: str, *, block_id: str | None, value: str | None
    ) -> AppResponse:
        """Press an element of an open dialog."""
        user = self._state.workspace.user(user_id)
        view = self._state.views.require(user.id, view_id)
        ts = self._state.timestamps.next()
        action = action_entry(view["blocks"], action_id=action_id, block_id=block_id, value=value, ts=ts)
        return await self._interact(self._payloads.press_in_view(user, view, action=action))

    async def submit(self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, Any]]) -> AppResponse:
        """Submit a dialog with these values and apply the app's response."""
        user = self._state.workspace.user(user_id)
        view = self._state.views.require(user.id, view_id)
        if view["submit"] is None and not any(block.get("type") == "input" for block in view["blocks"]):
            raise ImpossibleActionError(f"view {view_id} has no submit button")
        filled = state_values(view["blocks"], values)
        if missing := missing_inputs(view["blocks"], filled):
            raise ImpossibleActionError(f"Slack's client does not submit while these inputs are empty: {missing}")
        self._state.views.fill(user.id, view_id, values=filled)
        view = self._state.views.require(user.id, view_id)
        response = await self._interact(self._payloads.submission(user, view))
        self._responses.handle_submission(user, view, response)
        return response

    async def close(self, user_id: str, view_id: str, *, all: bool) -> AppResponse | None:
        """Close a dialog, or with `all` every dialog of its stack."""
        user = self._state.workspace.user(user_id)
        view = self._state.views.require(user.id, view_id)
        all = all or bool(view["clear_on_close"])
        closed = self._state.views.close(user.id, view_id, all=all)
        if not any(each["notify_on_close"] for each in closed):
            return None
        return await self._interact(self._payloads.closing(user, view, cleared=all))

    async def _interact(self, payload: Json) -> AppResponse:
        return await self._sender.send(OutgoingPayload(kind=PayloadKind.INTERACTION, payload=payload))

    def _present(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        user, channel = self._state.workspace.user(user_id), self._state.workspace.channel(channel_id)
        if not self._state.workspace.is_member(channel, user.id):
            raise ImpossibleActionError(f"{user.name} is not in {channel.name} ({channel.id})")
        return user, channel

    def _message_at(self, channel: Channel, ts: str) -> Json:
        message = self._state.messages.get(channel.id, ts)
        if message is None:
            raise ImpossibleActionError(f"no message {ts} in {channel.name} ({channel.id})")
        return message

    def _thread_at(self, channel: Channel, ts: str) -> str:
        root = self._message_at(channel, ts).get("thread_ts", ts)
        if root != ts:
            raise ImpossibleActionError(f"message {ts} is a reply: its thread is {root}")
        return ts

    def _own(self, user: User, channel: Channel, ts: str) -> None:
        message = self._message_at(channel, ts)
        # The post of an integration has no user but its name.
        author = message.get("user") or (user.id if message.get("username") == user.name else "")
        if author != user.id or message.get("subtype") == "tombstone":
            raise ImpossibleActionError(f"{user.name} did not write message {ts}: {message['text'][:80]!r}")

    def _message(self, user: User, text: str) -> Json:
        identity = self._state.identity
        team = identity.foreign_team_id if user.foreign else identity.team_id
        number = self._state.timestamps.next().replace(".", "")
        message: Json = {
            "user": user.id,
            "text": stored_text(text),
            "team": team,
            "client_msg_id": f"simulated-{number}",
        }
        if text:
            message["blocks"] = [self._rich(text)]
        return message | (
            {"user_team": team, "source_team": team, "user_profile": {"name": user.name}} if user.foreign else {}
        )

    def _bot_message(self, user: User, text: str) -> Json:
        # Another integration, such as an alert manager's webhook, posts without a user.
        return {"subtype": "bot_message", "bot_id": f"B{user.id[1:]}", "username": user.name, "text": text}

    def _rich(self, text: str) -> Json:
        return rich_text(text, block_id=f"u{self._state.timestamps.next().replace('.', '')}")


async def _all(attempts: FirstAttempts) -> None:
    await asyncio.gather(*attempts)
