"""Show users what they missed in an incident channel, when they join late or ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from bot.jobs import JobRun, Json
from bot.slack.errors import SlackRefusal
from bot.store import ChannelState, Chronicle
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.chronicle.summary_page import forbidden, links_in
from bot.workflows.job_payloads import WelcomeJob
from bot.workflows.outages import retry_step
from bot.workflows.services import Services
from intents.chronicle.facts import NO_NEWS, Fact, FactKind
from intents.chronicle.news import news_since
from intents.domain import Language
from responses.slack.chronicle.announcements import catch_up_message
from responses.slack.message import Message

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUpWorkflow:
    """The job `welcome`. After a crash it may be shown twice."""

    services: Services

    async def run(self, run: JobRun, payload: WelcomeJob) -> Json | None:
        read = await retry_step(run, "read", self.read, payload)
        if read:
            await retry_step(run, "tell", self.notify, payload, str(read["upto"]))
        return None

    async def read(self, payload: WelcomeJob) -> Json | None:
        """Return the time up to which there is news; None if nothing has happened or the incident is over."""
        chronicle = await self.services.store.chronicles.read(payload.channel)
        if chronicle is None or chronicle.channel.state is not ChannelState.OPEN:
            return None
        if all(fact.kind in NO_NEWS for fact in _visible(chronicle)):
            return None
        requester = await self.services.presser(payload)
        if requester.scope.who.bot or forbidden(requester, changes=False) is not None:
            return None  # joining is not a request, so stay silent
        return {"upto": _newest(chronicle).isoformat()}

    async def notify(self, payload: WelcomeJob, upto: str) -> None:
        channel, user = payload.channel, payload.user
        chronicle = await self.services.store.chronicles.read(channel)
        if chronicle is None:
            return
        requester = await self.services.presser(payload)
        message = await self.missed(
            chronicle, user=user, language=requester.language, upto=datetime.fromisoformat(upto)
        )
        try:
            await self.services.slack.post_ephemeral(channel=channel, user=user, message=message)
        except SlackRefusal as error:
            _log.info("catch_up_failed", channel=channel, error=str(error))

    async def missed(
        self, chronicle: Chronicle, *, user: str, language: Language, upto: datetime | None = None, mention: bool = True
    ) -> Message:
        """Return what happened since `user` last read, and mark it as read up to the newest fact, or to `upto`.

        With `mention` off, no user is mentioned: for posts to the whole channel.
        """
        channel = chronicle.channel
        # Not up to now: events of the last moments may not have arrived yet.
        since = await self.services.store.chronicles.caught_up(channel.channel, user, upto or _newest(chronicle))
        facts = [fact for fact in facts_in(chronicle.facts) if not (fact.kind is FactKind.JOIN and fact.user == user)]
        now = self.services.clock()
        return catch_up_message(
            news_since(facts, opened=channel.opened, since=since, now=now),
            name=channel.name,
            now=now,
            language=language,
            permalink=await links_in(self.services, channel.channel),
            mention=mention,
        )


def _visible(chronicle: Chronicle) -> list[Fact]:
    return [fact for fact in facts_in(chronicle.facts) if not fact.removed]


def _newest(chronicle: Chronicle) -> datetime:
    return max((fact.at for fact in chronicle.facts), default=chronicle.channel.opened)
