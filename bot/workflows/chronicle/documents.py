"""Summarise the records of an incident channel once, and render its documents; show users what they missed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

import structlog

from bot.policy import ReadLevel
from bot.slack.errors import log_refusal
from bot.store import ChannelState, Chronicle, IncidentChannel
from bot.workflows.chronicle.facts import address_of, facts_of_chronicle
from bot.workflows.incident_payloads import WelcomeJob
from bot.workflows.services import Requester, Services
from intents.channel_commands import ChannelAction, ChannelCommand, Reader
from intents.chronicle.facts import NO_NEWS, Fact, FactKind
from intents.chronicle.news import news_since
from intents.chronicle.summary import Summary, summary_of
from intents.chronicle.timeline import timeline_of
from intents.domain import Language, Text
from intents.talk.since import since
from responses import failures
from responses.chronicle import incident_replies
from responses.postmortem import postmortem
from responses.slack.chronicle.announcements import resolved, timeline_message
from responses.slack.chronicle.readers import ReaderMessages
from responses.slack.chronicle.summary import summary_message
from responses.slack.message import Message, Snippet
from responses.slack.notices import notice


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPage:
    """The summary of an incident channel. `permalink` is the result of `links_in`."""

    channel: IncidentChannel
    facts: tuple[Fact, ...]
    summary: Summary
    permalink: Callable[[Fact], str]


async def page_of(services: Services, chronicle: Chronicle) -> SummaryPage:
    """Summarise the facts as of now."""
    channel, facts = chronicle.channel, await facts_of_chronicle(chronicle)
    return SummaryPage(
        channel=channel,
        facts=facts,
        summary=summary_of(facts, name=channel.name, opened=channel.opened, now=services.clock()),
        permalink=await links_in(services, channel.channel),
    )


async def links_in(services: Services, channel: str) -> Callable[[Fact], str]:
    """Return a function that links a fact to its Slack message, "" if it has none. Slack is not called."""
    address = await address_of(services, channel)

    def link(fact: Fact) -> str:
        if not address or not fact.ts:
            return ""
        thread = f"?thread_ts={fact.thread_ts}&cid={channel}" if fact.thread_ts else ""
        return f"{address}/p{fact.ts.replace('.', '')}{thread}"

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


# The maximum number of names that are read from Slack; other users are shown by id.
_MOST_NAMES: Final = 30
_IS_ID: Final = re.compile(r"(?=[A-Z]*[0-9])[UW][A-Z0-9]+")


async def final_of(services: Services, chronicle: Chronicle, *, language: Language, archived: bool = False) -> Message:
    """Return the last summary, with the postmortem draft as its file."""
    page = await page_of(services, chronicle)
    names = await names_of(services, page.summary.people)
    return resolved(
        page.summary,
        language=language,
        permalink=page.permalink,
        names=names,
        archived=archived,
        draft=_draft(page, names, language),
    )


async def draft_of(services: Services, chronicle: Chronicle, *, language: Language) -> Snippet:
    """Return the postmortem draft in Markdown."""
    page = await page_of(services, chronicle)
    return _draft(page, await names_of(services, page.summary.people), language)


async def names_of(services: Services, people: Sequence[str], *, most: int = _MOST_NAMES) -> Mapping[str, str]:
    """Return the display names of these users by id, as far as Slack knows them."""
    persons = await asyncio.gather(*(services.slack.person(user) for user in people[:most]))
    return {person.id: person.name for person in persons if person.name}


def _draft(page: SummaryPage, names: Mapping[str, str], language: Language) -> Snippet:
    return postmortem(page.summary, timeline_of(page.facts), language=language, permalink=page.permalink, names=names)


_log: Final = structlog.get_logger(__name__)


async def catch_up(services: Services, payload: WelcomeJob) -> None:
    """Show how the incident stands, unless nothing has happened yet or it is over. After a crash it may be shown twice.

    It does not count as read: it has only the newest of what happened.
    """
    channel, user = payload.channel, payload.user
    chronicle = await services.store.chronicles.read(channel)
    if chronicle is None or chronicle.channel.state is not ChannelState.OPEN:
        return
    page = await page_of(services, chronicle)
    if all(fact.kind in NO_NEWS for fact in page.facts if not fact.removed):
        return
    requester = await services.presser(payload)
    if requester.scope.who.bot or forbidden(requester, changes=False) is not None:
        return  # joining is not a request, so stay silent
    message = _messages(page, language=requester.language, mention=True).welcome(page.facts)
    with log_refusal(_log.info, "catch_up_failed", channel=channel):
        await services.slack.post_ephemeral(channel=channel, user=user, message=message)


async def shown_for(
    services: Services,
    chronicle: Chronicle,
    *,
    command: ChannelCommand,
    user: str,
    language: Language,
    mention: bool,
) -> Message:
    """Return the timeline, the pinned summary's content or the summary that `user` asks for, as of now.

    A summary without a reader or a time is what happened since `user` last read, and counts as read. With `mention`
    off, no user is mentioned: for posts to the whole channel.
    """
    page = await page_of(services, chronicle)
    if command.action is ChannelAction.TIMELINE:
        return timeline_message(
            timeline_of(page.facts),
            name=page.channel.name,
            now=page.summary.now,
            language=language,
            permalink=page.permalink,
            mention=mention,
        )
    if command.action is ChannelAction.STATUS:
        return summary_message(page.summary, language=language, permalink=page.permalink, mention=mention)
    messages = _messages(page, language=language, mention=mention)
    if command.reader is Reader.COMMANDER:
        return messages.for_commander()
    if command.reader is Reader.OUTSIDE:
        people = sorted({name for fact in page.facts for name in (fact.user, fact.of) if _IS_ID.fullmatch(name)})
        names = await services.in_time(names_of(services, people, most=len(people)))
        if names is None:
            return notice(failures.BUSY, language=language)
        return messages.for_status_page(page.facts, names)
    facts = [fact for fact in page.facts if not (fact.kind is FactKind.JOIN and fact.user == user)]
    if ago := await _ago(services, command.since, page.summary.now, user):
        return messages.happened(news_since(facts, page.summary.now - ago))
    # Not up to now: events of the last moments may not have arrived yet.
    newest = max((fact.at for fact in chronicle.facts), default=page.channel.opened)
    before = await services.store.chronicles.caught_up(page.channel.channel, user, newest)
    return messages.missed(news_since(facts, before))


async def _ago(services: Services, said: str, now: datetime, user: str) -> timedelta | None:
    """Return how far back the words look; a time of day is one of the user's clock."""
    if not said:
        return None
    offset = (await services.slack.person(user)).utc_offset_s
    return since(f"since {said}", now.astimezone(timezone(timedelta(seconds=offset))))


def _messages(page: SummaryPage, *, language: Language, mention: bool) -> ReaderMessages:
    return ReaderMessages(summary=page.summary, language=language, permalink=page.permalink, mention=mention)
