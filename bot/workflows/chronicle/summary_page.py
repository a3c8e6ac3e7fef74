"""Summarise the records of an incident channel once; every view is rendered from this summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.policy import ReadLevel
from bot.store import Chronicle, IncidentChannel
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.services import Requester, Services
from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary, summary_of
from intents.domain import Text
from responses import failures
from responses.chronicle import incident_replies


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPage:
    """The summary of an incident channel. `permalink` is the result of `links_in`."""

    channel: IncidentChannel
    facts: tuple[Fact, ...]
    summary: Summary
    permalink: Callable[[Fact], str]


async def page_of(services: Services, chronicle: Chronicle) -> SummaryPage:
    """Summarise the facts as of now."""
    channel, facts = chronicle.channel, facts_in(chronicle.facts)
    return SummaryPage(
        channel=channel,
        facts=facts,
        summary=summary_of(facts, name=channel.name, opened=channel.opened, now=services.clock()),
        permalink=await links_in(services, channel.channel),
    )


async def links_in(services: Services, channel: str) -> Callable[[Fact], str]:
    """Return a function that links a fact to its Slack message, "" if it has none. Slack is not called."""
    url = (await services.slack.identify()).url.rstrip("/")

    def link(fact: Fact) -> str:
        if not url or not fact.ts:
            return ""
        thread = f"?thread_ts={fact.thread_ts}&cid={channel}" if fact.thread_ts else ""
        return f"{url}/archives/{channel}/p{fact.ts.replace('.', '')}{thread}"

    return link


def forbidden(requester: Requester, *, changes: bool) -> Text | None:
    """Return why this user may not read, or `changes` the channel's records; None if they may.

    The records contain cluster data, so a user who may not see cluster data there may not see the records.
    """
    who = requester.scope.who
    if changes and (who.guest or who.foreign or who.bot):
        return incident_replies.NOT_FOR_OUTSIDERS
    if requester.scope.reading is not ReadLevel.FULL:
        return requester.scope.text_only_reason or failures.NOT_ALLOWED_HERE
    return None
