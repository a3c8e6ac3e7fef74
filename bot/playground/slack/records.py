"""Define what all parts of the simulated Slack share: its identity, its errors, and the records of what happened."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")


def copied(value: T) -> T:
    """Return a deep copy of JSON; many times faster than `copy.deepcopy`."""
    copy: T = pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    return copy


class ImpossibleActionError(ValueError):
    """An action that no user could take, such as a press on a missing button. The message names it."""


class Refused(Exception):
    """A refused Web API call. `error` is Slack's error code; `extra` is added to the response."""

    def __init__(self, error: str, /, *, status: int = 200, retry_after: int | None = None, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.retry_after = retry_after
        self.extra = extra

    @property
    def answer(self) -> Json:
        """Return the body of the response."""
        return {"ok": False, "error": self.error} | self.extra


def invalid(*messages: str, error: str = "invalid_arguments") -> Refused:
    """Return a refusal with details in `response_metadata`, as Slack gives them."""
    return Refused(error, response_metadata={"messages": [f"[ERROR] {each}" for each in messages]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The ids and secrets of the installed app. None belongs to a real workspace."""

    signing_secret: str
    bot_token: str
    app_token: str
    team_id: str = "T0SIMULATED"
    # Set if an organisation installed the app for all of its workspaces.
    enterprise_id: str = ""
    foreign_team_id: str = "T0FOREIGN00"
    domain: str = "simulated"
    app_id: str = "A0CASEBOOK0"
    bot_id: str = "B0CASEBOOK0"
    bot_user_id: str = "U0CASEBOOK0"
    bot_name: str = "casebook"
    verification_token: str = "simulated-verification-token"

    @property
    def is_org(self) -> bool:
        """Return whether an organisation installed the app for all of its workspaces."""
        return bool(self.enterprise_id)

    def team_of(self, *, foreign: bool) -> str:
        """Return the team of a user of this organisation or of another one."""
        return self.foreign_team_id if foreign else self.team_id


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
    HOME_PUBLISHED = "home_published"
    PROMPTS_SET = "prompts_set"
    SESSION_SET = "session_set"
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
    """The app's response. `body` is decoded if it is JSON; `status` is 0 without a response in time.

    `reason` says why Slack does not take the payload as acknowledged. A `final` response is not followed by a retry.
    """

    status: int = 0
    body: Any = ""
    seconds: float = 0
    reason: str = ""
    final: bool = False

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


def as_json(record: RecordedCall | Delivery) -> Json:
    """Return a record as a mapping. It copies no payload, as `asdict` would at each change of a page."""
    return {each.name: getattr(record, each.name) for each in fields(record)}
