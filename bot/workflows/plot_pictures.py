"""Attach a plot of measurements to a posted answer; the answer never waits for it.

It is drawn and uploaded after the answer; failures are only logged.
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

# The first plot of a process takes seconds, because the library lists the fonts.
_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotPictures:
    """Draws the plot of a finding and attaches it to the answer."""

    services: Services
    poster: MessagePoster

    async def show(self, request: StoredRequest, finding: Finding, *, language: Language) -> None:
        """Attach the plot of a finding that has passed `scrubbed`. Never raises."""
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
    """Return the plot as a picture; empty if drawing fails: a broken library must not lose an answer."""
    try:
        from responses.plots import png  # noqa: PLC0415 - imported only to draw

        return png(plot)
    except Exception:  # noqa: BLE001
        _log.exception("plot_rendering_failed", title=plot.title.en)
        return b""
