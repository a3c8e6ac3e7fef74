"""Pin and unpin messages of a channel, idempotently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.slack.api import Api
from bot.slack.errors import MessageGone, Refused

# Slack's error codes for an existing pin and for a missing one.
_STANDS: Final = frozenset({"already_pinned"})
_STANDS_NOT: Final = frozenset({"no_pin", "not_pinned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """The pins of one workspace; needs the scope pins:write."""

    api: Api

    async def add(self, *, channel: str, ts: str) -> None:
        """Pin a message; no error if it is pinned. Raise SlackError, MessageGone if it does not exist."""
        try:
            await self.api.call("pins.add", body={"channel": channel, "timestamp": ts})
        except Refused as error:
            if error.code not in _STANDS:
                raise

    async def remove(self, *, channel: str, ts: str) -> None:
        """Unpin a message; no error if it is not pinned or missing. Raise SlackError."""
        try:
            await self.api.call("pins.remove", body={"channel": channel, "timestamp": ts})
        except MessageGone:
            return
        except Refused as error:
            if error.code not in _STANDS_NOT:
                raise
