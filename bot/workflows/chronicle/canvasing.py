"""The same summary as a canvas, where the workspace has them: a page that is read beside the channel.

It is written less often than the message; what is said last always is. Where there is none, nothing is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.slack.errors import CanvasesOff, CanvasGone, CanvasTaken, MissingScope, SlackError, SlackUnavailable
from bot.store import IncidentChannel
from bot.workflows.chronicle.pages import Page
from bot.workflows.desk import Desk
from intents.chronicle.timeline import timeline_of
from responses import incident_notes
from responses.slack.chronicle.canvas import canvas

_log: Final = structlog.get_logger(__name__)

CANVAS_EVERY: Final = timedelta(minutes=1)
# Where it cannot be made it is not tried with each change.
_TRIED_EVERY: Final = timedelta(hours=6)
# Instead of its id: whoever deleted it does not want it.
_UNWANTED: Final = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvasing:
    desk: Desk

    async def put(self, page: Page) -> bool:
        """Let the channel's canvas say the summary. No: it is not time yet, ask later. Raises SlackUnavailable."""
        channel, desk = page.channel, self.desk
        name = channel.channel
        if channel.canvas == _UNWANTED:
            return True
        if not await desk.store.notices.once(f"canvas/{name}", within=CANVAS_EVERY, now=desk.clock()):
            return not channel.canvas
        moments = timeline_of(page.facts)
        text = canvas(page.summary, moments, language=desk.usual_language, permalink=page.permalink)
        try:
            if channel.canvas:
                await desk.slack.canvas_edit(canvas=channel.canvas, markdown=text)
            elif await desk.store.notices.once(f"canvas/{name}/made", within=_TRIED_EVERY, now=desk.clock()):
                made = await desk.slack.canvas_create(channel=name, title=channel.name, markdown=text)
                await desk.store.chronicles.placed(name, canvas=made)
        except CanvasGone:
            await desk.store.chronicles.placed(name, canvas=_UNWANTED)
        except (CanvasesOff, CanvasTaken, MissingScope) as error:
            _log.info("an incident channel gets no canvas", channel=name, error=str(error))
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.warning("a canvas was not written", channel=name, error=str(error))
        return True

    async def take_back(self, channel: IncidentChannel) -> None:
        """Let our canvas say that the channel is no incident. Raises SlackUnavailable."""
        if channel.canvas in ("", _UNWANTED):
            return
        says = incident_notes.DISMISSED_HERE.in_(self.desk.usual_language)
        try:
            await self.desk.slack.canvas_edit(canvas=channel.canvas, markdown=says)
        except SlackUnavailable:
            raise
        except SlackError as error:
            _log.warning("a canvas cannot be taken back", channel=channel.channel, error=str(error))
