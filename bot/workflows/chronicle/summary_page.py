"""Summarise the records of an incident channel once; every view is rendered from this summary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.store import Chronicle, IncidentChannel
from bot.workflows.chronicle.fact_rows import facts_in
from bot.workflows.services import Services
from intents.chronicle.facts import Fact
from intents.chronicle.summary import Summary, summary_of


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
