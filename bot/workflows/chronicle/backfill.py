"""Read a channel's history, and what was missed of it, as if its events had arrived.

Slack limits these reads, so they have the lowest priority; new events are recorded meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.jobs import JobRun
from bot.slack.channel_messages import edited_at
from bot.slack.errors import MessageGone, RateLimited, SlackRefusal
from bot.slack.message_events import ReceivedMessage, moment_of, read_event
from bot.store import IncidentChannel, Mark, RecordedMessage
from bot.workflows.chronicle.documents import forbidden
from bot.workflows.chronicle.facts import recorded_message
from bot.workflows.chronicle.gestures import reactions_of
from bot.workflows.incident_payloads import BackfillJob, RereadJob
from bot.workflows.services import Services, retry_step
from intents.domain import Json


async def record_history(
    services: Services,
    known: IncidentChannel,
    messages: Sequence[Mapping[str, Any]],
    *,
    gone: Collection[str],
    since: str,
) -> bool:
    """Record these messages and the deletion of those in `gone`; return whether anything changed.

    `since`, a ts, is the start of the gap, "" if unknown. Raises SlackUnavailable.
    """
    changed = await services.store.chronicles.reread(
        known.channel, await _recorded(services, known, messages), gone=gone
    )
    for message in messages:
        for what, user in reactions_of(message):
            changed |= await _marked(services, known, message, what, user, since=since)
    return changed


async def _recorded(
    services: Services, known: IncidentChannel, messages: Sequence[Mapping[str, Any]]
) -> list[RecordedMessage]:
    identity = await services.slack.identify()

    def recorded() -> Iterator[RecordedMessage]:
        for each in messages:
            raw = {**each, "channel": known.channel}
            event = read_event(raw, team=identity.team, us=identity.user, our_bot=identity.bot_id)
            if isinstance(event, ReceivedMessage):
                yield recorded_message(raw, version=edited_at(each))

    # An edited message may have had other facts before.
    return [one for one in recorded() if one.facts or one.version]


async def _marked(
    services: Services, known: IncidentChannel, message: Mapping[str, Any], what: str, user: str, *, since: str
) -> bool:
    """Record a reaction. Slack does not say when it was added: after the message was written, and during the gap."""
    identity = await services.slack.identify()
    if user == identity.user:
        return False
    requester = await services.requester(team=known.team, channel=known.channel, user=user)
    if forbidden(requester, changes=True):
        return False
    ts = str(message.get("ts") or "")
    mark = Mark(ts=ts, user=user, what=what, at=moment_of(max(ts, since)))
    return await services.store.chronicles.mark(known.channel, mark, found=True)


# Subtype that Slack gives to a deleted message with replies.
_DELETED: Final = "tombstone"


def stretch_of(
    messages: Sequence[Mapping[str, Any]], kept: Mapping[str, str], *, latest: str, to_the_end: bool, since: str
) -> tuple[frozenset[str], list[Json]]:
    """Compare the messages before `latest` ("": all) with the stored ones, keyed by ts with their thread.

    Return the messages with stored facts that no longer exist, and the threads to read: those with replies `since` then
    or with stored facts. `to_the_end`: no message is older. Without any message nothing can be concluded.
    """
    present = {str(each.get("ts") or ""): each for each in messages}
    if not present:
        return frozenset(), []
    oldest = "" if to_the_end else min(present)
    gone: set[str] = set()
    below: defaultdict[str, list[str]] = defaultdict(list)
    for ts, thread in kept.items():
        # A reply belongs to the position of its thread's root.
        if (thread or ts) < oldest or (latest and (thread or ts) >= latest):
            continue
        if thread:
            below[thread].append(ts)
        elif (message := present.get(ts)) is None or message.get("subtype") == _DELETED:
            gone.add(ts)
    threads: list[Json] = []
    for ts, each in present.items():
        if not _has_thread(each):
            continue
        recorded = sorted(below.pop(ts, ()))
        if recorded or str(each.get("latest_reply") or "") >= since:
            threads.append({"ts": ts, "oldest": "" if recorded else since, "kept": recorded})
    # A root without replies has no stored replies left.
    return frozenset(gone.union(*below.values())), threads


def _has_thread(message: Mapping[str, Any]) -> bool:
    """Tell whether a message is a thread's root; a reply that was also sent to the channel is not."""
    return bool(message.get("reply_count")) and message.get("thread_ts", message.get("ts")) == message.get("ts")


_log: Final = structlog.get_logger(__name__)

_PAGE: Final = 200
# More pages than any channel has that Slack lets us read to its end.
_MOST_PAGES: Final = 2_000
# Number of already known pages that are read again for edits, deletions and replies.
PAGES_BEFORE: Final = 5
# A day and a half of rate limits: the next start resumes.
_MOST_WAITS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillWorkflow:
    """The job `backfill` reads a channel's whole history; the job `reread` reads what was `missed`.

    The progress is stored with the channel, page by page, newest first.

    `reread` reads the messages since the gap began, and at most `PAGES_BEFORE` pages before it. It calls Slack once per
    page (of 200 messages; of 15 if Slack limits the app), and once per 200 replies of a thread that got a reply since,
    or that has recorded facts. `backfill` reads every thread.
    """

    services: Services
    changed: Callable[[str], Awaitable[None]]
    missed: bool = False

    async def run(self, run: JobRun, payload: BackfillJob | RereadJob) -> Json | None:
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
                before = 0  # a new gap began meanwhile: start again at the newest message
            elif over:
                break
        return None

    async def _read(self, run: JobRun, payload: BackfillJob | RereadJob, thread: Json) -> None:
        cursor, unseen = "", thread["kept"]
        for _ in range(_MOST_PAGES):
            result = await _in_time(run, f"thread {thread['ts']}", self.replies, payload, thread, cursor, unseen)
            if not result or not result["cursor"]:
                return
            cursor, unseen = result["cursor"], result["unseen"]

    async def page(self, payload: BackfillJob | RereadJob) -> Json | None:
        """Record the next page; None at the end. Return {"wait": seconds} if Slack is rate limiting.

        Otherwise return the range, whether more follows, whether the page is from `before` the gap, and the threads to
        read: {"from", "to", "more", "before", "threads": [{"ts", "oldest", "kept": messages that have facts}]}
        """
        channel, chronicles = payload.channel, self.services.store.chronicles
        known = await chronicles.get(channel)
        at = self._at(known)
        if known is None or at is None:
            return None
        # Read the store before Slack: a message in between would otherwise look deleted.
        kept = await chronicles.kept(channel)
        try:
            page = await self.services.slack.history.channel(channel, latest=at, limit=_PAGE)
        except RateLimited as error:
            return {"wait": error.retry_after or 60.0}
        except SlackRefusal as error:
            _log.warning("channel_history_read_failed", channel=channel, error=str(error))
            return None
        since, to_the_end = self._since(known), not page.more and not page.limited
        gone, threads = stretch_of(page.messages, kept, latest=at, to_the_end=to_the_end, since=since)
        await self._record(known, page.messages, gone)
        oldest = str(page.messages[-1].get("ts") or "") if page.messages else ""
        return {
            "from": at, "to": oldest, "more": page.more and bool(oldest), "threads": threads,
            "before": bool(since) and oldest < since,
        }  # fmt: skip

    async def replies(self, payload: BackfillJob | RereadJob, thread: Json, cursor: str, unseen: list[str]) -> Json:
        """Record a page of a thread: {"cursor": the next page or "", "unseen": recorded messages not read yet}.

        At the thread's end, facts of messages that no longer exist are deleted. {"wait": seconds} if Slack is rate
        limiting.
        """
        channel, ts, end = payload.channel, str(thread["ts"]), {"cursor": "", "unseen": []}
        known = await self.services.store.chronicles.get(channel)
        if known is None:
            return end
        messages: list[Mapping[str, Any]] = []
        following = ""
        try:
            page = await self.services.slack.history.thread(
                channel, ts, oldest=thread["oldest"], cursor=cursor, limit=_PAGE
            )
            messages = [each for each in page.messages if each.get("ts") != ts]
            following = page.cursor if page.more else ""
        except RateLimited as error:
            return {"wait": error.retry_after or 60.0}
        except MessageGone:
            pass  # the thread was deleted with all its replies
        except SlackRefusal as error:
            _log.warning("thread_read_failed", channel=channel, error=str(error))
            return end
        left = sorted(set(unseen) - {str(each.get("ts")) for each in messages})
        await self._record(known, messages, () if following else left)
        return {"cursor": following, "unseen": left}

    async def go_on(self, payload: BackfillJob | RereadJob, page: Json, over: bool) -> Json:
        """Store that the page and its threads are read: {"on": whether to continue from there}."""
        channel, chronicles = payload.channel, self.services.store.chronicles
        to = "" if over else str(page["to"])
        if self.missed:
            return {"on": await chronicles.made_up(channel, to, after=str(page["from"]))}
        return {"on": await chronicles.backfilled(channel, to, after=str(page["from"]) or None)}

    def _at(self, known: IncidentChannel | None) -> str | None:
        """Return the message before which the next page begins, "" for the newest; None if nothing is to be read."""
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
        if await record_history(self.services, known, messages, gone=gone, since=since):
            await self.changed(known.channel)


async def _in_time(run: JobRun, name: str, do: Callable[..., Awaitable[Json | None]], *args: Any) -> Json | None:
    """Run a step again after each delay that Slack asks for; None if that never ends."""
    for _ in range(_MOST_WAITS):
        result = await retry_step(run, name, do, *args)
        if not result or "wait" not in result:
            return result
        await run.sleep(float(result["wait"]))
    return None
