"""Hold the state of the simulated workspace in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.playground.slack.canvases import Canvases
from bot.playground.slack.changes import Changes
from bot.playground.slack.files import Files, StoredFile, file_json
from bot.playground.slack.messages import Ephemerals, Messages, Timestamps
from bot.playground.slack.records import ChangeKind, Identity, ImpossibleActionError, Json
from bot.playground.slack.tickets import Tickets
from bot.playground.slack.views import AppPlaces, Views
from bot.playground.slack.workspace import Channel, Workspace, channel_json, user_json

# The largest page of messages that Slack returns.
LARGEST_PAGE = 999


class State:
    """Users, channels, messages, dialogs, files and tickets; `url` is the server's address while it runs.

    `revoked`: the app's tokens are revoked. `scopes`: what the bot token may do. `history_page`: the largest page of
    messages that the app gets. `files_hidden`: the app gets the login page for every file.
    """

    def __init__(
        self, *, identity: Identity, clock: Callable[[], float], scopes: Iterable[str], trigger_seconds: float
    ) -> None:
        self.identity = identity
        self.clock = clock
        self.url = ""
        self.revoked = False
        self.scopes = set(scopes)
        self.history_page = LARGEST_PAGE
        self.files_hidden = False
        self.changes = Changes(clock=clock)
        self.timestamps = Timestamps(clock=clock)
        self.workspace = Workspace(identity=identity, clock=clock, changed=self._publish_directory)
        self.messages = Messages(timestamps=self.timestamps, changes=self.changes)
        self.ephemerals = Ephemerals(timestamps=self.timestamps, changes=self.changes)
        self.tickets = Tickets(clock=clock, trigger_seconds=trigger_seconds)
        self.views = Views(identity=identity, changes=self.changes)
        self.places = AppPlaces(changes=self.changes)
        self.files = Files(identity=identity, clock=clock)
        self.canvases = Canvases(clock=clock)

    def users(self) -> list[Json]:
        """Return every user, as `users.info` shows them."""
        return [user_json(each, identity=self.identity, locale=True) for each in self.workspace.users.values()]

    def channels(self) -> list[Json]:
        """Return every channel and direct message, as `conversations.info` shows them."""
        return [self.channel(each) for each in self.workspace.channels.values()]

    def channel(self, channel: Channel) -> Json:
        """Return one channel, with its canvas if it has one."""
        shown = channel_json(channel, workspace=self.workspace)
        if canvas := self.canvases.of(channel.id):
            shown["properties"] = {"canvas": {"file_id": canvas.id, "is_empty": not canvas.markdown}}
        return shown

    def file(self, file: StoredFile, *, listed: bool = False) -> Json:
        """Return one file as events and `files.info` show it; `listed` is the short form of Slack Connect events."""
        return file_json(file, identity=self.identity, url=self.url, listed=listed)

    def message(self, channel: Channel, ts: str) -> Json:
        """Return one message as stored, with metadata. Raise ImpossibleActionError if it does not exist."""
        if (message := self.messages.get(channel.id, ts)) is None:
            raise ImpossibleActionError(f"no message {ts} in {channel.name} ({channel.id})")
        return message

    def _publish_directory(self) -> None:
        self.changes.announce(ChangeKind.DIRECTORY, lambda: {"users": self.users(), "channels": self.channels()})
