"""Open the chronicle of an incident channel, by its name or by a member's command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from bot.jobs import Json
from bot.slack.errors import SlackError, SlackRefusal
from bot.slack.people import Place
from bot.workflows.job_payloads import IncidentJob
from bot.workflows.services import Services
from intents.domain import Text
from responses.chronicle import incident_replies
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_SAID_ONCE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStartWorkflow:
    """The job `incident`.

    `opened` is called with each channel that has a chronicle now: its history is read and its summary posted. After a
    return the history is read again, because Slack sent no events meanwhile; `opened` then gets the id of the event,
    else "".
    """

    services: Services
    is_incident: Callable[[str], bool]
    opened: Callable[[str, str], Awaitable[None]]

    async def open(self, payload: IncidentJob, id: str) -> Json | None:
        """Open the chronicle of an incident channel. None if it is not one, or we cannot join it."""
        channel, services = payload.channel, self.services
        if payload.join and not await self._joined(payload) and not payload.said:
            return None
        place = await services.slack.place(channel)
        # The event's data is newer than the cached channel.
        name = payload.name or place.name
        known = await services.store.chronicles.get(channel)
        if not (known or payload.said or self.is_incident(name)) or not _is_ours(place):
            return None
        await services.store.chronicles.open(channel, team=payload.team, name=name, at=payload.at)
        # A chronicle without a summary has just begun: we joined by ourselves.
        back = payload.back and known is not None and known.shown > 0
        anew = back and await services.store.chronicles.begin_anew(channel)
        await self.opened(channel, id if anew else "")
        return {"name": name}

    async def _joined(self, payload: IncidentJob) -> bool:
        channel = payload.channel
        try:
            await self.services.slack.join(channel)
        except SlackRefusal as error:
            # We are neither invited nor allowed to join: a member will invite us.
            _log.info("incident_channel_join_failed", channel=channel, error=str(error))
            await self._say_uninvited(payload, error)
            return False
        return True

    async def _say_uninvited(self, payload: IncidentJob, error: SlackError) -> None:
        """Tell the user who opened the incident, once, that they can invite us."""
        channel, user, services = payload.channel, payload.user, self.services
        once = f"uninvited/{channel}/{user}"
        if not user or not await services.once(once, within=_SAID_ONCE):
            return
        name = payload.name or (await services.slack.place(channel)).name
        words, why = incident_replies.CANNOT_JOIN, error.says
        says = Text(en=words.en.format(name, why.en), zh=words.zh.format(name, why.zh))
        try:
            language = await services.language_of(user, within=1.0)
            await services.slack.post(channel=user, message=notice(says, language=language), key=once)
        except SlackRefusal as second:
            _log.warning("channel_creator_notification_failed", channel=channel, error=str(second))


def _is_ours(place: Place) -> bool:
    """Tell whether a channel may have a chronicle: no other organisation may read it."""
    if place.unreached or place.direct:
        return False
    if place.external:
        # Cluster data is never shown to other organisations: they get text-only answers.
        _log.info("shared_channel_skipped", channel=place.id)
        return False
    return True
