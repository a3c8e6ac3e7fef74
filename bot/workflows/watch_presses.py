"""Take what people press below a post of the watch: mute its incident, or ask for posts about it only later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bot.policy import ReadLevel
from bot.store import Mute, WatchPost
from bot.workflows.job_payloads import WatchPressJob
from bot.workflows.services import Services
from bot.workflows.watch_display import LATER, LATER_BY, MUTED_BY, WatchDisplay, finding_of
from intents.mutes import MUTED_FOR, POSTED_AFTER
from responses import failures
from responses.slack.notices import notice
from responses.slack.presses import Press

_TIMES: Final = {str(each // timedelta(minutes=1)): each for each in POSTED_AFTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPressWorkflow:
    """The job `watch_press`."""

    services: Services
    display: WatchDisplay

    async def take(self, payload: WatchPressJob) -> None:
        """Record what was chosen and show who chose it, if this person may see the post."""
        services, user, channel = self.services, payload.user, payload.channel
        post = await services.store.watch_posts.get(payload.post)
        if post is None or post.channel != channel:
            return
        requester = await services.presser(payload)
        if requester.scope.reading is not ReadLevel.FULL:
            # A user who may not see the cause must not hide it from others.
            message = notice(failures.OPINION_NOT_ALLOWED, language=requester.language)
            await services.slack.post_ephemeral(channel=channel, user=user, message=message)
            return
        notes = await self._take(payload.what, payload.value, post, user)
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
