"""A channel may be an incident: what is it called, may we be there? Then its chronicle begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from bot.jobs import Json, Run
from bot.slack.errors import SlackError, SlackUnavailable
from bot.workflows.desk import Desk
from bot.workflows.patience import patiently

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The workflow `incident`. Payload: {"channel", "team", "name", "at", "join"}, and "said" where a person said so.

    `opened` is told of each channel that has a chronicle now: what there is of it is read, and its summary posted.
    """

    desk: Desk
    is_incident: Callable[[str], bool]
    opened: Callable[[str], Awaitable[None]]

    async def run(self, run: Run, payload: Json) -> Json | None:
        return await patiently(run, "open", self.open, payload)

    async def open(self, payload: Json) -> Json | None:
        channel, desk = str(payload["channel"]), self.desk
        if payload.get("join"):
            try:
                await desk.slack.join(channel)
            except SlackUnavailable:
                raise
            except SlackError as error:
                # We are not asked to be there, and may not come by ourselves: somebody will invite us.
                _log.info("an incident channel was not joined", channel=channel, error=str(error))
                return None
        place = await desk.slack.place(channel)
        name = place.name or str(payload.get("name") or "")
        if place.unreached or place.direct or not (payload.get("said") or self.is_incident(name)):
            return None
        if place.external:
            # What is read in clusters is told to nobody outside: text-only answers are all there is.
            _log.info("a channel that is shared with others is no incident channel", channel=channel)
            return None
        at = datetime.fromisoformat(str(payload["at"]))
        await desk.store.chronicles.open(channel, team=str(payload["team"]), name=name, at=at)
        await self.opened(channel)
        return {"name": name}
