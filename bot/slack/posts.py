"""Posting a message once, although Slack has no key by which it would tell a repetition from a second message.

A post whose outcome is unknown (the connection was cut, no answer came, Slack failed midway) is looked for by the key
it carries before it is sent again.
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
    """Where a message goes and how it is known there: `key` is empty for one that need not be found again.

    `near_ts`: it cannot be older than that.
    """

    channel: str
    thread_ts: str = ""
    key: str = ""
    near_ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMessage:
    """Where a message stands: `channel` is a direct message's id where it was addressed to a user."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Posts of one workspace."""

    api: Api
    search: MessageSearch

    async def post(self, address: Address, payload: Mapping[str, Any]) -> PostedMessage:
        """Where the message stands, once. Raises SlackError; `maybe_done` tells of an unknown outcome."""
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
                told = answer.data
                return PostedMessage(channel=str(told.get("channel") or address.channel), ts=str(told.get("ts") or ""))
        raise AssertionError("the last repetition returns or raises")

    async def delete(self, *, channel: str, ts: str) -> None:
        """Delete a message of ours; one that is gone already is fine. Raises SlackError."""
        try:
            await self.api.call("chat.delete", body={"channel": channel, "ts": ts})
        except MessageGone:
            return

    async def sought(self, address: Address) -> FoundMessage | None:
        """What a former attempt left. None also where it cannot be looked for: better said twice than never."""
        try:
            return await self.search.by_key(
                channel=address.channel, key=address.key, thread_ts=address.thread_ts, near_ts=address.near_ts
            )
        except SlackUnavailable:
            raise
        except MessageGone:
            return None
        except SlackError as error:
            _log.warning("messages cannot be looked for", channel=address.channel, error=str(error))
            return None

    async def _after(self, lost: SlackUnavailable, address: Address, *, pause: float) -> FoundMessage | None:
        await asyncio.sleep(pause)
        try:
            return await self.sought(address)
        except SlackUnavailable as error:
            # Neither posted for certain nor found: whoever tries again later has to look first.
            raise SlackUnavailable(method=lost.method, code=lost.code, detail=lost.detail, maybe_done=True) from error
