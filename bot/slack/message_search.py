"""Find our own messages again by their key: Slack's posts have no idempotency key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.slack.api import Api
from bot.slack.message_forms import message_key

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
            return FoundMessage(ts=str(message.get("ts") or ""), form=message_key(message)[1])
        return None

    async def file(self, *, channel: str, thread_ts: str, name: str) -> bool:
        """Tell whether a message of ours in the thread has a file of that name."""
        messages = self.matching(
            lambda message: any(file.get("name") == name for file in listed_files(message)),
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
            messages = answer.data.get("messages")
            for message in messages if isinstance(messages, list) else []:
                if isinstance(message, Mapping):
                    yield message
            following = answer.data.get("response_metadata")
            cursor = following.get("next_cursor") if isinstance(following, Mapping) else None
            if not cursor:
                return
            query["cursor"] = str(cursor)


def listed_files(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the files of a stored message; a deleted one has little more than its id."""
    files = message.get("files")
    return [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
