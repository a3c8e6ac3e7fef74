"""Check each payload once before a listener reads it: its size and depth, then the types of the fields we read.

Fields that no listener reads are not checked. A value that Slack may leave out may also be null.
A signature proves that Slack sent the payload, not that it has the documented form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from slack_bolt.async_app import AsyncBoltRequest

from bot.common.redaction import clean

# Channels, users, teams, triggers: they become parts of our own ids.
_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,100}$")]
_MaybeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{0,100}$")] | None
# The time of a message, which is also its id in the channel.
_Ts = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,9})?$")]
_MaybeTs = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,12}(\.[0-9]{1,9})?)?$")] | None
# Types, subtypes, callback ids: bounded, because they reach logs.
_Word = Annotated[str, StringConstraints(max_length=255)]
_MaybeText = str | None


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _WithId(_Fields):
    id: _Id


class _WithMaybeId(_Fields):
    id: _MaybeId = None


class _File(_Fields):
    id: _MaybeId = None
    name: _MaybeText = None
    title: _MaybeText = None
    mimetype: _MaybeText = None
    filetype: _MaybeText = None
    mode: _Word | None = None
    size: Annotated[int, Field(ge=0)] | None = None
    url_private: _MaybeText = None
    url_private_download: _MaybeText = None
    file_access: _Word | None = None


class _Attachment(_Fields):
    from_url: _MaybeText = None
    pretext: _MaybeText = None
    title: _MaybeText = None
    text: _MaybeText = None
    fallback: _MaybeText = None
    fields: list[Any] | None = None
    blocks: list[Any] | None = None


class _Message(_Fields):
    """The content of a message, in an event, an edit or a shortcut."""

    ts: _MaybeTs = None
    thread_ts: _MaybeTs = None
    user: _MaybeId = None
    bot_id: _MaybeId = None
    subtype: _Word | None = None
    text: _MaybeText = None
    username: _MaybeText = None
    bot_profile: dict[str, Any] | None = None
    files: list[_File] | None = None
    attachments: list[_Attachment] | None = None
    blocks: list[Any] | None = None
    edited: dict[str, Any] | None = None


class _Event(_Fields):
    type: _Word
    event_ts: _MaybeTs = None
    user: _MaybeId | dict[str, Any] = None


class _MessageEvent(_Message):
    type: _Word
    channel: _Id
    event_ts: _MaybeTs = None
    channel_type: _Word | None = None
    deleted_ts: _MaybeTs = None
    message: _Message | None = None
    previous_message: _Message | None = None


class _EditEvent(_MessageEvent):
    # The version of the message.
    event_ts: _Ts


class _NamedChannel(_Fields):
    id: _Id
    name: _MaybeText = None
    creator: _MaybeId = None


class _ChannelEvent(_Fields):
    type: _Word
    channel: _Id | _NamedChannel
    event_ts: _MaybeTs = None
    user: _MaybeId = None
    actor_id: _MaybeId = None


class _Item(_Fields):
    type: _Word
    channel: _MaybeId = None
    ts: _MaybeTs = None


class _MessageItem(_Fields):
    channel: _Id
    ts: _Ts


class _ReactionEvent(_Fields):
    type: _Word
    user: _MaybeId = None
    reaction: _Word
    item: _Item
    event_ts: _Ts


class _ReactedMessage(_Fields):
    item: _MessageItem


class _Authorization(_Fields):
    team_id: _MaybeId = None
    enterprise_id: _MaybeId = None
    is_enterprise_install: bool | None = None


def _with_type(event: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(event.get("type"), str):
        raise ValueError("no type")
    return event


class Envelope(_Fields):
    """A message of Socket Mode. One without a payload, as `hello` and `disconnect`, is Slack's own."""

    type: _Word
    envelope_id: _Id | None = None
    payload: dict[str, Any] = {}
    retry_attempt: int | None = None
    retry_reason: _Word | None = None


class EventCallback(_Fields):
    """The envelope of an event; its event has a model of its own, see `event_model`."""

    type: _Word
    team_id: _MaybeId = None
    context_team_id: _MaybeId = None
    api_app_id: _MaybeId = None
    event_id: _MaybeId = None
    authorizations: list[_Authorization] | None = None
    event: Annotated[dict[str, Any], AfterValidator(_with_type)]


class Command(_Fields):
    """A slash command. All values of a form are texts."""

    command: _Word
    text: str = ""
    team_id: _Id
    channel_id: _Id
    user_id: _Id
    trigger_id: _Id
    response_url: str = ""


class _Interaction(_Fields):
    type: _Word
    team: _WithId | None = None
    user: _WithId
    api_app_id: _MaybeId = None
    trigger_id: _MaybeId = None
    response_url: _MaybeText = None


class _WithValue(_Fields):
    value: _MaybeText = None


class _Action(_Fields):
    type: _Word | None = None
    action_id: _Word
    block_id: _Word | None = None
    value: _MaybeText = None
    action_ts: _MaybeTs = None
    selected_option: _WithValue | None = None


class _Container(_Fields):
    channel_id: _MaybeId = None
    message_ts: _MaybeTs = None
    thread_ts: _MaybeTs = None


class _PressedMessage(_Fields):
    ts: _MaybeTs = None
    thread_ts: _MaybeTs = None


class _DialogAround(_Fields):
    type: _Word | None = None
    id: _MaybeId = None
    private_metadata: _MaybeText = None


class _Suggestion(_Interaction):
    action_id: _Word
    block_id: _Word | None = None
    value: _MaybeText = None
    view: _DialogAround | None = None


class _BlockActions(_Interaction):
    actions: Annotated[list[_Action], Field(min_length=1)]
    container: _Container | None = None
    channel: _WithMaybeId | None = None
    message: _PressedMessage | None = None
    view: _DialogAround | None = None


class _State(_Fields):
    values: dict[str, dict[str, _WithValue]] = {}


class _View(_Fields):
    type: _Word
    id: _MaybeId = None
    callback_id: _Word
    private_metadata: _MaybeText = None
    state: _State | None = None


class _ViewInteraction(_Interaction):
    view: _View


class _ShortcutMessage(_Message):
    ts: _Ts


class _MessageShortcut(_Interaction):
    callback_id: _Word
    trigger_id: _Id
    action_ts: _Ts
    channel: _WithId
    message: _ShortcutMessage


class _GlobalShortcut(_Interaction):
    callback_id: _Word


class _UrlVerification(_Fields):
    challenge: Annotated[str, StringConstraints(max_length=1000)]


class _RateLimited(_Fields):
    minute_rate_limited: Annotated[int, Field(ge=0)] | None = None


# By the `type` of a payload; other types have no listener.
PAYLOADS: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "event_callback": EventCallback,
        "block_actions": _BlockActions,
        "block_suggestion": _Suggestion,
        "view_submission": _ViewInteraction,
        "view_closed": _ViewInteraction,
        "message_action": _MessageShortcut,
        "shortcut": _GlobalShortcut,
        "url_verification": _UrlVerification,
        "app_rate_limited": _RateLimited,
    }
)
_MESSAGES: Final = frozenset({"message", "app_mention"})
_REACTIONS: Final = frozenset({"reaction_added", "reaction_removed"})


def event_models(event: Mapping[str, Any]) -> tuple[type[BaseModel], ...]:
    """Return the models of an event, by its type."""
    kind = event.get("type")
    if kind in _MESSAGES:
        return (_EditEvent,) if event.get("subtype") == "message_changed" else (_MessageEvent,)
    if kind in _REACTIONS:
        item = event.get("item")
        on_message = isinstance(item, Mapping) and item.get("type") == "message"
        return (_ReactionEvent,) if not on_message else (_ReactionEvent, _ReactedMessage)
    if str(kind).startswith(("channel_", "group_", "member_")):
        return (_ChannelEvent,)
    return (_Event,)


# Slack's blocks nest about ten levels, and a payload with 50 blocks has about 5,000 values.
_DEEPEST: Final = 64
_MOST_VALUES: Final = 50_000
# What databases and other JSON parsers accept.
_LARGEST_INTEGER: Final = 1 << 63
# In a shorter JSON text no value can be one of too many, and with fewer brackets none is too deep.
_SHORT: Final = 50_000
# All other texts without these have only usual numbers and storable texts: escapes (of characters that no database
# stores), exponents, long integers, NaN and Infinity. RE2 takes a tenth of the time that `re` takes.
_UNUSUAL: Final = re2.compile(rb"\x00|\\u|[0-9][eE][-+]?[0-9]|[0-9]{18}|NaN|Infinity")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class MalformedPayload(Exception):
    """The payload cannot be processed. `problem` says why, `field` where; neither contains a value of it."""

    problem: str
    field: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.problem} ({self.field})" if self.field else self.problem


def checked_request(**arguments: Any) -> AsyncBoltRequest:
    """Return Bolt's request made of `arguments`, with a checked payload. Raise MalformedPayload."""
    try:
        # The constructor parses the payload and reads ids from it.
        request = AsyncBoltRequest(**arguments)
    except (ValueError, LookupError, RecursionError, TypeError, AttributeError) as error:
        raise MalformedPayload(f"it cannot be parsed: {type(error).__name__}") from None
    text = arguments.get("body")
    usual = isinstance(text, str) and text.startswith("{") and is_usual(text)
    request.body = dict(check_payload(request.body, values=not usual))
    return request


def is_usual(text: str) -> bool:
    """Tell whether the values of this JSON text need no check; False proves nothing."""
    if len(text) > _SHORT or text.count("{") + text.count("[") > _DEEPEST:
        return False
    try:
        return not _UNUSUAL.search(text.encode())
    except UnicodeEncodeError:
        return False


def check_envelope(message: object) -> dict[str, Any]:
    """Return a message of Socket Mode, whose payload is not checked yet. Raise MalformedPayload."""
    if not isinstance(message, dict):
        raise MalformedPayload("it is not a JSON object")
    _check(Envelope, message, "")
    return message


def check_payload(body: object, *, values: bool = True) -> Mapping[str, Any]:
    """Return the payload, in which text that no database stores is replaced. Raise MalformedPayload.

    Without `values`, only the fields that we read are checked.
    """
    if not isinstance(body, dict):
        raise MalformedPayload("it is not a JSON object")
    if values:
        check_values(body)
    if "command" in body:
        _check(Command, body, "command")
        return body
    kind = body.get("type")
    if not isinstance(kind, str):
        raise MalformedPayload("it has no type")
    model = PAYLOADS.get(kind)
    if model is None:
        raise MalformedPayload("its type has no listener")
    _check(model, body, kind)
    if model is EventCallback:
        for each in event_models(body["event"]):
            _check(each, body["event"], kind, inside="event.")
    return body


def _check(model: type[BaseModel], value: Mapping[str, Any], kind: str, *, inside: str = "") -> None:
    try:
        model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise MalformedPayload(clean(str(first["type"])), clean(inside + field, limit=100), kind) from None


def check_values(body: dict[str, Any]) -> None:
    """Check every value, without recursion: depth, count, numbers. Replace lone surrogates and NUL in texts."""
    left: list[tuple[dict[str, Any] | list[Any], int]] = [(body, 1)]
    seen = 0
    while left:
        container, depth = left.pop()
        if depth > _DEEPEST:
            raise MalformedPayload(f"it nests more than {_DEEPEST} levels")
        seen += len(container)
        if seen > _MOST_VALUES:
            raise MalformedPayload(f"it has more than {_MOST_VALUES} values")
        for key, value in _items(container):
            if isinstance(value, dict | list):
                left.append((value, depth + 1))
            elif isinstance(value, str):
                if not _is_storable(value):
                    container[key] = _storable(value)
            elif not _is_usual_number(value):
                raise MalformedPayload("it contains a number out of range")


def _items(container: dict[str, Any] | list[Any]) -> list[tuple[Any, Any]]:
    if isinstance(container, list):
        return list(enumerate(container))
    if not all(map(_is_storable, container)):
        raise MalformedPayload("a name in it contains a character that is not text")
    return list(container.items())


def _is_usual_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) < _LARGEST_INTEGER


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _storable(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", _REPLACEMENT)
