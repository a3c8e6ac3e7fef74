"""A channel may be an incident: what is it called, may we be there? Then its chronicle begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.jobs import Json, Run
from bot.slack.errors import SlackError, SlackUnavailable
from bot.workflows.desk import Desk
from bot.workflows.patience import patiently
from intents.domain import Text
from responses import incident_replies
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

_SAID_ONCE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The workflow `incident`. Payload: {"channel", "team", "name", "at", "join"}, "user" who made it one where that is
    known, "said" where they said so, "back" where somebody let us in, perhaps not for the first time.

    `opened` is told of each channel that has a chronicle now: what there is of it is read, and its summary posted. One
    that we come back to is read once more: what was said meanwhile nobody told us. It gets the id of what opened it
    then, else "".
    """

    desk: Desk
    is_incident: Callable[[str], bool]
    opened: Callable[[str, str], Awaitable[None]]

    async def run(self, run: Run, payload: Json) -> Json | None:
        return await patiently(run, "open", self.open, payload, run.id)

    async def open(self, payload: Json, id: str) -> Json | None:
        channel, desk = str(payload["channel"]), self.desk
        if payload.get("join"):
            try:
                await desk.slack.join(channel)
            except SlackUnavailable:
                raise
            except SlackError as error:
                # We are not asked to be there, and may not come by ourselves: somebody will invite us.
                _log.info("an incident channel was not joined", channel=channel, error=str(error))
                await self._say_uninvited(payload, error)
                if not payload.get("said"):
                    return None
        place = await desk.slack.place(channel)
        # What was told with the event is newer than what is remembered of the place.
        name = str(payload.get("name") or "") or place.name
        known = await desk.store.chronicles.get(channel)
        if place.unreached or place.direct or not (known or payload.get("said") or self.is_incident(name)):
            return None
        if place.external:
            # What is read in clusters is told to nobody outside: text-only answers are all there is.
            _log.info("a channel that is shared with others is no incident channel", channel=channel)
            return None
        at = datetime.fromisoformat(str(payload["at"]))
        await desk.store.chronicles.open(channel, team=str(payload["team"]), name=name, at=at)
        # One that nothing was shown of is only just begun: we came by ourselves.
        back = bool(payload.get("back")) and known is not None and known.shown > 0
        anew = back and await desk.store.chronicles.begin_anew(channel)
        await self.opened(channel, id if anew else "")
        return {"name": name}

    async def _say_uninvited(self, payload: Json, error: SlackError) -> None:
        """To whoever made it an incident channel, once: they can let us in."""
        channel, user, desk = str(payload["channel"]), str(payload.get("user") or ""), self.desk
        once = f"uninvited/{channel}/{user}"
        if not user or not await desk.store.notices.once(once, within=_SAID_ONCE, now=desk.clock()):
            return
        name = str(payload.get("name") or "") or (await desk.slack.place(channel)).name
        words, why = incident_replies.CANNOT_JOIN, error.says
        says = Text(en=words.en.format(name, why.en), zh=words.zh.format(name, why.zh))
        try:
            language = await desk.language_of(user, within=1.0)
            await desk.slack.post(channel=user, message=notice(says, language=language), key=once)
        except SlackUnavailable:
            raise
        except SlackError as second:
            _log.warning("nor can whoever made it be told", channel=channel, error=str(second))
