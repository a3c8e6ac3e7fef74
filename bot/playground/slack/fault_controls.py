"""Inject faults into the simulated Slack: failing or slow calls, missing scopes, restricted plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.slack.faults import Fault
from bot.playground.slack.payload_sender import PayloadSender
from bot.playground.slack.rate_limits import RateLimits
from bot.playground.slack.state import State
from bot.playground.slack.transfers import Transfers
from bot.playground.slack.web_api import WebApi


class FaultControls:
    """The part of a `SimulatedSlack` that injects faults."""

    def __init__(
        self, *, state: State, web_api: WebApi, sender: PayloadSender, transfers: Transfers, rate_limits: RateLimits
    ) -> None:  # fmt: skip
        self._state = state
        self._web_api = web_api
        self._sender = sender
        self._transfers = transfers
        self._rate_limits = rate_limits

    @property
    def latency(self) -> float:
        """Return the seconds added to every Web API call."""
        return self._web_api.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._web_api.latency = seconds

    @property
    def retry_pauses(self) -> tuple[float, ...]:
        """Return the seconds before each retry of a failed event."""
        return self._sender.retry_pauses

    @retry_pauses.setter
    def retry_pauses(self, pauses: Sequence[float]) -> None:
        self._sender.retry_pauses = tuple(pauses)

    def fail(
        self, method: str, *, error: str = "", status: int = 200, times: int = 1, retry_after: int | None = None,
        hang: bool = False, needed: str = "", provided: str = "", after_execution: bool = False, reset: bool = False,
        given: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Make the next `times` calls of `method` ("*": any) fail; with `given`, only calls with these arguments.

        They get `error` (with `needed` and `provided` for a missing scope), an HTTP `status` of 500 or more, 429 with
        `retry_after` seconds, no response until the server stops (`hang`), or a cut connection (`reset`). With
        `after_execution` the call is executed first, and then hangs or is cut.
        """
        fault = Fault(
            method=method, error=error, status=status, times=times, retry_after=retry_after, hang=hang, needed=needed,
            provided=provided, after_execution=after_execution, reset=reset, given=given or {},
        )  # fmt: skip
        self._web_api.faults.add(fault)

    def clear_faults(self) -> None:
        """Remove every pending fault."""
        self._web_api.faults.clear()

    def hide_files(self) -> None:
        """Serve the login page for every file from now on, as to an app without the scope files:read."""
        self._transfers.hidden = True

    def hide_emails(self) -> None:
        """Return no e-mail addresses from now on, as to an app without the scope users:read.email."""
        self.revoke_scope("users:read.email")

    def revoke_scope(self, scope: str) -> None:
        """Revoke a scope: refuse its methods and deliver none of its events from now on."""
        self._state.scopes.discard(scope)

    def restrict_history(self, *, items: int = 15, per_minute: int = 1) -> None:
        """Limit message history as for apps outside Slack's marketplace: small pages, few calls."""
        self._state.history_page = items
        for method in ("conversations.history", "conversations.replies"):
            self._rate_limits.stricter[method] = per_minute

    def revoke_token(self) -> None:
        """Refuse every token of the app from now on."""
        self._state.revoked = True
