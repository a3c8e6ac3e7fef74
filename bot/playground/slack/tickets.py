"""Issue and check the short-lived tickets of an interaction: trigger ids and response URLs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.slack.records import Refused

_RESPONSE_SECONDS = 30 * 60
_RESPONSE_USES = 5


@dataclass(slots=True, kw_only=True)
class Trigger:
    """Permission to open one dialog for `user`."""

    user: str
    issued_at: float
    used: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """Permission to respond to an interaction a few times. `ts` is the message that it came from, "" for a command."""

    channel: str
    user: str
    ts: str
    thread_ts: str
    issued_at: float
    uses: int = 0


class Tickets:
    """The trigger ids, each valid for `trigger_seconds`, and response URLs that were issued."""

    def __init__(self, *, clock: Callable[[], float], trigger_seconds: float) -> None:
        self._clock, self._trigger_seconds = clock, trigger_seconds
        self._triggers: dict[str, Trigger] = {}
        self._responses: dict[str, ResponseUrl] = {}

    def trigger(self, user: str) -> str:
        """Issue a trigger id."""
        number = len(self._triggers) + 1
        trigger_id = f"{number}.{number:012d}.{number:032x}"
        self._triggers[trigger_id] = Trigger(user=user, issued_at=self._clock())
        return trigger_id

    def exchange(self, trigger_id: str) -> str:
        """Return the user whose dialog may be opened. Refuse if the trigger is unknown, used or expired."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self._clock() - trigger.issued_at > self._trigger_seconds:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def response(self, *, channel: str, user: str, ts: str = "", thread_ts: str = "") -> str:
        """Return the path of a new response URL."""
        number = len(self._responses) + 1
        path = f"/actions/{number:012d}/{secrets.token_hex(12)}"
        self._responses[path] = ResponseUrl(
            channel=channel, user=user, ts=ts, thread_ts=thread_ts, issued_at=self._clock()
        )
        return path

    def use_response(self, path: str) -> ResponseUrl:
        """Count one use. Refuse with 404 if the URL is unknown, used up or older than half an hour."""
        response = self._responses.get(path)
        if response is None:
            raise Refused("invalid_url", status=404)
        if self._clock() - response.issued_at > _RESPONSE_SECONDS:
            raise Refused("expired_url", status=404)
        if response.uses >= _RESPONSE_USES:
            raise Refused("used_url", status=404)
        response.uses += 1
        return response
