"""What the simulated Slack writes down: calls it got, payloads it delivered, changes that a page wants to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Json = dict[str, Any]


class PayloadKind(StrEnum):
    """What a delivered payload is, named as Socket Mode names its envelopes."""

    EVENT = "events_api"
    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    RAW = "raw"


class ChangeKind(StrEnum):
    """What happened in the workspace or on the wire."""

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
    """One change: `data` is the message, the view, the call or the envelope as plain JSON. `at` in epoch seconds."""

    kind: ChangeKind
    at: float
    channel: str = ""
    user: str = ""
    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """A Web API call as it reached the server, without its token. `status` is 0 if the caller got no answer."""

    method: str
    arguments: Mapping[str, Any]
    at: float
    ok: bool
    error: str
    status: int
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppResponse:
    """What the app answered. `body` is decoded if it is JSON; `status` is 0 if it did not answer in time or at all."""

    status: int
    body: Any
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether Slack takes it as acknowledged."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to hand a payload to the app. `attempt` counts from 0; `reason` says why the attempt failed."""

    kind: PayloadKind
    event_id: str
    type: str
    attempt: int
    over: str
    status: int
    seconds: float
    reason: str
    payload: Mapping[str, Any]
