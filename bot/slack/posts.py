"""Post a message once, although Slack has no idempotency key for posts.

A post whose outcome is unknown (connection cut, no response, error inside Slack) is searched for by its key before it
is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.slack.api import Api
from bot.slack.errors import MessageGone, SlackError, SlackUnavailable
from bot.slack.message_search import FoundMessage, MessageSearch

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Target of a message and its key; `key` is empty if the message need not be found again.

    `near_ts`: the message cannot be older.
    """

    channel: str
    thread_ts: str = ""
    key: str = ""
    near_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMessage:
    """Location of a message: `channel` is a direct message's id if it was sent to a user.

    `earlier`: an earlier attempt posted it, perhaps with other content.
    """

    channel: str
    ts: str
    earlier: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Posts of one workspace."""

    api: Api
    search: MessageSearch

    async def post(
        self, address: Address, payload: Mapping[str, Any], *, turn_within: float | None = None
    ) -> PostedMessage:
        """Post a message once and return its location. Raise SlackError; `maybe_done` marks an unknown outcome.

        `turn_within` limits the wait for the rate limit.
        """
        body: dict[str, Any] = {"channel": address.channel, **payload}
        if address.thread_ts:
            body["thread_ts"] = address.thread_ts
        loop = asyncio.get_running_loop()
        until = loop.time() + self.api.limits.patience
        for repetition in range(self.api.limits.repetitions + 1):
            try:
                answer = await self.api.call(
                    "chat.postMessage",
                    body=body,
                    channel=address.channel,
                    repeatable=False,
                    patience=until - loop.time(),
                    turn_within=turn_within,
                )
            except SlackUnavailable as error:
                if not error.maybe_done or not address.key:
                    raise
                if found := await self._after(
                    error, address, pause=self.api.pause(repetition) + self.api.limits.settling
                ):
                    return PostedMessage(channel=address.channel, ts=found.ts)
                if repetition == self.api.limits.repetitions or until - loop.time() <= 0:
                    raise
            else:
                data = answer.data
                return PostedMessage(channel=str(data.get("channel") or address.channel), ts=str(data.get("ts") or ""))
        raise AssertionError("the last repetition returns or raises")

    async def delete(self, *, channel: str, ts: str) -> None:
        """Delete our message; no error if it is gone. Raise SlackError."""
        try:
            await self.api.call("chat.delete", body={"channel": channel, "ts": ts})
        except MessageGone:
            return

    async def find(self, address: Address) -> FoundMessage | None:
        """Return the message of an earlier attempt.

        None also if the search fails: a duplicate is better than no answer.
        """
        try:
            return await self.search.by_key(
                channel=address.channel, key=address.key, thread_ts=address.thread_ts, near_ts=address.near_ts
            )
        except SlackUnavailable:
            raise
        except MessageGone:
            return None
        except SlackError as error:
            _log.warning("message_search_failed", channel=address.channel, error=str(error))
            return None

    async def _after(self, lost: SlackUnavailable, address: Address, *, pause: float) -> FoundMessage | None:
        await asyncio.sleep(pause)
        try:
            return await self.find(address)
        except SlackUnavailable as error:
            # The outcome is unknown and the message was not found, so a later retry must search first.
            raise SlackUnavailable(method=lost.method, code=lost.code, detail=lost.detail, maybe_done=True) from error
