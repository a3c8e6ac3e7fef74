"""Check each payload once before a listener reads it: its size and depth, then the types of the fields we read.

A signature proves that Slack sent the payload, not that it has the documented form.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2
from pydantic import BaseModel, ValidationError
from slack_bolt.async_app import AsyncBoltRequest

from bot.common.outside_text import clean
from bot.surfaces.slack.payload_models import PAYLOADS, Command, Envelope, EventCallback, event_models

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
        if isinstance(container, dict):
            if not all(map(_is_storable, container)):
                raise MalformedPayload("a name in it contains a character that is not text")
            items: list[tuple[Any, Any]] = list(container.items())
        else:
            items = list(enumerate(container))
        for key, value in items:
            if isinstance(value, dict | list):
                left.append((value, depth + 1))
            elif isinstance(value, str):
                if not _is_storable(value):
                    container[key] = _storable(value)
            elif not _is_usual_number(value):
                raise MalformedPayload("it contains a number out of range")


def _is_usual_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or abs(value) < _LARGEST_INTEGER


def _is_storable(text: str) -> bool:
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", _REPLACEMENT)
