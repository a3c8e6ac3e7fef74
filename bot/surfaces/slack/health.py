"""Track whether Slack accepts and reaches us, from every call and every arrival; part of readiness.

Slack resends an event without an acknowledgement three times within six minutes, and then drops it. A process that
starts or reconnects therefore needs the time of the last event. Over HTTP, silence may be normal and counts only after
an hour; a connected Socket Mode counts as hearing all the time.

A problem prevents requests from being answered. A note is for the operator while requests are answered.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from bot.metrics import Metrics
from bot.slack.errors import MissingScope, RateLimited, SlackError, SlackUnavailable
from bot.slack.scopes import SCOPES
from bot.slack.web_client import CompletedCall
from bot.store import Store
from bot.surfaces.slack.payload_check import MalformedPayload

# Slack resends events that were missed for a shorter time.
SHORT: Final = timedelta(minutes=1)
SILENCE: Final = timedelta(hours=1)
_KEY: Final = "slack/heard"


# Receives since when events may have been missed; None: unknown.
Missed = Callable[[datetime | None], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class MissedEvents:
    """Tracker of missed events. `connected` returns whether Socket Mode is connected; None over HTTP.

    Methods that read the store raise StoreUnavailable.
    """

    store: Store
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    connected: Callable[[], Awaitable[bool]] | None = None
    _last_event: datetime | None = field(default=None, init=False)
    _silent: datetime | None = field(default=None, init=False)
    _left_out: datetime | None = field(default=None, init=False)

    @property
    def _longest(self) -> timedelta:
        return SILENCE if self.connected is None else SHORT

    async def middleware(self, next: Callable[[], Awaitable[Any]]) -> Any:
        """Note before each listener that Slack reaches us."""
        self.note_event()
        return await next()

    def note_event(self) -> None:
        """Note that an event arrived, or could have arrived."""
        now = self.clock()
        if self._last_event is not None and now - self._last_event > self._longest:
            self._silent = self._silent or self._last_event
        self._last_event = now

    def left_out(self, since: datetime) -> None:
        """Note that Slack drops events from then on."""
        self._left_out = since if self._left_out is None else min(self._left_out, since)

    def pass_over(self) -> None:
        """Forget gaps that nobody misses anything of."""
        self._silent = self._left_out = None

    async def begin(self, missed: Missed) -> None:
        """Call `missed` before this process listens, unless the gap was only a moment."""
        last, now = await self.store.notices.last(_KEY), self.clock()
        if last is None or now - last > SHORT:
            await missed(last)
        await self.store.notices.note(_KEY, now)
        self._last_event = now

    async def look(self, missed: Missed) -> None:
        """Call `missed` for a gap, clear it once reported, and store the time; called periodically."""
        if self.connected is not None and await self.connected():
            self.note_event()
        last, now = await self.store.notices.last(_KEY), self.clock()
        # Events that this process missed went to another process if one was listening.
        silent = self._silent if last is None or now - last > self._longest else None
        since = min((each for each in (silent, self._left_out) if each is not None), default=None)
        if since is not None:
            await missed(since)
        self._silent = self._left_out = None
        if self._last_event is not None:
            await self.store.notices.note(_KEY, self._last_event)


_log: Final = structlog.get_logger(__name__)

# Signatures are valid for this long by the clock of this machine.
SKEW: Final = timedelta(minutes=5)
# This many failed calls in a row count as an outage.
UNANSWERED: Final = 3
# After this long without a call, Slack is pinged; more often during an outage.
CHECK_S: Final = 60.0
CHECK_AGAIN_S: Final = 10.0

_REVOKED: Final = "the token is revoked: reinstall the app and set CASEBOOK_SLACK_BOT_TOKEN"
_DISCONNECTED: Final = (
    "Socket Mode is not connected, so no events arrive. It reconnects automatically when Slack is reachable; "
    "otherwise check CASEBOOK_SLACK_APP_TOKEN and that Socket Mode is enabled in the app's settings"
)


@dataclass(slots=True, kw_only=True)
class SlackHealth:
    """Health of the connection to Slack, from calls and the signatures of requests. Nothing here raises or blocks.

    It forwards calls and arrivals to the metrics. `by_http`: Slack sends requests, whose signatures must be younger
    than five minutes. `connected` returns whether the Socket Mode connection is up. `clock` is this machine's.
    """

    metrics: Metrics
    by_http: bool = True
    connected: Callable[[], Awaitable[bool]] | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    # The event that the token is revoked comes only once.
    _revoked: bool = False
    _unanswered: int = 0
    _why: str = ""
    _since: datetime | None = None
    # On the monotonic clock: the system clock may be set back.
    _last_call: float = -math.inf
    _ahead: timedelta = timedelta()
    _lacking: set[str] = field(default_factory=set)
    _turned_away: int = 0
    _warned: bool = False
    _stale: int = 0

    # --- inputs ---

    def revoked(self) -> None:
        self._revoked = True

    def slack_called(self, call: CompletedCall) -> None:
        self.metrics.slack_called(call)
        now = self.clock()
        self._last_call = time.monotonic()
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

    def malformed(self, error: MalformedPayload, *, size: int) -> None:
        self.metrics.turned_away("malformed")
        _log.warning("malformed_payload_rejected", type=error.kind, problem=error.problem, field=error.field, size=size)

    def turned_away(self, reason: str) -> None:
        self.metrics.turned_away(reason)
        if reason == "stale":
            self._stale += 1
            return
        self._turned_away += 1
        # Logged once: anyone who knows the address could flood the log.
        if not self._warned:
            self._warned = True
            _log.warning("request_signature_rejected", remedy=_signed_otherwise(1))

    def taken(self) -> None:
        # Earlier requests with a wrong signature were not from Slack.
        self._turned_away = self._stale = 0

    # --- reports ---

    async def problems(self, *, token_refused: bool) -> Mapping[str, str]:
        """Return the problems by part, one line each for the operator. `token_refused`: the last call was refused."""
        found: dict[str, str] = {}
        if self._revoked or token_refused:
            found["slack"] = _REVOKED
        elif self._unanswered >= UNANSWERED and self._since is not None:
            found["slack"] = (
                f"Slack has not responded since {self._since:%H:%M:%S} UTC ({self._why}): check the egress to "
                "CASEBOOK_SLACK_API_URL (proxy, NetworkPolicy, DNS)"
            )
        if self.by_http and abs(self._ahead) > SKEW:
            found["clock"] = f"{self._skewed()}, so its requests are refused: synchronize this machine's clock (NTP)"
        if self.connected is not None and not await self.connected():
            found["socket"] = _DISCONNECTED
        return found

    def notes(self, *, granted: frozenset[str]) -> Mapping[str, str]:
        """Return the notes by part, one line each.

        `granted` are the token's scopes, empty if Slack does not return them.
        """
        found: dict[str, str] = {}
        lacking = [scope for scope in SCOPES if scope.name in self._lacking or (granted and scope.name not in granted)]
        if lacking:
            names = ", ".join(f"{scope.name} ({scope.without or 'required'})" for scope in lacking)
            found["scopes"] = f"not granted: {names}; add them in OAuth & Permissions and reinstall the app"
        if not self.by_http and abs(self._ahead) > SKEW:
            found["clock"] = f"{self._skewed()}: synchronize this machine's clock (NTP)"
        if self._turned_away:
            found["signature"] = _signed_otherwise(self._turned_away)
        if self._stale:
            found["stale"] = (
                f"{self._stale} requests were older or newer than 5 min by this machine's clock, and none was valid "
                "since: check the clock (NTP)"
            )
        return found

    def _skewed(self) -> str:
        minutes = abs(self._ahead).total_seconds() / 60
        return (
            f"this machine's clock is {minutes:.0f} min {'ahead of' if self._ahead > timedelta() else 'behind'} Slack's"
        )

    async def keep_asking(self, greet: Callable[[], Awaitable[None]], *, every: float = CHECK_S) -> None:
        """Ping Slack after `every` seconds without a call, and more often while it does not respond."""
        while True:
            pause = min(every, CHECK_AGAIN_S) if self._unanswered else every
            await asyncio.sleep(pause)
            if self._unanswered or time.monotonic() - self._last_call >= every:
                # The result arrives through the watcher, like that of every call.
                with suppress(SlackError):
                    await greet()


def _signed_otherwise(count: int) -> str:
    return (
        f"{count} requests had a signature unlike CASEBOOK_SLACK_SIGNING_SECRET's, and none was valid since: "
        "if Slack sent them, copy the Signing Secret from Basic Information"
    )
