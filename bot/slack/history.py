"""Read a channel or thread page by page, at the lowest priority."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.api import Api
from bot.slack.lane import Urgency


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

    async def channel(self, *, channel: str, oldest: str, latest: str, cursor: str, limit: int) -> Page:
        """Return the newest page before `latest`, newest message first, without messages that are only in threads."""
        query = {"channel": channel, "limit": limit, "oldest": oldest, "latest": latest, "cursor": cursor}
        return await self._page("conversations.history", query)

    async def thread(self, *, channel: str, ts: str, oldest: str, cursor: str, limit: int) -> Page:
        """Return the oldest page after `oldest`, oldest message first; the thread's root may lead any page."""
        query = {"channel": channel, "ts": ts, "limit": limit, "oldest": oldest, "cursor": cursor}
        return await self._page("conversations.replies", query)

    async def _page(self, method: str, query: Mapping[str, Any]) -> Page:
        given = {name: value for name, value in query.items() if value != ""}
        answer = await self.api.call(method, query=given, urgency=Urgency.PROGRESS)
        listed = answer.data.get("messages")
        messages = tuple(each for each in listed if isinstance(each, Mapping)) if isinstance(listed, list) else ()
        following = answer.data.get("response_metadata")
        cursor = str(following.get("next_cursor") or "") if isinstance(following, Mapping) else ""
        more = bool(cursor) or answer.data.get("has_more") is True
        return Page(messages=messages, cursor=cursor, more=more, limited=answer.data.get("is_limited") is True)
