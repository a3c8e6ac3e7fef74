"""Define what the page offers besides the workspace itself: users, channels, sample pastes, commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.playground.kubernetes.resources import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class PasteSample:
    """A sample paste: `text` as copied from a terminal; `note` says what is broken."""

    title: str
    text: str
    note: str = ""


class Trouble(Protocol):
    """Something that a visitor may break and repair in the cluster."""

    def begin(self) -> None: ...
    def end(self) -> None: ...
    def lasts(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedEvent:
    """Trouble in the cluster that the app reports in `channel` by itself.

    `note` says what happens, `ending` how a visitor ends it.
    """

    name: str
    title: str
    ending: str
    note: str
    channel: str
    trouble: Trouble

    def shown(self) -> Json:
        """Return what the page shows."""
        return {
            "name": self.name, "title": self.title, "ending": self.ending, "note": self.note, "channel": self.channel,
            "lasts": self.trouble.lasts(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user whom a visitor may act as; `title` is their role, such as "on call". `acts`: they may press buttons."""

    id: str
    title: str = ""
    acts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChannel:
    """A channel that the page lists, with its topic."""

    id: str
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One use of a slash command: the text after the command, and what it does."""

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
    """A shortcut of the app in a message's menu."""

    callback_id: str
    title: str
