"""Record answers and messages as facts of their incident channel; tell of another channel with the same incident.

Only public channels are named: a private one is never named outside it. Guests and shared channels get no names,
whatever cluster data they may see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from pydantic import ValidationError

from bot.common.portable import adapter_of
from bot.remedies.contract import Plan
from bot.slack.channel_messages import channel_message
from bot.slack.errors import log_refusal
from bot.store import Chronicle, FactRow, Mark, RecordedMessage, StoredAnswer, StoredRequest
from bot.workflows.kept_answer import KeptAnswer, language_of
from bot.workflows.message_poster import post_once
from bot.workflows.services import Exchange, Services
from intents.chronicle.channel_reader import PINNED, WRONG, ChannelMessage, Gesture, facts_of_channel, standing
from intents.chronicle.facts import KINDS_OF_FACTS, LONGEST_SAYS, Fact, FactKind
from intents.chronicle.kinds import KINDS
from intents.chronicle.news import common_incident
from intents.domain import Diagnosis, FindingOutcome, JudgedHypothesis, Language, Text
from responses.safety import safe_line, safe_value
from responses.slack.chronicle import announcements
from responses.slack.remedy_states import RemedyShown, RemedyState

_log: Final = structlog.get_logger(__name__)
T = TypeVar("T")


def row_of(fact: Fact) -> FactRow:
    """Return the row of a fact, with all credentials removed."""
    document = adapter_of(Fact).dump_python(fact, mode="json")
    return FactRow(key=fact.key, at=fact.at, ts=fact.ts, incident=fact.incident, document=safe_value(document))


async def facts_of_chronicle(chronicle: Chronicle) -> tuple[Fact, ...]:
    """Read the messages of a channel and return all its facts, with the users' marks. The loop is not blocked."""
    return await asyncio.to_thread(facts_in, chronicle.facts, chronicle.marks)


def facts_in(rows: Sequence[FactRow], marks: Sequence[Mark] = ()) -> tuple[Fact, ...]:
    """Read stored messages and return their facts and the stored ones, with the users' marks.

    Malformed rows are skipped.
    """
    gestures = [
        Gesture(ts=mark.ts, kind=mark.what, by=mark.user, at=mark.at, says=mark.says)
        for mark in marks
        if mark.what in SETTABLE
    ]
    said = [row for row in rows if row.document.get("kind") == _SAID]
    read = facts_of_channel(filter(None, (_parsed(row, ChannelMessage) for row in said)), gestures)
    stored = filter(None, (_parsed(row, Fact) for row in rows if row.document.get("kind") != _SAID))
    meant = standing(gestures)
    facts = (*read, *(_marked(fact, meant.get(fact.ts, {})) for fact in stored))
    return tuple(sorted(facts, key=lambda fact: (fact.at, fact.key)))


def _marked(fact: Fact, meant: Mapping[str, Gesture]) -> Fact:
    return replace(fact, by_hand=fact.by_hand or PINNED in meant, removed=meant.keys() == {WRONG})


def _parsed(row: FactRow, of: type[T]) -> T | None:
    try:
        parsed: T = adapter_of(of).validate_python(row.document)
        return parsed
    except ValidationError:
        _log.error("fact_parse_failed", key=row.key)
        return None


SETTABLE: Final = frozenset({*KINDS} & KINDS_OF_FACTS.keys()) | {WRONG, PINNED}
# What stands in a stored message where a fact has its kind.
_SAID: Final = "said"


def recorded_message(message: Mapping[str, Any], *, version: str = "") -> RecordedMessage:
    """Return what is stored of a message, without credentials; `version` is the time of its last edit, "" for none."""
    redacted = channel_message(message)
    document = {**adapter_of(ChannelMessage).dump_python(redacted, mode="json"), "kind": _SAID}
    row = FactRow(key=f"m:{redacted.ts}", at=redacted.at, ts=redacted.ts, document=document)
    return RecordedMessage(ts=redacted.ts, version=version, facts=(row,) if redacted.text else ())


# Number of an answer's hypotheses that get a line: the leading ones and those ruled out.
_MOST: Final = 4
_STATES: Final[Mapping[RemedyState, str]] = {
    RemedyState.AWAITING: "awaiting",
    RemedyState.CHECKING: "applying",
    RemedyState.APPLYING: "applying",
    RemedyState.APPLIED: "applying",
    RemedyState.VERIFYING: "applying",
    RemedyState.FAILED: "refused",
    RemedyState.PARTLY: "unknown",
}


async def record_answer(services: Services, request: StoredRequest, answer: KeptAnswer | None, *, ts: str) -> None:
    """Record the findings of an answer in message `ts`, in place of earlier findings of the same request."""
    if not await _kept(services, request.original.channel):
        return
    facts = found_facts(request, answer, ts=ts, at=services.clock()) if answer else ()
    await _replace(services, request.original.channel, f"a:{request.id}", facts, revision=request.revision)


async def record_withdrawal(services: Services, request: StoredRequest) -> None:
    """Delete the findings of a deleted request."""
    if await _kept(services, request.original.channel):
        await _replace(services, request.original.channel, f"a:{request.id}", (), revision=request.revision + 1)


async def record_remedy(services: Services, answer: StoredAnswer, plan: Plan, shown: RemedyShown) -> None:
    """Record the progress of a remedy that was pressed below an answer; an undo is recorded as an undo."""
    if not await _kept(services, answer.channel):
        return
    now = services.clock()
    language = language_of(answer)
    says = shown.says.in_(language) if shown.says else shown.title.in_(language)
    undone = bool(plan.undoes) and shown.state is RemedyState.DONE
    fact = Fact(
        key=f"r:{plan.undoes if undone else plan.id}",
        kind=FactKind.REMEDY,
        at=shown.at or now,
        says=safe_line(says, limit=LONGEST_SAYS),
        user=shown.who,
        ts=answer.ts,
        state="undone" if undone else _STATES.get(shown.state, shown.state.value),
        incident=plan.incident,
        title=shown.title,
        objects=(plan.target,),
        cluster=plan.cluster,
    )
    # Ordered by the clock of the process that applies it.
    await _replace(services, answer.channel, fact.key, (fact,), revision=int(now.timestamp() * 10))


async def _kept(services: Services, channel: str) -> bool:
    known = await services.store.chronicles.get(channel)
    return known is not None and known.is_recorded


async def _replace(services: Services, channel: str, source: str, facts: tuple[Fact, ...], *, revision: int) -> None:
    rows = [row_of(fact) for fact in facts]
    if await services.store.chronicles.replace(channel, source, rows, revision=revision):
        await services.changed(channel)


def found_facts(request: StoredRequest, answer: KeptAnswer, *, ts: str, at: datetime) -> tuple[Fact, ...]:
    """Return a fact for each of the first hypotheses of the answer in message `ts`."""
    diagnosis = answer.diagnosis
    return tuple(
        _hypothesis(request, diagnosis, judged, ts=ts, at=at, language=answer.language)
        for judged in diagnosis.hypotheses[:_MOST]
        if not judged.capability
    )


def _hypothesis(
    request: StoredRequest, diagnosis: Diagnosis, judged: JudgedHypothesis, *, ts: str, at: datetime, language: Language
) -> Fact:
    evidence = next((each for each in judged.findings if each.outcome is FindingOutcome.SUPPORTS), None)
    says = evidence.says if evidence else judged.root_cause
    return Fact(
        key=f"a:{request.id}:{judged.incident}",
        kind=FactKind.HYPOTHESIS,
        at=at,
        says=safe_line(says.in_(language), limit=LONGEST_SAYS),
        ts=ts,
        thread_ts=request.original.thread_ts,
        state=judged.verdict.value,
        incident=judged.incident,
        title=judged.title,
        objects=(judged.subject,) if judged.subject else (),
        cluster=diagnosis.cluster,
        reproduce=evidence.reproduce if evidence else "",
        offers=_offered(judged),
    )


def _offered(judged: JudgedHypothesis) -> Text | None:
    """Return the first action that is offered: a button, else a step of the runbook."""
    if judged.remedies:
        return judged.remedies[0].title
    return judged.runbook[0].says if judged.runbook else None


# Incidents that ended earlier are unrelated.
_WITHIN: Final = timedelta(hours=12)


async def tell_of_similar(services: Services, exchange: Exchange, answer: KeptAnswer | None, *, ts: str) -> None:
    """Post below the answer, once, which other incident channel has the same incident. Raise SlackUnavailable."""
    if answer is None or not answer.diagnosis.hypotheses:
        return
    request, who = exchange.request, exchange.scope.who
    mine = found_facts(request, answer, ts=ts, at=services.clock())
    if not any(fact.objects for fact in mine):
        return
    if who.guest or who.foreign or who.external:
        return
    for other, title in await _alike(services, mine, besides=request.original.channel):
        if await may_be_named(services, other.channel.channel):
            message = announcements.looks_like(
                title,
                where=f"#{other.channel.name}",
                address=await address_of(services, other.channel.channel),
                ago=services.clock() - other.channel.opened,
                language=answer.language,
            )
            to, thread_ts = request.original.channel, request.original.thread_ts
            with log_refusal(_log.info, "similar_incident_notice_failed", request=request.id):
                key = f"{request.id}/like/{other.channel.channel}"
                await post_once(services, message, to=to, thread_ts=thread_ts, key=key)
            return


async def _alike(services: Services, mine: Sequence[Fact], *, besides: str) -> list[tuple[Chronicle, Text]]:
    """Return the other channels that have one of these incidents, with its title."""
    incidents = {fact.incident for fact in mine if fact.objects}
    since = services.clock() - _WITHIN
    alike: list[tuple[Chronicle, Text]] = []
    for other in await services.store.chronicles.elsewhere(incidents, besides=besides, since=since):
        incident = common_incident(mine, facts_in(other.facts))
        title = next((fact.title for fact in mine if fact.incident == incident), None)
        if incident is not None and title is not None:
            alike.append((other, title))
    return alike


async def address_of(services: Services, channel: str) -> str:
    """Return the address of a channel, "" if Slack does not return that of the workspace."""
    url = (await services.slack.identify()).url.rstrip("/")
    return f"{url}/archives/{channel}" if url else ""


async def may_be_named(services: Services, channel: str) -> bool:
    """Return whether a channel may be named outside of it. Raise SlackUnavailable."""
    place = await services.slack.place(channel)
    return not (place.private or place.external or place.unknown)
