"""Perform user actions: write, edit, delete, press, fill in dialogs. Each one reaches the app as a payload."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.slack.delivery import PayloadSender
from bot.playground.slack.events import EventPublisher
from bot.playground.slack.files import SharedFile
from bot.playground.slack.payloads import (
    PayloadBuilder,
    action_entry,
    asking_menu,
    missing_inputs,
    state_values,
    with_offered,
)
from bot.playground.slack.records import AppResponse, ImpossibleActionError, Json, PayloadKind
from bot.playground.slack.response_handler import ResponseHandler
from bot.playground.slack.state import State
from bot.playground.slack.typed_text import rich_text, stored_text
from bot.playground.slack.workspace import Channel, User

# A name and its content, as text or bytes; SharedFile has more options.
Shareable = SharedFile | tuple[str, str | bytes]


class UserActions:
    """The part of a `SimulatedSlack` that acts as people in the workspace.

    Each action returns once its first delivery attempt has succeeded or failed. Raise ImpossibleActionError for what
    no user could do.
    """

    state: State
    publisher: EventPublisher
    sender: PayloadSender
    _payloads: PayloadBuilder
    _responses: ResponseHandler

    async def say(
        self, user: str, channel: str, text: str, *, thread_ts: str = "", files: Sequence[Shareable] = (),
        bot: bool = False, attachments: Sequence[Json] = (), blocks: Sequence[Json] = (),
    ) -> str:  # fmt: skip
        """Post a message as typed by `user` and return its ts.

        Slack escapes the text and marks links; write mentions as `<@U…>`. With `bot` the message comes from another
        integration with the user's name and `text` is stored unchanged; alerts carry most of their text in
        `attachments` or `blocks`.
        """
        author, place = self.state.workspace.present(user, channel)
        self.state.workspace.active(user, channel)
        shared = [self.state.files.share(_shared(each), user=author.id, channel=place.id) for each in files]
        message = _bot_message(author, text) if bot else self._typed(author, text)
        if attachments:
            message["attachments"] = [*attachments]
        if blocks:
            message["blocks"] = [*blocks]
        if shared:
            shown = [self.state.file(each, listed=each.only_listed) for each in shared]
            message |= {"subtype": "file_share", "files": shown, "upload": False, "display_as_bot": False}
        if thread_ts:
            root = self.state.message(place, thread_ts).get("thread_ts", thread_ts)
            if root != thread_ts:
                raise ImpossibleActionError(f"message {thread_ts} is a reply: its thread is {root}")
            message["thread_ts"] = thread_ts
        stored, attempts = self.publisher.post(place, message)
        for each in shared:
            attempts += self.publisher.event(
                place, "file_shared", file_id=each.id, user_id=author.id, file={"id": each.id}, channel_id=place.id,
                event_ts=stored["ts"],
            )  # fmt: skip
        await asyncio.gather(*attempts)
        return str(stored["ts"])

    async def edit(
        self, user: str, channel: str, ts: str, text: str, *,
        attachments: Sequence[Json] = (), blocks: Sequence[Json] = (),
    ) -> None:  # fmt: skip
        """Edit the user's own message; `attachments` and `blocks` are the new ones of an integration's message."""
        author, place = self.state.workspace.present(user, channel)
        self._own(author, place, ts)
        edited = {"user": author.id, "ts": self.state.timestamps.next()}
        fields = {"text": stored_text(text), "blocks": [*blocks] or [self._rich(text)], "edited": edited}
        if attachments:
            fields["attachments"] = [*attachments]
        _, attempts = self.publisher.change(place, ts, fields)
        await asyncio.gather(*attempts)

    async def remove(self, user: str, channel: str, ts: str, *, admin: bool = False) -> None:
        """Delete the user's own message; as an `admin`, any message, the app's included.

        A message with replies becomes a tombstone, which the app receives as `message_changed`.
        """
        person, place = self.state.workspace.present(user, channel)
        if admin:
            self.state.message(place, ts)
        else:
            self._own(person, place, ts)
        await asyncio.gather(*self.publisher.delete(place, ts))

    async def slash(self, user: str, channel: str, text: str, *, command: str = "/diagnose") -> AppResponse:
        """Send a slash command and show the user the app's response."""
        person, place = self.state.workspace.present(user, channel)
        payload = self._payloads.command(person, place, command=command, text=text)
        response = await self.sender.send(PayloadKind.COMMAND, payload)
        self._responses.handle_command(person, place, response)
        return response

    async def shortcut(self, user: str, channel: str, ts: str, *, callback_id: str) -> AppResponse:
        """Run a message shortcut."""
        person, place = self.state.workspace.present(user, channel)
        message = self.state.message(place, ts)
        return await self._interact(self._payloads.shortcut(person, place, message, callback_id=callback_id))

    async def click(
        self, user: str, channel: str, ts: str, action_id: str, *, block_id: str | None = None, value: str | None = None
    ) -> AppResponse:
        """Press an element of a message, also of an ephemeral one.

        `value` names an option, or one of several buttons.
        """
        person, place = self.state.workspace.present(user, channel)
        message = self.state.ephemerals.get(ts)
        if message is None or message["user"] != person.id:
            message = self.state.message(place, ts)
        action = self._action(message.get("blocks", []), action_id, block_id, value)
        return await self._interact(self._payloads.press(person, place, message, action=action))

    async def click_view(
        self, user: str, view_id: str, action_id: str, *, block_id: str | None = None, value: str | None = None
    ) -> AppResponse:
        """Press an element of an open dialog."""
        person = self.state.workspace.user(user)
        view = self.state.views.require(person.id, view_id)
        blocks = with_offered(view["blocks"], self.state.views.offered(view_id))
        action = self._action(blocks, action_id, block_id, value)
        return await self._interact(self._payloads.press_in_view(person, view, action=action))

    async def open_app(self, user: str, tab: str = "home") -> None:
        """Open the app: its Home tab, or with "messages" the direct message with it."""
        person = self.state.workspace.user(user)
        channel = self.state.workspace.find_im(person.id)
        fields: Json = {"user": person.id, "channel": channel.id, "tab": tab}
        if tab == "home" and (view := self.state.places.home(person.id)):
            fields["view"] = view
        await asyncio.gather(*self.publisher.event(channel, "app_home_opened", **fields))

    async def click_home(self, user: str, action_id: str, *, value: str | None = None) -> AppResponse:
        """Press an element of the user's Home tab."""
        person = self.state.workspace.user(user)
        if (view := self.state.places.home(person.id)) is None:
            raise ImpossibleActionError(f"{user} has no Home tab yet")
        action = self._action(view["blocks"], action_id, None, value)
        return await self._interact(self._payloads.press_in_view(person, view, action=action))

    async def suggest(self, user: str, view_id: str, action_id: str, value: str = "") -> AppResponse:
        """Type into a menu whose options the app is asked for, or open it; a user may then choose one of them.

        Raise ImpossibleActionError for a response that Slack would not show.
        """
        person = self.state.workspace.user(user)
        view = self.state.views.require(person.id, view_id)
        block_id = str(asking_menu(view["blocks"], action_id=action_id).get("block_id", ""))
        asked = self._payloads.suggestion(person, view, action_id=action_id, block_id=block_id, value=value)
        response = await self._interact(asked)
        self._responses.handle_suggestion(view, action_id, response)
        return response

    async def submit(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]] | None = None
    ) -> AppResponse:  # fmt: skip
        """Submit a dialog with `values` by block and action id. It closes unless the app responds otherwise."""
        person = self.state.workspace.user(user)
        view = self.state.views.require(person.id, view_id)
        if view["submit"] is None and not any(block.get("type") == "input" for block in view["blocks"]):
            raise ImpossibleActionError(f"view {view_id} has no submit button")
        blocks = with_offered(view["blocks"], self.state.views.offered(view_id))
        filled = state_values(blocks, values or {})
        if missing := missing_inputs(view["blocks"], filled):
            raise ImpossibleActionError(f"Slack's client does not submit while these inputs are empty: {missing}")
        view = self.state.views.fill(person.id, view_id, values=filled)
        response = await self._interact(self._payloads.submission(person, view))
        self._responses.handle_submission(person, view, response)
        return response

    async def close(self, user: str, view_id: str) -> AppResponse | None:
        """Close a dialog. Return None if the app is not notified."""
        person = self.state.workspace.user(user)
        view = self.state.views.require(person.id, view_id)
        self.state.views.close(person.id, view_id)
        return await self._interact(self._payloads.closing(person, view)) if view["notify_on_close"] else None

    def _action(self, blocks: list[Json], action_id: str, block_id: str | None, value: str | None) -> Json:
        ts = self.state.timestamps.next()
        return action_entry(blocks, action_id=action_id, block_id=block_id, value=value, ts=ts)

    async def _interact(self, payload: Json) -> AppResponse:
        return await self.sender.send(PayloadKind.INTERACTION, payload)

    def _own(self, user: User, channel: Channel, ts: str) -> None:
        message = self.state.message(channel, ts)
        # The post of an integration has no user but its name.
        author = message.get("user") or (user.id if message.get("username") == user.name else "")
        if author != user.id or message.get("subtype") == "tombstone":
            raise ImpossibleActionError(f"{user.name} did not write message {ts}: {message['text'][:80]!r}")

    def _typed(self, user: User, text: str) -> Json:
        team = self.state.identity.team_of(foreign=user.foreign)
        number = self.state.timestamps.next().replace(".", "")
        message: Json = {
            "user": user.id, "text": stored_text(text), "team": team, "client_msg_id": f"simulated-{number}"
        }  # fmt: skip
        if text:
            message["blocks"] = [self._rich(text)]
        if user.foreign:
            message |= {"user_team": team, "source_team": team, "user_profile": {"name": user.name}}
        return message

    def _rich(self, text: str) -> Json:
        return rich_text(text, block_id=f"u{self.state.timestamps.next().replace('.', '')}")


def _bot_message(user: User, text: str) -> Json:
    # Another integration, such as an alert manager's webhook, posts without a user.
    return {"subtype": "bot_message", "bot_id": f"B{user.id[1:]}", "username": user.name, "text": text}


def _shared(file: Shareable) -> SharedFile:
    if isinstance(file, SharedFile):
        return file
    name, content = file
    return SharedFile(name=name, content=content.encode() if isinstance(content, str) else content)
