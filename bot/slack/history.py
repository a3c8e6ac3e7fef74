"""What stands in a channel or thread, page by page, for who reads it all: slowly, and after everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.api import Api
from bot.slack.lane import Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Messages as Slack keeps them, not redacted. `more`: others follow, from `cursor` on if there is one.

    `limited`: there are older ones, which Slack does not show.

    A cursor may be kept for a while only. Where it is lost, `latest` or `oldest` and a message's ts go on as well.
    """

    messages: tuple[Mapping[str, Any], ...]
    cursor: str = ""
    more: bool = False
    limited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Needs the scope channels:history, groups:history for private channels.

    Slack gives fewer messages than asked for where it likes; to apps that are sold outside of its marketplace 15 a
    minute, so that RateLimited with a minute of `retry_after` is what a reader has to expect and to wait for.
    """

    api: Api

    async def channel(self, *, channel: str, oldest: str, latest: str, cursor: str, limit: int) -> Page:
        """The newest page before `latest`, newest message first, without what was said in threads only."""
        query = {"channel": channel, "limit": limit, "oldest": oldest, "latest": latest, "cursor": cursor}
        return await self._page("conversations.history", query)

    async def thread(self, *, channel: str, ts: str, oldest: str, cursor: str, limit: int) -> Page:
        """The oldest page after `oldest`, oldest message first: what heads the thread may come first on any page."""
        query = {"channel": channel, "ts": ts, "limit": limit, "oldest": oldest, "cursor": cursor}
        return await self._page("conversations.replies", query)

    async def _page(self, method: str, query: Mapping[str, Any]) -> Page:
        given = {name: value for name, value in query.items() if value != ""}
        answer = await self.api.call(method, query=given, urgency=Urgency.PROGRESS)
        told = answer.data.get("messages")
        messages = tuple(each for each in told if isinstance(each, Mapping)) if isinstance(told, list) else ()
        following = answer.data.get("response_metadata")
        cursor = str(following.get("next_cursor") or "") if isinstance(following, Mapping) else ""
        more = bool(cursor) or answer.data.get("has_more") is True
        return Page(messages=messages, cursor=cursor, more=more, limited=answer.data.get("is_limited") is True)
