"""Open the chronicle of a channel that is an incident's by its name or because somebody says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackError, SlackUnavailable
from bot.slack.people import Place
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from intents.domain import Text
from responses import incident_replies
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_SAID_ONCE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStartWorkflow:
    """The workflow `incident`. Payload: {"channel", "team", "name", "at", "join"}, "user" who made it one where that is
    known, "said" where they said so, "back" where somebody let us in, perhaps not for the first time.

    `opened` is told of each channel that has a chronicle now: what there is of it is read, and its summary posted. One
    that we come back to is read once more: what was said meanwhile nobody told us. It gets the id of what opened it
    then, else "".
    """

    services: Services
    is_incident: Callable[[str], bool]
    opened: Callable[[str, str], Awaitable[None]]

    async def run(self, run: JobRun, payload: Json) -> Json | None:
        return await retry_step(run, "open", self.open, payload, run.id)

    async def open(self, payload: Json, id: str) -> Json | None:
        """Open the chronicle of a channel if it is an incident's. None if it is not, or none that we can be in."""
        channel, services = str(payload["channel"]), self.services
        if payload.get("join") and not await self._joined(payload) and not payload.get("said"):
            return None
        place = await services.slack.place(channel)
        # What was told with the event is newer than what is remembered of the place.
        name = str(payload.get("name") or "") or place.name
        known = await services.store.chronicles.get(channel)
        if not (known or payload.get("said") or self.is_incident(name)) or not _is_ours(place):
            return None
        at = datetime.fromisoformat(str(payload["at"]))
        await services.store.chronicles.open(channel, team=str(payload["team"]), name=name, at=at)
        # One that nothing was shown of is only just begun: we came by ourselves.
        back = bool(payload.get("back")) and known is not None and known.shown > 0
        anew = back and await services.store.chronicles.begin_anew(channel)
        await self.opened(channel, id if anew else "")
        return {"name": name}

    async def _joined(self, payload: Json) -> bool:
        channel = str(payload["channel"])
        try:
            await self.services.slack.join(channel)
        except SlackUnavailable:
            raise
        except SlackError as error:
            # We are not asked to be there, and may not come by ourselves: somebody will invite us.
            _log.info("incident_channel_join_failed", channel=channel, error=str(error))
            await self._say_uninvited(payload, error)
            return False
        return True

    async def _say_uninvited(self, payload: Json, error: SlackError) -> None:
        """To whoever made it an incident channel, once: they can let us in."""
        channel, user, services = str(payload["channel"]), str(payload.get("user") or ""), self.services
        once = f"uninvited/{channel}/{user}"
        if not user or not await services.store.notices.once(once, within=_SAID_ONCE, now=services.clock()):
            return
        name = str(payload.get("name") or "") or (await services.slack.place(channel)).name
        words, why = incident_replies.CANNOT_JOIN, error.says
        says = Text(en=words.en.format(name, why.en), zh=words.zh.format(name, why.zh))
        try:
            language = await services.language_of(user, within=1.0)
            await services.slack.post(channel=user, message=notice(says, language=language), key=once)
        except SlackUnavailable:
            raise
        except SlackError as second:
            _log.warning("channel_creator_notification_failed", channel=channel, error=str(second))


def _is_ours(place: Place) -> bool:
    """Tell whether a place may have a chronicle: a channel that no other organisation reads."""
    if place.unreached or place.direct:
        return False
    if place.external:
        # What is read in clusters is told to nobody outside: text-only answers are all there is.
        _log.info("shared_channel_skipped", channel=place.id)
        return False
    return True
