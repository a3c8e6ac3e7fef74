"""Post a message once, although Slack has no idempotency key for posts; find, delete and pin messages.

A post whose outcome is unknown (connection cut, no response, error inside Slack) is searched for by its key before it
is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.slack.api import Api
from bot.slack.errors import MessageGone, SlackUnavailable, log_refusal, unless_already
from bot.slack.message_events import mappings_in, text_in
from bot.slack.message_forms import message_key
from bot.slack.pacer import Urgency

# The page size that Slack recommends.
_PAGE: Final = 200
# Threads are read from the beginning, channels from the end.
_THREAD_PAGES: Final = 10
_CHANNEL_PAGES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessage:
    """A message of ours, and the index of the form that Slack accepted."""

    ts: str
    form: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSearch:
    """Searches our messages. `ours` tells whether a message is ours: any app may write metadata like ours."""

    api: Api
    ours: Callable[[Mapping[str, Any]], Awaitable[bool]]

    async def by_key(self, *, channel: str, key: str, thread_ts: str = "", near_ts: str = "") -> FoundMessage | None:
        """Return our first message with `key`. Raise SlackError, for example if the history is not readable."""
        messages = self.matching(
            lambda message: message_key(message)[0] == key, channel=channel, thread_ts=thread_ts, near_ts=near_ts
        )
        async for message in messages:
            return FoundMessage(ts=text_in(message, "ts"), form=message_key(message)[1])
        return None

    async def file(self, *, channel: str, thread_ts: str, name: str) -> bool:
        """Tell whether a message of ours in the thread has a file of that name."""
        messages = self.matching(
            lambda message: any(file.get("name") == name for file in mappings_in(message.get("files"))),
            channel=channel,
            thread_ts=thread_ts,
        )
        async for _ in messages:
            return True
        return False

    async def matching(
        self, matches: Callable[[Mapping[str, Any]], bool], *, channel: str, thread_ts: str = "", near_ts: str = ""
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yield our matching messages within the search limit: oldest first in a thread, else newest first."""
        async for message in self._messages(channel=channel, thread_ts=thread_ts, near_ts=near_ts):
            if matches(message) and await self.ours(message):
                yield message

    async def _messages(self, *, channel: str, thread_ts: str, near_ts: str) -> AsyncIterator[Mapping[str, Any]]:
        method = "conversations.replies" if thread_ts else "conversations.history"
        query: dict[str, Any] = {"channel": channel, "limit": _PAGE, "include_all_metadata": True}
        if thread_ts:
            query["ts"] = thread_ts
        if near_ts:
            query |= {"oldest": near_ts, "inclusive": True}
        for _ in range(_THREAD_PAGES if thread_ts else _CHANNEL_PAGES):
            answer = await self.api.call(method, query=query)
            for message in mappings_in(answer.data.get("messages")):
                yield message
            if not answer.next_cursor:
                return
            query["cursor"] = answer.next_cursor


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
                return PostedMessage(channel=str(data.get("channel") or address.channel), ts=text_in(data, "ts"))
        raise AssertionError("the last repetition returns or raises")

    async def delete(self, *, channel: str, ts: str) -> None:
        """Delete our message; no error if it is gone. Raise SlackError."""
        with suppress(MessageGone):
            await self.api.call("chat.delete", body={"channel": channel, "ts": ts})

    async def find(self, address: Address) -> FoundMessage | None:
        """Return the message of an earlier attempt.

        None also if the search fails: a duplicate is better than no answer.
        """
        with log_refusal(_log.warning, "message_search_failed", channel=address.channel), suppress(MessageGone):
            return await self.search.by_key(
                channel=address.channel, key=address.key, thread_ts=address.thread_ts, near_ts=address.near_ts
            )
        return None

    async def _after(self, lost: SlackUnavailable, address: Address, *, pause: float) -> FoundMessage | None:
        await asyncio.sleep(pause)
        try:
            return await self.find(address)
        except SlackUnavailable as error:
            # The outcome is unknown and the message was not found, so a later retry must search first.
            raise SlackUnavailable(method=lost.method, code=lost.code, detail=lost.detail, maybe_done=True) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """The pins of one workspace; needs the scope pins:write."""

    api: Api

    async def add(self, *, channel: str, ts: str) -> None:
        """Pin a message; no error if it is pinned. Raise SlackError, MessageGone if it does not exist."""
        with unless_already("already_pinned"):
            await self.api.call("pins.add", body={"channel": channel, "timestamp": ts})

    async def remove(self, *, channel: str, ts: str) -> None:
        """Unpin a message; no error if it is not pinned or missing. Raise SlackError."""
        with suppress(MessageGone), unless_already("no_pin", "not_pinned"):
            await self.api.call("pins.remove", body={"channel": channel, "timestamp": ts})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """The reactions of one workspace; needs the scope reactions:write."""

    api: Api

    async def add(self, *, channel: str, ts: str, name: str) -> None:
        """React to a message; no error if we did or it was deleted. Raise SlackError."""
        with suppress(MessageGone), unless_already("already_reacted"):
            await self.api.call("reactions.add", body={"channel": channel, "timestamp": ts, "name": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of messages as Slack stores them, not redacted.

    `more`: further pages follow, from `cursor` if there is one.

    `limited`: older messages exist that Slack does not show.

    A cursor expires. Without one, continue with `latest` or `oldest` and a message's ts.
    """

    messages: tuple[Mapping[str, Any], ...]
    cursor: str = ""
    more: bool = False
    limited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Reads histories; needs the scope channels:history, groups:history for private channels.

    Slack may return fewer messages than requested. Apps that are sold outside its marketplace get 15 a minute, so a
    reader must expect RateLimited with a minute of `retry_after`.
    """

    api: Api

    async def channel(
        self, channel: str, *, oldest: str = "", latest: str = "", cursor: str = "", limit: int = 200
    ) -> Page:
        """Return the newest page before `latest`, newest message first, without messages that are only in threads.

        `limit` is Slack's recommendation. Raise SlackError.
        """
        query = {"channel": channel, "limit": limit, "oldest": oldest, "latest": latest, "cursor": cursor}
        return await self._page("conversations.history", query)

    async def thread(self, channel: str, ts: str, *, oldest: str = "", cursor: str = "", limit: int = 200) -> Page:
        """Return the oldest page after `oldest`, oldest message first; the thread's root may lead any page.

        Raise SlackError: MessageGone for an unknown thread.
        """
        query = {"channel": channel, "ts": ts, "limit": limit, "oldest": oldest, "cursor": cursor}
        return await self._page("conversations.replies", query)

    async def _page(self, method: str, query: Mapping[str, Any]) -> Page:
        given = {name: value for name, value in query.items() if value != ""}
        answer = await self.api.call(method, query=given, urgency=Urgency.PROGRESS)
        return Page(
            messages=tuple(mappings_in(answer.data.get("messages"))),
            cursor=answer.next_cursor,
            more=bool(answer.next_cursor) or answer.data.get("has_more") is True,
            limited=answer.data.get("is_limited") is True,
        )
