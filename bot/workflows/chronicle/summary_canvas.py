"""Write the summary to the channel's canvas as well, if the workspace has canvases.

It is written less often than the message, but the last change is always written. Without a canvas, nothing else is
affected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.slack.errors import CanvasGone, CanvasTaken, SlackRefusal
from bot.store import IncidentChannel
from bot.workflows.chronicle.summary_page import SummaryPage
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from intents.chronicle.timeline import timeline_of
from intents.domain import Text
from responses.chronicle import incident_replies
from responses.slack.chronicle.canvas import canvas
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

CANVAS_EVERY: Final = timedelta(minutes=1)
# After a failure, creation is not retried with each change.
_TRIED_EVERY: Final = timedelta(hours=6)
# Stored instead of an id: a user deleted the canvas and does not want it.
_UNWANTED: Final = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryCanvas:
    """Writes the summary of an incident to the canvas of its channel."""

    services: Services

    async def put(self, page: SummaryPage) -> bool:
        """Write the summary to the canvas. False: too early, retry later. Raise SlackUnavailable."""
        channel, services = page.channel, self.services
        name = channel.channel
        if channel.canvas == _UNWANTED or not (channel.canvas or await self._may_be_made(name)):
            return True
        if not await services.once(f"canvas/{name}", within=CANVAS_EVERY):
            return False
        moments = timeline_of(page.facts)
        text = canvas(page.summary, moments, language=services.usual_language, permalink=page.permalink)
        try:
            if channel.canvas:
                await services.slack.canvas_edit(canvas=channel.canvas, markdown=text)
            else:
                made = await services.slack.canvas_create(channel=name, title=channel.name, markdown=text)
                await services.store.chronicles.placed(name, canvas=made)
        except CanvasGone:
            await services.store.chronicles.placed(name, canvas=_UNWANTED)
        except SlackRefusal as error:
            _log.warning("canvas_update_failed", channel=name, error=str(error))
            if not channel.canvas:
                await services.store.notices.note(_refused(name), services.clock())
            if isinstance(error, CanvasTaken):
                await self._say_taken(channel, error)
        return True

    async def _may_be_made(self, channel: str) -> bool:
        """Tell whether creation may be tried: only a refusal blocks it. An interrupted attempt's canvas is found."""
        refused = await self.services.store.notices.last(_refused(channel))
        return refused is None or self.services.clock() - refused >= _TRIED_EVERY

    async def _say_taken(self, channel: IncidentChannel, error: CanvasTaken) -> None:
        """Post below the summary, once, that only the message has it."""
        name, words, why = channel.channel, incident_replies.NO_CANVAS, error.says
        says = notice(
            Text(en=words.en.format(why.en), zh=words.zh.format(why.zh)), language=self.services.usual_language
        )
        known = await self.services.store.chronicles.get(name)
        below = known.summary_ts if known else channel.summary_ts
        try:
            await post_once(self.services, says, to=name, thread_ts=below, key=f"canvas/{name}/taken")
        except SlackRefusal as second:
            _log.warning("failure_notice_post_failed", channel=name, error=str(second))

    async def take_back(self, channel: IncidentChannel) -> None:
        """Replace our canvas's content with the notice that the channel is no incident. Raise SlackUnavailable."""
        if channel.canvas in ("", _UNWANTED):
            return
        says = incident_replies.DISMISSED_HERE.in_(self.services.usual_language)
        try:
            await self.services.slack.canvas_edit(canvas=channel.canvas, markdown=says)
        except SlackRefusal as error:
            _log.warning("canvas_delete_failed", channel=channel.channel, error=str(error))


def _refused(channel: str) -> str:
    """Return the key of the notice that the channel got no canvas."""
    return f"canvas/{channel}/made"
