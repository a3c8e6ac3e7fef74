"""A picture of what was measured, below an answer that stands already: it is never waited for, and nothing without it.

It is drawn and uploaded once the answer is given; whatever keeps it from that is logged, and nobody is told.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog

from bot.slack.errors import SlackError
from bot.store import StoredRequest, StoreUnavailable
from bot.workflows.message_poster import MessagePoster
from bot.workflows.services import ANSWER, Services
from intents.domain import Finding, Language, Plot
from responses.slack.message import Picture

_log: Final = structlog.get_logger(__name__)

# The first picture of a process waits for the fonts to be listed, which takes seconds.
_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotPictures:
    """Draws the plot of a finding and attaches it to the answer."""

    services: Services
    poster: MessagePoster

    async def show(self, request: StoredRequest, finding: Finding, *, language: Language) -> None:
        """Show the plot of a finding that has passed `scrubbed`. Never raises for want of a picture."""
        if finding.plot is None:
            return
        try:
            async with asyncio.timeout(_WITHIN_S):
                content = await asyncio.to_thread(_drawn, finding.plot)
                if content:
                    picture = Picture(
                        name="plot.png",
                        title=finding.plot.title.in_(language),
                        alt=finding.says.in_(language),
                        content=content,
                    )
                    await self.poster.attach(request, picture, step=ANSWER)
        except (SlackError, StoreUnavailable, TimeoutError) as error:
            _log.warning("plot_upload_failed", request=request.id, error=str(error) or "too slow")


def _drawn(plot: Plot) -> bytes:
    """The picture; nothing where it cannot be drawn: a library that is broken here is no reason to lose an answer."""
    try:
        from responses.pictures import png  # noqa: PLC0415 - only where there is something to draw

        return png(plot)
    except Exception:  # noqa: BLE001
        _log.exception("plot_rendering_failed", title=plot.title.en)
        return b""
