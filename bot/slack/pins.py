"""Pins of a channel: each is put there or taken away once, whoever repeats it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.slack.api import Api
from bot.slack.errors import MessageGone, Refused

# Slack's words for a pin that stands already, and for one that does not stand.
_STANDS: Final = frozenset({"already_pinned"})
_STANDS_NOT: Final = frozenset({"no_pin", "not_pinned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Pins of one workspace; need the scope pins:write."""

    api: Api

    async def add(self, *, channel: str, ts: str) -> None:
        """Pin a message; one that is pinned already is fine. Raises SlackError, MessageGone where there is none."""
        try:
            await self.api.call("pins.add", body={"channel": channel, "timestamp": ts})
        except Refused as error:
            if error.code not in _STANDS:
                raise

    async def remove(self, *, channel: str, ts: str) -> None:
        """Unpin a message; one that is not pinned, or not there any more, is fine. Raises SlackError."""
        try:
            await self.api.call("pins.remove", body={"channel": channel, "timestamp": ts})
        except MessageGone:
            return
        except Refused as error:
            if error.code not in _STANDS_NOT:
                raise
