"""What the page offers besides what stands in the workspace: who one may be, which channels, what to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.playground.slack import AppResponse, Delivery, RecordedCall, Subscription
from bot.playground.slack.files import SharedFile
from bot.playground.slack.marks import Marks

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PasteSample:
    """A paste one click away: `text` as it would be copied from a terminal, `note` on what is broken there."""

    title: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the workspace whom a visitor may act as; `title` says why one would ("on call")."""

    id: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChannel:
    """A channel that the page lists, with the line under its name."""

    id: str
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One way to use a slash command: what stands after the command, and what it does."""

    text: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """A command of the app as the composer's menu offers it."""

    command: str
    description: str
    usages: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageShortcut:
    """A shortcut of the app in the menu of a message."""

    callback_id: str
    title: str


COMMANDS = (
    SlashCommand(
        command="/diagnose",
        description="Find out why something is broken",
        usages=(
            Usage(text="pod shop/cart-0", description="what is wrong with an object"),
            Usage(text="explain", description="what an error means here"),
            Usage(text="help", description="what it can be asked"),
        ),
    ),
)
SHORTCUTS = (
    MessageShortcut(callback_id="casebook.diagnose_this", title="Diagnose this"),
    MessageShortcut(callback_id="casebook.pin", title="Add to timeline"),
    MessageShortcut(callback_id="casebook.unpin", title="Remove from timeline"),
)


class Workspace(Protocol):
    """What the page uses of a `SimulatedSlack`."""

    @property
    def bot_user_id(self) -> str: ...
    @property
    def bot_id(self) -> str: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def calls(self) -> list[RecordedCall]: ...
    @property
    def deliveries(self) -> list[Delivery]: ...

    def users(self) -> list[Json]: ...
    def channels(self) -> list[Json]: ...
    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Json]: ...
    def ephemerals(self, user: str | None = None) -> list[Json]: ...
    def views(self, user: str) -> list[Json]: ...
    def files(self) -> list[Json]: ...
    def file_content(self, file_id: str) -> bytes: ...
    def subscribe(self) -> Subscription: ...

    async def say(
        self, user: str, channel: str, text: str, *, thread_ts: str = "", files: Sequence[SharedFile] = ()
    ) -> str: ...
    async def edit(self, user: str, channel: str, ts: str, text: str) -> None: ...
    async def remove(self, user: str, channel: str, ts: str) -> None: ...
    async def slash(self, user: str, channel: str, text: str, *, command: str = ...) -> AppResponse: ...
    async def shortcut(self, user: str, channel: str, ts: str, *, callback_id: str) -> AppResponse: ...
    async def click(
        self, user: str, channel: str, ts: str, action_id: str, *, block_id: str | None = ..., value: str | None = ...
    ) -> AppResponse: ...
    async def click_view(
        self, user: str, view_id: str, action_id: str, *, block_id: str | None = ..., value: str | None = ...
    ) -> AppResponse: ...
    async def submit(
        self, user: str, view_id: str, values: Mapping[str, Mapping[str, Any]] | None = ...
    ) -> AppResponse: ...
    async def close(self, user: str, view_id: str, *, all: bool = ...) -> AppResponse | None: ...
