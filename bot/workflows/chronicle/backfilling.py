"""What was said before we came: read page by page, as slowly as Slack wants it, and gone on with after a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.jobs import Json, Run
from bot.slack.chronicling import said_in
from bot.slack.errors import MessageGone, RateLimited, SlackError, SlackUnavailable
from bot.slack.said import Said as Spoken
from bot.slack.said import read_event
from bot.store import Said
from bot.workflows.desk import Desk
from bot.workflows.patience import patiently

_log: Final = structlog.get_logger(__name__)

_PAGE: Final = 200
# Together more than Slack keeps of any channel that we read to its end.
_MOST_PAGES: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilling:
    """The workflow `backfill`. Payload: {"channel"}. How far it has come is kept with the channel, page by page."""

    desk: Desk
    changed: Callable[[str], Awaitable[None]]

    async def run(self, run: Run, payload: Json) -> Json | None:
        for number in range(_MOST_PAGES):
            page = await patiently(run, f"page {number}", self.page, payload)
            if page and page.get("wait"):
                await run.sleep(float(page["wait"]))
                continue
            if not page or not page["more"]:
                break
        return None

    async def page(self, payload: Json) -> Json:
        """The next page of the history, threads included; the newest first, so that what matters is there soon."""
        channel, chronicles, slack = str(payload["channel"]), self.desk.store.chronicles, self.desk.slack
        known = await chronicles.get(channel)
        if known is None or known.cursor == "":
            return {"more": False}
        try:
            page = await slack.history(channel, latest=known.cursor or "", limit=_PAGE)
            said: list[Said] = []
            for message in page.messages:
                said += await self._said(channel, message)
        except RateLimited as error:
            return {"more": True, "wait": error.retry_after or 60.0}
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.warning("the history of a channel cannot be read", channel=channel, error=str(error))
            return {"more": False}
        oldest = str(page.messages[-1].get("ts") or "") if page.messages else ""
        following = oldest if page.more else ""
        await chronicles.backfilled(channel, following, said, after=known.cursor)
        if said:
            await self.changed(channel)
        return {"more": bool(following)}

    async def _said(self, channel: str, message: Mapping[str, Any]) -> list[Said]:
        identity = await self.desk.slack.identify()
        found: list[Mapping[str, Any]] = [message]
        if message.get("reply_count"):
            found += await self._replies(channel, str(message["ts"]))
        said = []
        for each in found:
            raw = {**each, "channel": channel}
            told = read_event(raw, team=identity.team, us=identity.user, our_bot=identity.bot_id)
            if isinstance(told, Spoken):
                edited = each.get("edited")
                said.append(said_in(raw, version=str(edited.get("ts") or "") if isinstance(edited, Mapping) else ""))
        return [each for each in said if each.facts]

    async def _replies(self, channel: str, ts: str) -> list[Mapping[str, Any]]:
        replies: list[Mapping[str, Any]] = []
        cursor, more = "", True
        while more:
            try:
                page = await self.desk.slack.replies(channel, ts, cursor=cursor, limit=_PAGE)
            except MessageGone:
                break
            replies += [each for each in page.messages if each.get("ts") != ts]
            cursor, more = page.cursor, page.more and bool(page.cursor)
        return replies
