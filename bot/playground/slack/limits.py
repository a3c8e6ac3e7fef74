"""Enforce Slack's limits: on the rate of calls and messages, and on the shape and size of messages and views."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from bot.playground.slack.records import Json, Refused, invalid
from responses.slack.validation import validate_message, validate_view

_MINUTE = 60.0
_BURST = 3
# Measured, not documented: about 13,000 visible characters over all blocks; a header costs extra.
_MOST_VISIBLE = 13_000
_HEADER_COST = 100
_VISIBLE = ("text", "title", "alt_text", "caption", "url")
_LARGEST_VIEW = 250_000


class Tier(IntEnum):
    """Calls per minute and method. `POSTING` is the limit on messages of the whole workspace."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    POSTING = 300
    FREE = 1_000_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """Counts calls and refuses those over the limit. Does nothing unless `enforced`.

    `stricter` holds lower limits by method, in calls per minute; these are always enforced.
    """

    def __init__(self, *, clock: Callable[[], float], enforced: bool) -> None:
        self.enforced = enforced
        self.stricter: dict[str, int] = {}
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}
        self._buckets: dict[str, _Bucket] = {}

    def call(self, method: str, *, tier: Tier) -> None:
        """Count a call. Refuse with `ratelimited` over the tier's limit for the last minute."""
        if not self.enforced and method not in self.stricter:
            return
        most = self.stricter.get(method, int(tier))
        now = self._clock()
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] <= now - _MINUTE:
            calls.popleft()
        if len(calls) >= most:
            raise _too_fast(calls[0] + _MINUTE - now)
        calls.append(now)

    def message(self, channel: str) -> None:
        """Count a message. Refuse with `ratelimited` over one per second and channel, after a short burst."""
        if not self.enforced:
            return
        now = self._clock()
        bucket = self._buckets.setdefault(channel, _Bucket(_BURST, now))
        bucket.tokens = min(_BURST, bucket.tokens + now - bucket.at)
        bucket.at = now
        if bucket.tokens < 1:
            raise _too_fast(1 - bucket.tokens)
        bucket.tokens -= 1


def _too_fast(seconds: float) -> Refused:
    return Refused("ratelimited", status=429, retry_after=max(1, math.ceil(seconds)))


def check_message(payload: Json) -> None:
    """Refuse with `invalid_blocks_format`, `msg_blocks_too_long` or `invalid_blocks`, and the reason."""
    blocks = payload.get("blocks")
    if blocks is not None and not (isinstance(blocks, list) and all(isinstance(each, dict) for each in blocks)):
        raise Refused("invalid_blocks_format")
    if blocks and visible_length(blocks) > _MOST_VISIBLE:
        raise Refused("msg_blocks_too_long")
    # The limits of the text depend on the method, so they are checked there.
    if problems := validate_message(payload | {"text": "text"}):
        raise invalid(*problems, error="invalid_blocks")


def check_view(view: Any) -> None:
    """Refuse with `invalid_arguments` or `view_too_large`, and the reason."""
    if not isinstance(view, dict):
        raise invalid("must provide an object [json-pointer:/view]")
    if len(json.dumps(view, ensure_ascii=False).encode()) > _LARGEST_VIEW:
        raise Refused("view_too_large")
    if problems := validate_view(view):
        raise invalid(*problems)


def visible_length(blocks: list[Json]) -> int:
    """Count the characters a reader sees, with headers weighted as Slack does."""
    headers = sum(_HEADER_COST for each in blocks if each.get("type") == "header")
    return headers + sum(len(text) for block in blocks for text in _texts(block))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                if name in _VISIBLE:
                    yield inner
            else:
                yield from _texts(inner)
