"""Define the messages and views to send to Slack, as plain JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Block Kit JSON, built by `responses.slack.blocks`, checked by `responses.slack.validation`.
Block = dict[str, Any]
View = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A text that is attached as a file, because it does not fit into a message."""

    name: str
    title: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that is attached; `alt` describes it for readers who cannot see it."""

    name: str
    title: str
    alt: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: `text` is for notifications and screen readers, `blocks` for everybody else.

    Both are ready to send: `text` is escaped mrkdwn of at most 3,900 bytes, the blocks keep Slack's limits.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    overflow: Snippet | None = None
