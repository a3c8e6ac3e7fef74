"""What is sent to Slack, before anything is sent: a message or a view as plain JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Block Kit as Slack takes it. Built by `responses.slack.blocks`, checked by `responses.slack.validation`.
Block = dict[str, Any]
View = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Text that goes along as a file, because it does not fit into a message."""

    name: str
    title: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that goes along; `alt` says what is to be seen, to who cannot see it."""

    name: str
    title: str
    alt: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: `text` is what notifications and screen readers get, `blocks` what everybody else sees.

    Both are ready to send: `text` is escaped mrkdwn of at most 3,900 bytes, the blocks keep Slack's limits.
    """

    text: str
    blocks: tuple[Block, ...] = ()
    overflow: Snippet | None = None
