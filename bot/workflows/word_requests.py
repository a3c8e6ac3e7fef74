"""Answer requests in words that no diagnosis answers: help, thanks, mutes, incidents, and what is to be done.

Thanks and greetings get a reaction, because a message would notify a thread of nothing. In a list of incidents, a
private channel is named only in itself, and a channel that is shared with others names none but itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.asked.examples import GENERAL, examples_for
from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.policy import ReadLevel
from bot.store import ChannelState, IncidentChannel, Mute, Surface
from bot.workflows.asked_actions import asks_for_action, offered, workload_above
from bot.workflows.chronicle.facts import address_of, facts_of_chronicle, may_be_named
from bot.workflows.conversation import Understood
from bot.workflows.feedback import answer_mute_command
from bot.workflows.job_payloads import By
from bot.workflows.reply import Reply
from bot.workflows.services import Exchange, Services
from intents.chronicle.facts import IncidentStatus
from intents.chronicle.summary import summary_of
from intents.domain import Json, ObjectRef, Text
from intents.mutes import LONGEST, MUTED_FOR, MuteCommand, mute_command
from intents.request import AskInWords, is_in_words
from intents.sheets import NextAsk, Sheet, SheetRow
from intents.slash import MutedQuery, TextQuery, parse_message
from intents.spoken_mutes import (
    asks_what_is_muted,
    is_about_mutes,
    means_everything,
    means_unmute,
    names_a_mute,
    spoken_duration,
)
from intents.spoken_names import is_word
from intents.talk.asks import Ask
from intents.talk.mentions import Mentions
from intents.talk.turns import Request, understood
from responses.slack.chronicle.incident_list import IncidentRow, incident_list_message
from responses.slack.message import Message
from responses.slack.notices import notice
from responses.slack.sheets import scrubbed_sheet, sheet_message

_THANKED: Final = "thumbsup"
_GREETED: Final = "wave"
_GREETING: Final = re.compile(
    r"(?i)^\W*(?:hi|hello|hey|heya|hiya|yo|howdy|morning|good (?:morning|afternoon|evening|day)|greetings"
    r"|你好|您好|嗨|哈喽|早|早上好|下午好|晚上好|大家好)(?![a-z])"
)
_MOST_WORDS: Final = 5
_WORD: Final = re.compile(r"[A-Za-z']+")
# What may be part of a name, or ask something.
_MORE_THAN_THANKS: Final = re.compile(r"[?？/_0-9-]|吗|呢|么")
# Of readings that are less sure, the words of a mute or of an action decide.
_SURE: Final = 0.7
# What names an object is hardly thanks alone.
_SURE_OF_THANKS: Final = 0.9
# What names nothing and asks for nothing surely is a text to explain.
_UNSURE: Final = 0.35
# Less sure than this, "look at this" is neither.
_LEAST: Final = {Ask.INCIDENTS: 0.5, Ask.HELP: 0.5, Ask.THANKS: 0.35, Ask.ACTION: 0.5}
_FOR_HELP: Final = re.compile(r"(?i)^\W*(?:help|帮助)")
_ASKS: Final = re.compile(
    r"(?i)[?？]|^\W*(?:how|what|why|when|where|who|which|is|are|does|did|has)\b|吗|呢|怎么|什么|为何|谁|哪"
)
# With a reaction in their place there is nothing to look up.
_REACTED_TO: Final = frozenset({Surface.MENTION, Surface.DIRECT})
_BECAUSE: Final = re.compile(r"(?i)\b(?:because(?: of)?|reason)\b|因为|原因|由于")
_MUTE_WHAT: Final = Text(
    en="mute what? Name an object, a namespace or an entry, such as: mute deployment shop/web for an hour. "
    "Nothing mutes everything",
    zh="要静音什么？请说明对象、命名空间或条目，例如：静音 deployment shop/web 一小时。不能静音全部",
)
_CAN: Final = Text(
    en="I find out why something in a cluster is broken, and show what it is and does. For example:",
    zh="我查找集群中故障的原因，并展示对象的状态。例如：",
)
_ALL: Final = Text(en="All of it: /diagnose help", zh="完整列表：/diagnose help")

_RESOLVED_LATELY: Final = timedelta(days=3)
_INCIDENTS_SHOWN: Final = 8
_MOST_INCIDENTS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRequests:
    """Answers these requests. Methods raise StoreUnavailable and SlackUnavailable."""

    services: Services

    def at_once(self, exchange: Exchange) -> Reply | None:
        """Return the reaction to plain thanks, for which nothing has to be looked up; None for anything else."""
        text, origin = exchange.request.text.strip(), exchange.request.original.origin
        words = _WORD.findall(text)
        if origin not in _REACTED_TO or len(words) > _MOST_WORDS or not is_in_words(text):
            return None
        if not isinstance(parse_message(text), TextQuery) or _MORE_THAN_THANKS.search(text) or _GREETING.search(text):
            return None
        asked = understood(text, Mentions())
        if asked.ask is not Ask.THANKS or asked.sure < _SURE_OF_THANKS or not all(map(_is_no_name, words)):
            return None
        return _told(Ask.THANKS, reaction=_THANKED)

    def settled(self, request: Understood, text: str) -> Understood:
        """Return a request as its plain words have it where what it asks for is not sure."""
        asked = request.asked
        ask = _plainly(asked, text)
        default = 0.0 if request.names else _UNSURE
        least = _SURE_OF_THANKS if ask is Ask.THANKS and request.names else _LEAST.get(ask, default)
        is_plain = asks_for_action(text) if ask is Ask.ACTION else _FOR_HELP.search(text)
        if ask is asked.ask and asked.sure < least and not is_plain:
            ask = Ask.WHY if ask in _LEAST else Ask.EXPLAIN
        return request if ask is asked.ask else replace(request, asked=replace(asked, ask=ask))

    async def of(
        self,
        request: Understood,
        question: AskInWords,
        exchange: Exchange,
        connection: Connection,
        snapshot: Snapshot,
    ) -> Reply | None:
        """Return the reply; None for a request that others answer."""
        asked, text = request.asked, question.text
        if asked.ask is Ask.ACTION:
            offer = await offered(
                self.services,
                exchange,
                text=text,
                about=asked.about,
                unknown=asked.unknown,
                connection=connection,
                snapshot=snapshot,
            )
            return _told(asked.ask, offer.message(), notes=offer.note())
        if asked.ask is Ask.MUTE:
            about = asked.about
            if about is not None and not request.names:
                # "mute it": the next pod has another name.
                about = await workload_above(snapshot, about)
            return _told(asked.ask, await self._muted(text, about, exchange, is_named=bool(request.names)))
        if asked.ask is Ask.HELP or self._is_first_greeting(asked, text, exchange):
            return _told(asked.ask, await _help(exchange, await examples_for(snapshot, home=question.namespace)))
        return await self.without_cluster(asked, text, exchange)

    async def without_cluster(self, asked: Request, text: str, exchange: Exchange) -> Reply | None:
        """Return the reply as far as it needs no cluster."""
        takes_reactions = exchange.request.original.origin in _REACTED_TO
        match asked.ask:
            case Ask.INCIDENTS:
                return _told(asked.ask, await _incident_list(self.services, exchange))
            case Ask.MUTE:
                return _told(asked.ask, await self._muted(text, None, exchange, is_named=False))
            case Ask.THANKS if takes_reactions and not self._is_first_greeting(asked, text, exchange):
                return _told(asked.ask, reaction=_GREETED if _GREETING.search(text) else _THANKED)
            case Ask.HELP | Ask.THANKS:
                return _told(asked.ask, await _help(exchange, GENERAL))
        return None

    def _is_first_greeting(self, asked: Request, text: str, exchange: Exchange) -> bool:
        """Return whether somebody greets us outside of a conversation: they may not know what to ask."""
        original = exchange.request.original
        begins = original.thread_ts in ("", original.source_ts)
        return asked.ask is Ask.THANKS and begins and _GREETING.search(text) is not None

    async def _muted(self, text: str, about: ObjectRef | None, exchange: Exchange, *, is_named: bool) -> Message:
        """Mute or unmute what is named, and nothing if nothing is."""
        channel = exchange.request.original.channel
        kept = await self.services.store.mutes.list(channel, self.services.clock())
        everything = means_everything(text) and not is_named
        command: MuteCommand | MutedQuery | None
        if parse_message(text) == MutedQuery() or asks_what_is_muted(text):
            command = MutedQuery()
        elif means_unmute(text):
            subject = "all" if everything else self._subject(text, about, channel)
            command = MutedQuery(unmute=_standing(subject, kept)) if subject else MutedQuery()
        else:
            command = None if everything else self._command(text, about, channel)
        if command is None:
            return notice(_MUTE_WHAT, language=exchange.language)
        who = exchange.scope.who
        by: By = {"team": who.team, "channel": channel, "user": who.user}
        return await answer_mute_command(self.services, command, by, language=exchange.language)

    def _subject(self, text: str, about: ObjectRef | None, channel: str) -> str:
        """Return the key of what is named: an entry of the catalog, or an object; "" for neither."""
        incidents = self.services.engine(channel).catalog.incidents
        words = re.findall(r"[a-z0-9-]+", text.lower())
        if entry := next((word for word in words if "-" in word and word in incidents), ""):
            return entry
        if about is not None and about.kind != "Cluster":
            return str(about)
        return ""

    def _command(self, text: str, about: ObjectRef | None, channel: str) -> MuteCommand | None:
        subject = self._subject(text, about, channel)
        typed = mute_command(text.split())
        if isinstance(typed, MuteCommand) and (" " in typed.muted or typed.muted == subject):
            # Typed as `/diagnose mute …` is, which names a kind but not always the right one.
            return MuteCommand(muted=subject or typed.muted, lasts=typed.lasts, reason=typed.reason)
        if not subject:
            return None
        reason = _BECAUSE.split(text, maxsplit=1)
        return MuteCommand(
            muted=subject,
            lasts=min(spoken_duration(reason[0]) or MUTED_FOR, LONGEST),
            reason=reason[1].strip(" :：,，") if len(reason) > 1 else "",
        )


def _told(ask: Ask, plain: Message | None = None, *, reaction: str = "", notes: Json | None = None) -> Reply:
    return Reply(plain=plain, intent=str(ask), ended="told", reaction=reaction, notes=notes or {})


def _plainly(asked: Request, text: str) -> Ask:
    """Return what a text asks for: a mute or an action that its words name, if it is no question."""
    if isinstance(parse_message(text), MuteCommand | MutedQuery) or asks_what_is_muted(text):
        return Ask.MUTE
    is_mute = is_about_mutes(text)
    if asked.ask is Ask.MUTE and not is_mute and asks_for_action(text):
        return Ask.ACTION  # "stop cart"
    if _ASKS.search(text):
        return asked.ask
    if names_a_mute(text):
        return Ask.MUTE
    if asked.sure >= _SURE:
        return asked.ask
    return Ask.ACTION if asked.about is not None and not is_mute and asks_for_action(text) else asked.ask


def _standing(subject: str, kept: Sequence[Mute]) -> str:
    """Return the key of the mute that is meant: people may have muted the pod where the workload is named."""
    if any(mute.muted.lower() == subject.lower() for mute in kept):
        return subject
    place = subject.partition(" ")[2]
    return next((mute.muted for mute in kept if place and mute.muted.partition(" ")[2] == place), subject)


def _is_no_name(word: str) -> bool:
    return len(word) <= 3 or is_word(word.lower())


async def _help(exchange: Exchange, examples: Sequence[Text]) -> Message:
    sheet = Sheet(
        heading=_CAN,
        rows=(*(SheetRow(says=_quoted(one)) for one in examples), SheetRow(says=_ALL)),
        next=tuple(NextAsk(label=one, text=one.in_(exchange.language)) for one in examples),
    )
    return sheet_message(await asyncio.to_thread(scrubbed_sheet, sheet), language=exchange.language)


def _quoted(one: Text) -> Text:
    return Text(en=f"• {one.en}", zh=f"• {one.zh}")


async def _incident_list(services: Services, exchange: Exchange) -> Message:
    """Return the incidents as the asker may see them, open ones first. Raise StoreUnavailable, SlackUnavailable."""
    now = services.clock()
    known = await services.store.chronicles.list_live(now - _RESOLVED_LATELY)
    seen = [one for one in known[:_MOST_INCIDENTS] if await _may_know_of(services, exchange, one)]
    seen.sort(key=lambda one: one.state is not ChannelState.OPEN)
    rows = [await _incident_row(services, one, now=now) for one in seen[:_INCIDENTS_SHOWN]]
    return incident_list_message(rows, left=max(0, len(seen) - _INCIDENTS_SHOWN), language=exchange.language)


async def _may_know_of(services: Services, exchange: Exchange, incident: IncidentChannel) -> bool:
    """Return whether the asker may know of an incident: by the policy there, and because its channel is public."""
    who, channel = exchange.scope.who, incident.channel
    if channel == who.channel:
        return exchange.scope.reading is ReadLevel.FULL
    if who.guest or who.foreign or who.external or not await may_be_named(services, channel):
        return False
    there = await services.requester(team=who.team, channel=channel, user=who.user)
    return there.scope.reading is ReadLevel.FULL


async def _incident_row(services: Services, incident: IncidentChannel, *, now: datetime) -> IncidentRow:
    """Return the row, with its status as the summary of the channel has it."""
    chronicle = await services.store.chronicles.read(incident.channel)
    facts = await facts_of_chronicle(chronicle) if chronicle else ()
    summary = summary_of(facts, name=incident.name, opened=incident.opened, now=now)
    is_open = incident.state is ChannelState.OPEN
    return IncidentRow(
        name=incident.name,
        address=await address_of(services, incident.channel),
        status=summary.status if is_open else IncidentStatus.RESOLVED,
        ago=now - (incident.opened if is_open else incident.since),
    )
