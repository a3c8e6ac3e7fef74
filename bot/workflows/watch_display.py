"""Show the causes of the watch in Slack: post and edit them and their digest, and take what people press below them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot.common.portable import Portable
from bot.policy import ReadLevel
from bot.slack.errors import log_refusal
from bot.store import Mute, WatchPost
from bot.workflows.job_payloads import WatchPressJob
from bot.workflows.message_poster import show_once
from bot.workflows.services import Services
from intents.domain import Language
from intents.mutes import MUTED_FOR, POSTED_AFTER
from intents.overview import OverviewChange
from responses import failures
from responses import overview as words
from responses.overview import SafeChange
from responses.shown import shown_value
from responses.slack.message import Message
from responses.slack.notices import notice
from responses.slack.overview import WatchedCause, change_message, digest_message, watch_message
from responses.slack.presses import Press

_log: Final = structlog.get_logger(__name__)

# The notes of a post.
MUTED_BY: Final = "muted_by"
LATER_BY: Final = "later_by"
LATER: Final = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFinding(Portable):
    """What a post of the watch shows, scrubbed: the causes of connected trouble, of which the first leads."""

    change: OverviewChange

    @property
    def incidents(self) -> frozenset[str]:
        return frozenset(each.incident for each in self.change.new)

    @property
    def incident(self) -> str:
        return self.change.new[0].incident


def finding_of(post: WatchPost) -> WatchFinding:
    """Return what a post shows."""
    return WatchFinding.from_json(dict(post.document))


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDisplay:
    """Posts and edits the messages of the watch. `budget` is the number of posts that a channel gets an hour."""

    services: Services
    budget: int

    async def show(self, key: str, *, over: datetime | None = None, again: bool = True) -> bool | None:
        """Post or edit the message that shows a cause, as `over` if that is given. Return whether Slack took it.

        Without `again`, a cause that Slack shows already is left alone: then return None. Raise SlackUnavailable.
        """
        store = self.services.store.watch_posts
        post = await store.get(key)
        if post is None:
            return False
        # Two changes of a message must not overtake each other.
        async with self.services.turn(post.message):
            post = await store.get(key) or post
            if post.shown and not again:
                return None
            done = False
            # The channel is archived, or the message was deleted: it would fail again.
            with log_refusal(_log.error, "watch_not_posted", channel=post.channel):
                await self._show(replace(post, over=over or post.over))
                done = True
            await store.shown(key)
            return done

    async def _show(self, post: WatchPost) -> None:
        if post.over is not None and await self.services.sent(post.message) is None:
            return  # over before it was posted
        await show_once(self.services, await self._message(post), to=post.channel, key=post.message)

    async def _message(self, post: WatchPost) -> Message:
        language = self.services.usual_language
        if not post.digest:
            message = change_message(SafeChange(finding_of(post).change), language=language)
            return watch_message(_cause(post, language), message, language=language)
        posts = await self.services.store.watch_posts.of_digest(post.digest)
        causes = [_cause(post if each.key == post.key else each, language) for each in posts]
        return digest_message(causes, budget=self.budget, language=language)


def _cause(post: WatchPost, language: Language) -> WatchedCause:
    finding = finding_of(post)
    first = shown_value(finding.change).new[0]
    cause = WatchedCause(
        says=words.cause(first, language),
        asked=first.asked,
        cluster=finding.change.cluster,
        incident=finding.incident,
        lasted=None if post.over is None else post.over - post.since,
        muted_by=str(post.notes.get(MUTED_BY) or ""),
    )
    later_by = str(post.notes.get(LATER_BY) or "")
    return replace(cause, later_by=later_by, later=timedelta(minutes=post.notes[LATER])) if later_by else cause


_TIMES: Final = {str(each // timedelta(minutes=1)): each for each in POSTED_AFTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPressWorkflow:
    """The job `watch_press`."""

    services: Services
    display: WatchDisplay

    async def take(self, payload: WatchPressJob) -> None:
        """Record what was chosen and show who chose it, if this person may see the post."""
        services = self.services
        post = await services.store.watch_posts.get(payload.post)
        if post is None or post.channel != payload.channel:
            return
        requester = await services.presser(payload)
        if requester.scope.reading is not ReadLevel.FULL:
            # A user who may not see the cause must not hide it from others.
            message = notice(failures.OPINION_NOT_ALLOWED, language=requester.language)
            await services.tell(payload.sender, message)
            return
        notes = await self._take(payload.what, payload.value, post, payload.user)
        if notes:
            await services.store.watch_posts.note(post.key, notes)
            await self.display.show(post.key)

    async def _take(self, press: Press, value: str, post: WatchPost, user: str) -> dict[str, Any]:
        """Record the choice. Return the notes of the post."""
        store, now, incident = self.services.store, self.services.clock(), finding_of(post).incident
        match press:
            case Press.WATCH_MUTE:
                mute = Mute(channel=post.channel, muted=incident, by=user, at=now, until=now + MUTED_FOR)
                await store.mutes.add(mute)
                return {MUTED_BY: user}
            case Press.WATCH_UNMUTE:
                await store.mutes.remove(post.channel, incident)
                return {MUTED_BY: ""}
            case Press.WATCH_LATER if value in _TIMES:
                await store.watch_thresholds.set(post.channel, incident, _TIMES[value], by=user, at=now)
                return {LATER_BY: user, LATER: int(value)}
            case Press.WATCH_USUAL:
                await store.watch_thresholds.remove(post.channel, incident)
                return {LATER_BY: ""}
            case _:
                return {}
