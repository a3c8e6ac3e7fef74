"""What was said while nobody of us was there to hear it: read page by page, and gone on with after a restart.

Slack lets us read as slowly as it wants, and is asked behind everything else; what is said meanwhile is heard.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import MessageGone, RateLimited, SlackError, SlackUnavailable
from bot.store import IncidentChannel
from bot.workflows.chronicle.history_records import HistoryRecorder
from bot.workflows.chronicle.stretches import Stretch, stretch_of
from bot.workflows.outages import retry_step
from bot.workflows.services import Services

_log: Final = structlog.get_logger(__name__)

_PAGE: Final = 200
# Together more than Slack keeps of any channel that we read to its end.
_MOST_PAGES: Final = 2_000
# Of what was there before, so many pages are looked at again: for edits, deletions, and replies to it.
PAGES_BEFORE: Final = 5
# A day and a half of nothing but "later": the next start goes on.
_MOST_WAITS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillWorkflow:
    """The workflow `backfill`, which reads all of a channel's history, and with `missed` the workflow `reread`.

    Payload: {"channel"}. How far it has come is kept with the channel, page by page, the newest first.

    `reread` reads what was said since something may have been missed, and `PAGES_BEFORE` pages at most before that.
    It asks Slack once for each page (of 200 messages; of 15 where Slack gives no more to an app), and once for each 200
    replies of a thread that got one since, or of which something is kept. `backfill` reads every thread.
    """

    services: Services
    changed: Callable[[str], Awaitable[None]]
    missed: bool = False

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        before = 0
        for number in range(_MOST_PAGES):
            page = await _in_time(run, f"page {number}", self.page, payload)
            if not page:
                break
            for thread in page["threads"]:
                await self._read(run, payload, thread)
            before += bool(page["before"])
            over = not page["more"] or before >= PAGES_BEFORE
            moved = await retry_step(run, f"on {number}", self.go_on, payload, page, over)
            if moved and not moved["on"]:
                before = 0  # more is missed by now, and read from the newest message on
            elif over:
                break
        return None

    async def _read(self, run: JobRun, payload: Json, thread: Json) -> None:
        cursor, unseen = "", thread["kept"]
        for _ in range(_MOST_PAGES):
            told = await _in_time(run, f"thread {thread['ts']}", self.replies, payload, thread, cursor, unseen)
            if not told or not told["cursor"]:
                return
            cursor, unseen = told["cursor"], told["unseen"]

    async def page(self, payload: Json) -> Json | None:
        """Record the next page; None at the end. {"wait": seconds} where Slack asks for it.

        Else where it goes from and to, whether more follows, whether it is of what was there `before`, and the threads
        to be read: {"from", "to", "more", "before", "threads": [{"ts", "oldest", "kept": messages of which facts are}]}
        """
        channel, chronicles = str(payload["channel"]), self.services.store.chronicles
        known = await chronicles.get(channel)
        at = self._at(known)
        if known is None or at is None:
            return None
        # Asked before Slack is: what is said in between is in the one and may not be in the other.
        kept = await chronicles.kept(channel)
        try:
            page = await self.services.slack.history(channel, latest=at, limit=_PAGE)
        except RateLimited as error:
            return {"wait": error.retry_after or 60.0}
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.warning("channel_history_read_failed", channel=channel, error=str(error))
            return None
        stretch = stretch_of(page.messages, kept, latest=at, to_the_end=not page.more and not page.limited)
        await self._record(known, page.messages, stretch.gone)
        oldest = str(page.messages[-1].get("ts") or "") if page.messages else ""
        since = self._since(known)
        return {
            "from": at, "to": oldest, "more": page.more and bool(oldest), "threads": _unread(stretch, since=since),
            "before": bool(since) and oldest < since,
        }  # fmt: skip

    async def replies(self, payload: Json, thread: Json, cursor: str, unseen: list[str]) -> Json:
        """Record a page of a thread: {"cursor": of the next one, "" for none, "unseen": what is kept and not read yet}.

        What is kept and stands nowhere in the thread is forgotten at its end. {"wait": seconds} where Slack asks so.
        """
        channel, ts, end = str(payload["channel"]), str(thread["ts"]), {"cursor": "", "unseen": []}
        known = await self.services.store.chronicles.get(channel)
        if known is None:
            return end
        messages: list[Mapping[str, Any]] = []
        following = ""
        try:
            page = await self.services.slack.replies(channel, ts, oldest=thread["oldest"], cursor=cursor, limit=_PAGE)
            messages = [each for each in page.messages if each.get("ts") != ts]
            following = page.cursor if page.more else ""
        except RateLimited as error:
            return {"wait": error.retry_after or 60.0}
        except MessageGone:
            pass  # and with the thread all that was said in it
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.warning("thread_read_failed", channel=channel, error=str(error))
            return end
        left = sorted(set(unseen) - {str(each.get("ts")) for each in messages})
        await self._record(known, messages, () if following else left)
        return {"cursor": following, "unseen": left}

    async def go_on(self, payload: Json, page: Json, over: bool) -> Json:
        """Keep that the page is read, with its threads: {"on": whether it is to be gone on with from there}."""
        channel, chronicles = str(payload["channel"]), self.services.store.chronicles
        to = "" if over else str(page["to"])
        if self.missed:
            return {"on": await chronicles.made_up(channel, to, after=str(page["from"]))}
        return {"on": await chronicles.backfilled(channel, to, after=str(page["from"]) or None)}

    def _at(self, known: IncidentChannel | None) -> str | None:
        """Before which message the next page begins, "" for the newest; None where there is nothing to be read."""
        if known is None or not known.is_recorded:
            return None
        if self.missed:
            return known.missed_cursor if known.missed else None
        return None if known.cursor == "" else known.cursor or ""

    def _since(self, known: IncidentChannel) -> str:
        return known.missed if self.missed else ""

    async def _record(
        self, known: IncidentChannel, messages: Sequence[Mapping[str, Any]], gone: Collection[str]
    ) -> None:
        since = self._since(known)
        if await HistoryRecorder(services=self.services).found(known, messages, gone=gone, since=since):
            await self.changed(known.channel)


def _unread(stretch: Stretch, *, since: str) -> list[Json]:
    """Return the threads to be read: those that got a reply since, or of which something is kept."""
    return [
        {"ts": thread.ts, "oldest": "" if thread.kept else since, "kept": list(thread.kept)}
        for thread in stretch.threads
        if thread.kept or thread.latest >= since
    ]


async def _in_time(run: JobRun, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any) -> Json | None:
    """Take a step, and again after as long as Slack wants; None where that never ends."""
    for _ in range(_MOST_WAITS):
        told = await retry_step(run, name, do, *args)
        if not told or "wait" not in told:
            return told
        await run.sleep(float(told["wait"]))
    return None
