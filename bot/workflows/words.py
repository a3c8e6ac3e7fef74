"""Carry out requests in words that need more than one cluster or none: comparisons, terms, what was not understood."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.asked.callers import callers
from bot.asked.changes import changes
from bot.asked.compare import compare
from bot.asked.contract import Answerer, Asked
from bot.asked.events import events
from bot.asked.logs import logs
from bot.asked.not_understood import not_understood
from bot.asked.revisions import revisions
from bot.asked.terms import KnownAction, concept, howto
from bot.asked.where import where
from bot.cluster.connection import Connection
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import Engine, match_text
from bot.remedies.action import actions
from bot.store import StoredRequest
from bot.workflows.conversation import Understood, turns_before, understood
from bot.workflows.kept_answer import KeptAnswer
from bot.workflows.services import Exchange, Services
from intents.cluster_choice import means_other, spoken
from intents.domain import ObjectRef
from intents.request import AskInWords
from intents.sheets import CLUSTER, Sheet
from intents.talk import turns as talk
from intents.talk.asks import Ask
from intents.talk.mentions import Mentions, named_by_kind
from intents.talk.terms import Meant, entry_meant
from intents.talk.turns import Request, Turn

_OF_ANY_KIND: Final = frozenset({Ask.CALLERS, Ask.COMPARE})
# Below this share it is a guess that a term is asked about.
_SURE: Final = 0.4
OF_TERMS: Final = frozenset({Ask.CONCEPT, Ask.HOWTO})

ANSWERERS: Final[Mapping[Ask, Answerer]] = {
    Ask.CALLERS: callers,
    Ask.CHANGES: changes,
    Ask.EVENTS: events,
    Ask.LOGS: logs,
    Ask.REVISIONS: revisions,
    Ask.WHERE: where,
}


async def sheet_of(
    request: Understood,
    question: AskInWords,
    turns: Sequence[Turn],
    exchange: Exchange,
    services: Services,
    *,
    snapshot: Snapshot,
) -> Sheet | None:
    """Return the sheet that answers a request; None for one that is not clear, or that no sheet answers.

    Raise ClusterError and LimitReached.
    """
    asked, text, engine = request.asked, question.text, services.engine(exchange.request.original.channel)
    if asked.ask in OF_TERMS:
        return await of_terms(asked, question, turns, engine=engine, snapshot=snapshot)
    if asked.ask is Ask.COMPARE:
        cluster = ObjectRef(kind=CLUSTER, name=snapshot.cluster)
        given = Asked(snapshot=snapshot, text=text, about=cluster)
        return await _of_two(request, question, turns, given, exchange=exchange, services=services)
    answerer = ANSWERERS.get(asked.ask)
    if answerer is None or request.about is None or request.unclear is not None:
        return None
    given = Asked(snapshot=snapshot, text=text, about=request.about, other=asked.other)
    return await answerer(replace(given, since=request.since, in_full=asked.in_full))


async def of_terms(
    asked: Request, question: AskInWords, turns: Sequence[Turn], *, engine: Engine, snapshot: Snapshot | None = None
) -> Sheet | None:
    """Return what a term means or how something is done; None if that is not asked, or hardly."""
    if asked.ask not in OF_TERMS:
        return None
    text, meant = question.text, await _meant(question.text, engine)
    # "meaning?" is about what was asked before.
    if meant == Meant() and turns:
        text, meant = turns[-1].text, await _meant(turns[-1].text, engine)
    if meant.entry is None and asked.sure < _SURE:
        return None
    entries = len(engine.catalog)
    if asked.ask is Ask.HOWTO:
        known = (
            KnownAction(title=one.words.verb, does=one.words.does, kinds=one.declaration.kinds)
            for one in actions().values()
        )
        return howto(question.text, meant, entries=entries, actions=known, about=asked.about)
    return await concept(text, meant, entries=entries, snapshot=snapshot, home=question.namespace)


async def of_terms_alone(
    question: AskInWords, request: StoredRequest, services: Services
) -> tuple[Understood, Sheet] | None:
    """Return what a question about a term means, and its answer, where no cluster is read; None for any other."""
    turns = await turns_before(services.store, request)
    asked = talk.understood(question.text, Mentions(), turns)
    sheet = await of_terms(asked, question, turns, engine=services.engine(request.original.channel))
    return (Understood(asked=asked), sheet) if sheet else None


def with_object(request: Understood, question: AskInWords) -> Understood:
    """Return a request with the object that it names by its kind, if it is of one that nothing lists."""
    asked = request.asked
    if asked.ask not in _OF_ANY_KIND or request.names:
        return request
    named = named_by_kind(question.text)
    if named is None:
        return request
    about = replace(named, namespace=named.namespace or question.namespace)
    return replace(request, asked=replace(asked, about=about, unknown=()), about=about)


async def _meant(text: str, engine: Engine) -> Meant:
    matching = await match_text(text, engine=engine)
    return await asyncio.to_thread(entry_meant, text, matching, engine.catalog)


def is_unanswered(answer: KeptAnswer | None, asked: Request) -> bool:
    """Return whether the answer to a question says nothing: no entry fits, and it names no object.

    A text that a program printed is no question.
    """
    if answer is None or not answer.of_text or asked.ask is Ask.EXPLAIN:
        return False
    return not (answer.diagnosis.hypotheses or answer.diagnosis.named)


async def of_nothing(
    asked: Request, question: AskInWords, exchange: Exchange, services: Services, *, connection: Connection
) -> Sheet:
    """Return what is known of a request that nothing answers."""
    entries = len(services.engine(exchange.request.original.channel).catalog)
    access = exchange.scope.access(connection.name)
    async with Snapshot(connection, deadline=services.deadline, access=access) as snapshot:
        return await not_understood(asked, question.text, entries=entries, snapshot=snapshot, home=question.namespace)


# --- comparisons ------------------------------------------------------------------------------------------------------


async def _of_two(
    request: Understood,
    question: AskInWords,
    turns: Sequence[Turn],
    given: Asked,
    *,
    exchange: Exchange,
    services: Services,
) -> Sheet | None:
    """Return how two objects, namespaces or clusters differ; None if the object is not certain.

    The second cluster is one that the text names, else the thread's. Only those that the requester may see count.
    Raise ClusterError and LimitReached.
    """
    scope = exchange.requester.scope
    visible = scope.clusters(services.clusters.names)
    others = tuple(one for one in visible if one != given.snapshot.cluster)
    name = _second(question.text, visible, turns, others)
    given = replace(given, clusters=others)
    if not name:
        return await _compared(request, question, turns, given)
    with services.concurrency.slot(name, scope.who.user):
        connection = await services.clusters.get(name)
        async with Snapshot(connection, deadline=services.deadline, access=scope.access(name)) as second:
            return await _compared(request, question, turns, replace(given, elsewhere=second))


def _second(text: str, visible: Sequence[str], turns: Sequence[Turn], others: Sequence[str]) -> str:
    """Return the second cluster of a comparison, "" for none."""
    named = [name for name in spoken(text, visible, in_parts=True) if name in others]
    before = [turn.cluster for turn in reversed(turns) if turn.cluster in others]
    only = others if len(others) == 1 and means_other(text) else []
    return next(iter((*named, *before, *only)), "")


async def _compared(request: Understood, question: AskInWords, turns: Sequence[Turn], given: Asked) -> Sheet | None:
    asked, here, there = request.asked, given.snapshot, given.elsewhere
    about, other = asked.about, asked.other
    if there is not None and (about is None or asked.unknown):
        # The second cluster alone may have it.
        about = (await understood(question, turns, there)).asked.about or about
    namesakes = [one for one in asked.equals if about and (one.kind, one.name) == (about.kind, about.name)]
    if there is None and other is None and len(namesakes) == 1:
        other = namesakes[0]
    elif request.unclear is not None and other is None:
        return None
    if there is not None and turns and turns[-1].cluster == there.cluster:
        here, there = there, here
    about = about or ObjectRef(kind=CLUSTER, name=here.cluster)
    return await compare(replace(given, snapshot=here, about=about, other=other, elsewhere=there))
