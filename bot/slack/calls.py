"""One call to Slack as it ended, and whoever wants to hear of it: what is counted, and whether Slack is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bot.slack.errors import SlackError

_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCall:
    """An attempt of calling `method`, which took so many `seconds`; `date` is Slack's clock, where it told it."""

    method: str
    seconds: float
    error: SlackError | None = None
    date: datetime | None = None

    @property
    def result(self) -> str:
        """`ok`, or the name of the error: missing_scope, rate_limited, slack_unavailable, …"""
        return "ok" if self.error is None else _INNER_CAPITAL.sub("_", type(self.error).__name__).lower()


class Watch(Protocol):
    """Neither raises nor waits."""

    def slack_called(self, call: CompletedCall) -> None:
        """A call has ended."""

    def slack_waited(self, method: str, seconds: float) -> None:
        """A call's turn has come."""


class NullWatch:
    """A `Watch` that nobody listens to."""

    def slack_called(self, call: CompletedCall) -> None:
        return

    def slack_waited(self, method: str, seconds: float) -> None:
        return
