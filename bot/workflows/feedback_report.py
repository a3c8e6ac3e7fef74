"""Post what people called wrong and what no entry explains, if there is any, to the channel of the feedback report.

Counts and ids of entries are for everybody. Texts of a channel are shown only if everybody in the workspace may read
that channel, or if it is the report's own: the text of a private channel never appears in another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from bot.slack.errors import SlackRefusal, SlackUnavailable
from bot.workflows.job_payloads import FeedbackReportJob
from bot.workflows.services import Services
from bot.workflows.single_posts import post_once
from intents.catalog.learned import is_learned
from intents.domain import Text
from intents.feedback import FeedbackSummary, summary_of
from responses.safety import safe_value
from responses.slack.feedback import feedback_message

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackReportWorkflow:
    """The job `feedback_report`."""

    services: Services

    async def report(self, payload: FeedbackReportJob, id: str) -> None:
        """Post the feedback of the period once; nothing if there is none."""
        services, channel, since, until = self.services, payload.channel, payload.since, payload.until
        records = await services.store.feedback_reader.records(since, until)
        readable = await self._readable(records.channels, channel)
        summary = summary_of(records, may_read=readable.__contains__)
        if not summary:
            return
        shown = await asyncio.to_thread(safe_value, summary)
        message = feedback_message(
            shown, self._titles(summary, channel), since=since, until=until, language=services.usual_language
        )
        try:
            await post_once(services, message, to=channel, key=id)
        except SlackRefusal as error:
            _log.error("feedback_report_not_posted", channel=channel, job=id, error=str(error))

    async def _readable(self, channels: Iterable[str], home: str) -> frozenset[str]:
        """Return the channels whose texts the report's readers may see.

        With people of other organisations among them, that is the report's own channel alone.
        """
        own, *others = [await self.services.slack.place(one) for one in (home, *(set(channels) - {home}))]
        if any(one.unreached for one in (own, *others)):
            raise SlackUnavailable(method="conversations.info", detail="a channel could not be identified")
        public = [] if own.external else [one.id for one in others if not (one.private or one.direct or one.unknown)]
        return frozenset({home, *public})

    def _titles(self, summary: FeedbackSummary, channel: str) -> dict[str, Text]:
        """Return the titles of the named entries. A saved incident that the channel may not see has none."""
        known = self.services.engine(channel).catalog.incidents
        named = {one.id for one in summary.wrong} | {id for one in summary.wrong for id, _ in one.instead}
        return {
            id: known[id].title if id in known else Text.same(id)
            for id in sorted(named)
            if id in known or not is_learned(id)
        }
