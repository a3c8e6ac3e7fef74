"""Everything that goes out to Slack, as one object: post, edit, whisper, upload, look something up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api import Api
from bot.slack.files import ReadFile
from bot.slack.limits import Limits
from bot.slack.people import Person, Place
from responses.slack.message import Message, Snippet, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where a message of ours stands."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are in Slack. `scopes` are the token's; empty where Slack does not tell."""

    team: str
    team_name: str
    user: str
    bot_id: str
    app_id: str = ""
    scopes: frozenset[str] = frozenset()


class Slack:
    """One workspace. Its token, address and proxy are those of `client`. Every method raises SlackError only."""

    def __init__(self, client: AsyncWebClient, *, limits: Limits | None = None) -> None:
        self._api = Api(client, limits=limits or Limits())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._api.aclose()

    async def identify(self) -> Identity:
        """Who we are, by auth.test, asked once."""
        raise NotImplementedError

    async def post(
        self, *, channel: str, message: Message, thread_ts: str = "", key: str = "", sought: bool = False
    ) -> Sent:
        """Post a message."""
        raise NotImplementedError

    async def update(
        self,
        *,
        channel: str,
        ts: str,
        message: Message,
        final: bool = False,
        key: str = "",
        thread_ts: str = "",
        sought: bool = False,
    ) -> None:
        """Edit a message."""
        raise NotImplementedError

    async def delete(self, *, channel: str, ts: str) -> None:
        """Delete a message of ours; one that is gone already is fine."""
        raise NotImplementedError

    async def whisper(self, *, channel: str, user: str, message: Message, thread_ts: str = "") -> None:
        """Show a message to one user only. At least once: after a lost connection it may be shown twice."""
        raise NotImplementedError

    async def respond(
        self, response_url: str, message: Message, *, in_channel: bool = False, replace: bool = False
    ) -> None:
        """Answer a command or a press by its response address. At least once."""
        raise NotImplementedError

    async def open_view(self, trigger_id: str, view: View) -> str:
        """Open a dialog; its view id."""
        raise NotImplementedError

    async def update_view(self, view_id: str, view: View) -> None:
        """Change an open dialog."""
        raise NotImplementedError

    async def publish_home(self, user: str, view: View) -> None:
        """Set the Home tab of a user."""
        raise NotImplementedError

    async def upload(self, *, channel: str, snippet: Snippet, thread_ts: str = "") -> None:
        """Post a text file."""
        raise NotImplementedError

    async def permalink(self, *, channel: str, ts: str) -> str:
        """The address of a message."""
        raise NotImplementedError

    async def react(self, *, channel: str, ts: str, name: str) -> None:
        """Add a reaction; one that is there already is fine."""
        raise NotImplementedError

    async def find(self, *, channel: str, key: str, thread_ts: str = "", near_ts: str = "") -> Sent | None:
        """The message of ours that carries `key`."""
        raise NotImplementedError

    async def read_file(self, file: Mapping[str, Any], *, limit: int = 1 << 20) -> ReadFile:
        """A pasted file as text."""
        raise NotImplementedError

    async def person(self, user: str) -> Person:
        """Who a user is."""
        raise NotImplementedError

    async def place(self, channel: str) -> Place:
        """What a channel is."""
        raise NotImplementedError
