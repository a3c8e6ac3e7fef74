"""Define the result of a call to Slack and the watcher that metrics and health implement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bot.slack.errors import SlackError

_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCall:
    """A finished attempt to call `method`, with its duration; `date` is Slack's clock, if the response has it."""

    method: str
    seconds: float
    error: SlackError | None = None
    date: datetime | None = None

    @property
    def result(self) -> str:
        """Return `ok`, or the name of the error: missing_scope, rate_limited, slack_unavailable, …"""
        return "ok" if self.error is None else _INNER_CAPITAL.sub("_", type(self.error).__name__).lower()


class Watch(Protocol):
    """Watcher of calls to Slack. Its methods neither raise nor block."""

    def slack_called(self, call: CompletedCall) -> None:
        """Record a finished call."""

    def slack_waited(self, method: str, seconds: float) -> None:
        """Record how long a call waited for the rate limit."""


class NullWatch:
    """A `Watch` that ignores everything."""

    def slack_called(self, call: CompletedCall) -> None:
        return

    def slack_waited(self, method: str, seconds: float) -> None:
        return
