"""Whether Slack takes us and reaches us: part of readiness, out of what every call and every arrival tells.

A problem is what keeps requests from being answered. A note is what an operator should know of while they are.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.metrics import Metrics
from bot.slack.calls import CompletedCall
from bot.slack.errors import MissingScope, RateLimited, SlackError, SlackUnavailable
from bot.slack.scopes import SCOPES

_log: Final = structlog.get_logger(__name__)

# Slack's signatures are good for so long, by the clock of this machine.
SKEW: Final = timedelta(minutes=5)
# So many calls in a row without an answer are no accident.
UNANSWERED: Final = 3
# A minute of silence, and Slack is asked whether it is there; while it is not, more often.
CHECK_S: Final = 60.0
CHECK_AGAIN_S: Final = 10.0

_REVOKED: Final = "the token is revoked: install the app again and set CASEBOOK_SLACK_BOT_TOKEN"
_DISCONNECTED: Final = (
    "Socket Mode is not connected, so nothing arrives: it is connected again by itself once Slack can be reached; "
    "else check CASEBOOK_SLACK_APP_TOKEN and that Socket Mode is on in the app's settings"
)


@dataclass(slots=True, kw_only=True)
class SlackHealth:
    """A `bot.slack.calls.Watch` and `bot.surfaces.slack.http_routes.Arrivals`, which passes on what is counted.

    `by_http`: Slack calls us, and what it signs has to be younger than five minutes.

    `connected` tells of a Socket Mode connection whether it stands. `clock` is this machine's.
    """

    metrics: Metrics
    by_http: bool = True
    connected: Callable[[], Awaitable[bool]] | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    # Slack's word for it that the token is revoked, in an event, comes once.
    _told: bool = False
    _unanswered: int = 0
    _why: str = ""
    _since: datetime | None = None
    # By the monotonic clock: this machine's own may be set back.
    _asked: float = -math.inf
    _ahead: timedelta = timedelta()
    _lacking: set[str] = field(default_factory=set)
    _turned_away: int = 0
    _warned: bool = False
    _stale: int = 0

    # --- what it is told ---

    def revoked(self) -> None:
        self._told = True

    def slack_called(self, call: CompletedCall) -> None:
        self.metrics.slack_called(call)
        now = self.clock()
        self._asked = time.monotonic()
        if call.date is not None:
            self._ahead = now - call.date
        error = call.error
        if isinstance(error, MissingScope):
            self._lacking.add(error.needed)
        if isinstance(error, SlackUnavailable) and not isinstance(error, RateLimited):
            self._since = self._since or now
            self._unanswered += 1
            self._why = str(error)
            return
        self._unanswered, self._since = 0, None

    def slack_waited(self, method: str, seconds: float) -> None:
        self.metrics.slack_waited(method, seconds)

    def turned_away(self, reason: str) -> None:
        self.metrics.turned_away(reason)
        if reason == "stale":
            self._stale += 1
            return
        self._turned_away += 1
        # Once: whoever knows the address could fill the log.
        if not self._warned:
            self._warned = True
            _log.warning("a request was not signed as Slack does", remedy=_signed_otherwise(1))

    def taken(self) -> None:
        # What was not signed by Slack before was somebody else's.
        self._turned_away = self._stale = 0

    # --- what it says ---

    async def problems(self, *, token_refused: bool) -> Mapping[str, str]:
        """By part, one line each for an operator. `token_refused`: Slack's last answer was that."""
        found: dict[str, str] = {}
        if self._told or token_refused:
            found["slack"] = _REVOKED
        elif self._unanswered >= UNANSWERED and self._since is not None:
            found["slack"] = (
                f"Slack has not answered since {self._since:%H:%M:%S} UTC ({self._why}): check the way out to "
                "CASEBOOK_SLACK_API_URL (proxy, NetworkPolicy, DNS)"
            )
        if self.by_http and abs(self._ahead) > SKEW:
            found["clock"] = f"{self._skewed()}, so what it signs is refused: set this machine's clock (NTP)"
        if self.connected is not None and not await self.connected():
            found["socket"] = _DISCONNECTED
        return found

    def notes(self, *, granted: frozenset[str]) -> Mapping[str, str]:
        """By part, one line each. `granted` are the token's scopes, empty where Slack does not tell."""
        found: dict[str, str] = {}
        lacking = [scope for scope in SCOPES if scope.name in self._lacking or (granted and scope.name not in granted)]
        if lacking:
            names = ", ".join(f"{scope.name} ({scope.without or 'required'})" for scope in lacking)
            found["scopes"] = f"not granted: {names}; add them under OAuth & Permissions and install the app again"
        if not self.by_http and abs(self._ahead) > SKEW:
            found["clock"] = f"{self._skewed()}: set this machine's clock (NTP)"
        if self._turned_away:
            found["signature"] = _signed_otherwise(self._turned_away)
        if self._stale:
            found["stale"] = (
                f"{self._stale} requests were older or newer than 5 min by this machine's clock, and none was good "
                "since: check the clock (NTP)"
            )
        return found

    def _skewed(self) -> str:
        minutes = abs(self._ahead).total_seconds() / 60
        return (
            f"this machine's clock is {minutes:.0f} min {'ahead of' if self._ahead > timedelta() else 'behind'} Slack's"
        )

    async def keep_asking(self, greet: Callable[[], Awaitable[None]], *, every: float = CHECK_S) -> None:
        """`greet` Slack when nobody has spoken to it for `every` seconds, and sooner while it does not answer."""
        while True:
            pause = min(every, CHECK_AGAIN_S) if self._unanswered else every
            await asyncio.sleep(pause)
            if self._unanswered or time.monotonic() - self._asked >= every:
                # How it went it hears as everybody's calls.
                with suppress(SlackError):
                    await greet()


def _signed_otherwise(count: int) -> str:
    return (
        f"{count} requests had another signature than CASEBOOK_SLACK_SIGNING_SECRET gives, and none was good since: "
        "if they are Slack's, copy the Signing Secret from Basic Information"
    )
