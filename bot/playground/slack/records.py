"""Define what the simulated Slack records: calls received, payloads delivered, changes to show on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class PayloadKind(StrEnum):
    """The kind of a delivered payload, named as Socket Mode names its envelopes."""

    EVENT = "events_api"
    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    RAW = "raw"


class ChangeKind(StrEnum):
    """The kind of a change in the workspace or on the wire."""

    MESSAGE_POSTED = "message_posted"
    MESSAGE_CHANGED = "message_changed"
    MESSAGE_DELETED = "message_deleted"
    EPHEMERAL_POSTED = "ephemeral_posted"
    EPHEMERAL_CHANGED = "ephemeral_changed"
    EPHEMERAL_DELETED = "ephemeral_deleted"
    VIEW_OPENED = "view_opened"
    VIEW_UPDATED = "view_updated"
    VIEW_CLOSED = "view_closed"
    DIRECTORY = "directory"
    CALL = "call"
    ENVELOPE = "envelope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `data` is the message, view, call or envelope as plain JSON; `at` is in epoch seconds."""

    kind: ChangeKind
    at: float
    channel: str = ""
    user: str = ""
    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """A Web API call as the server received it, without its token. `status` is 0 if no response was sent."""

    method: str
    arguments: Mapping[str, Any]
    at: float
    ok: bool
    error: str
    status: int
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppResponse:
    """The app's response. `body` is decoded if it is JSON; `status` is 0 without a response in time."""

    status: int
    body: Any
    seconds: float

    @property
    def ok(self) -> bool:
        """Return whether Slack takes the payload as acknowledged."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to deliver a payload. `attempt` counts from 0; `reason` says why it failed."""

    kind: PayloadKind
    event_id: str
    type: str
    attempt: int
    over: str
    status: int
    seconds: float
    reason: str
    payload: Mapping[str, Any]
