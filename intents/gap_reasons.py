"""Name the reasons why something could not be read."""

from __future__ import annotations

from enum import StrEnum


class GapReason(StrEnum):
    """The reason why something could not be read."""

    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not found"
    EXPIRED = "expired"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    SERVER_ERROR = "server error"
    TRUNCATED = "truncated"
    NOT_CONFIGURED = "not configured"
    NO_CLUSTER = "no cluster"
