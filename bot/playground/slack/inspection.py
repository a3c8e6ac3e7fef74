"""Read the state of the simulated Slack: users, channels, messages, dialogs, files, calls and deliveries."""

from __future__ import annotations

from bot.playground.slack.files import file_json
from bot.playground.slack.records import Delivery, ImpossibleActionError, Json, RecordedCall
from bot.playground.slack.state import State


class Inspection:
    """The part of a `SimulatedSlack` that reads its state. `calls` and `deliveries` are oldest first."""

    calls: list[RecordedCall]
    deliveries: list[Delivery]
    _state: State

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Json]:
        """Return the messages of a channel with replies, oldest first; with `thread_ts`, that thread's replies."""
        self._state.workspace.channel(channel)
        if thread_ts is None:
            return self._state.messages.all(channel)
        return self._state.messages.replies(channel, thread_ts)

    def message(self, channel: str, ts: str) -> Json:
        """Return one message as stored, with metadata. Raise ImpossibleActionError if it does not exist."""
        message = self._state.messages.get(channel, ts)
        if message is None:
            raise ImpossibleActionError(f"no message {ts} in {channel}")
        return message

    def ephemerals(self, user: str | None = None) -> list[Json]:
        """Return ephemeral messages with their `channel` and `user`, oldest first."""
        return self._state.ephemerals.all(user)

    def views(self, user: str) -> list[Json]:
        """Return the user's open dialogs, the visible one last; `errors` are the app's input errors."""
        return self._state.views.all(user)

    def files(self) -> list[Json]:
        """Return the files as `files.info` shows them."""
        return [file_json(each, identity=self._state.identity, url=self._state.url) for each in self._state.files.all()]

    def file_content(self, file_id: str) -> bytes:
        """Return a file's content, b"" until it is uploaded."""
        return self._state.files.get(file_id).content or b""

    def reactions(self, channel: str, ts: str) -> list[Json]:
        """Return the reactions to a message: name, users, count."""
        found: list[Json] = self.message(channel, ts).get("reactions", [])
        return found

    def users(self) -> list[Json]:
        """Return every user, as `users.info` shows them."""
        return self._state.users()

    def channels(self) -> list[Json]:
        """Return every channel and direct message, as `conversations.info` shows them."""
        return self._state.channels()
