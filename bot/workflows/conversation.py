"""Understand requests in words: read the thread, find what is named, and decide what kind of answer is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from bot.asked.inventory import mentioned
from bot.cluster.snapshot import Snapshot
from bot.common.portable import Portable
from bot.store import Store, StoredRequest
from bot.workflows.kept_answer import KeptAnswer
from intents.connection_questions import connection_check
from intents.domain import Existence, Json, NamedObject, ObjectRef
from intents.request import AskInWords, DiagnoseObject, ExplainText, Request, is_in_words, whole_cluster
from intents.sheets import CLUSTER
from intents.talk import turns as talk
from intents.talk.asks import Ask
from intents.talk.mentions import Mentions
from intents.talk.since import since
from intents.talk.turns import Turn, near

# The key under which an answer stores the turn that it answers.
TURN: Final = "turn"
# What a controller makes and replaces.
_MADE: Final = frozenset({"Pod", "ReplicaSet"})
_MOST_TURNS: Final = 6
NEEDS_AN_OBJECT: Final = frozenset(Ask) - {Ask.CONCEPT, Ask.HOWTO, Ask.INCIDENTS, Ask.HELP, Ask.THANKS, Ask.EXPLAIN}
# "what is this?", "and the root cause again?": of the message or the answer above.
_OF_WHAT_IS_ABOVE: Final = frozenset({Ask.HEALTH, Ask.WHY, Ask.EXPLAIN, Ask.CONCEPT, Ask.AGAIN, Ask.MORE, Ask.HOWTO})
_SURELY: Final = 0.7
# The requests that a diagnosis, or an overview, answers.
_JUDGED: Final = frozenset({Ask.HEALTH, Ask.WHY, Ask.EXPLAIN, Ask.ACTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTurn(Turn, Portable):
    """A turn as an answer stores it, without its text, which is the request's."""

    def note(self) -> Json:
        return {TURN: self.as_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A request in words as it was understood. `question` is set where a diagnosis or an overview answers it.

    `unclear` is the name that several objects have, or none in the namespace that was named. `since` is how far back it
    looks, if it or the turn that it goes on from says so; `about` its object, or the cluster if it is about all of it.
    """

    asked: talk.Request
    unclear: NamedObject | None = None
    names: frozenset[str] = frozenset()
    question: Request | None = None
    since: timedelta | None = None
    about: ObjectRef | None = None

    def turn(self, *, cluster: str, listed: Sequence[ObjectRef] = ()) -> KeptTurn:
        return KeptTurn(
            text="",
            ask=self.asked.ask,
            about=self.asked.about,
            other=self.asked.other,
            cluster=cluster,
            listed=tuple(listed),
            names=self.names,
        )


async def requests_before(store: Store, request: StoredRequest) -> list[StoredRequest]:
    """Return the earlier requests of a request's thread, the latest first. Raise StoreUnavailable."""
    original = request.original
    known = await store.requests.in_thread(original.channel, original.thread_ts) if original.thread_ts else ()
    return [one for one in reversed(known) if one.id != request.id and one.original.created <= original.created]


async def turns_before(store: Store, request: StoredRequest) -> tuple[Turn, ...]:
    """Return the turns of a request's thread before it, the latest last. Raise StoreUnavailable."""
    found: list[Turn] = []
    for earlier in await requests_before(store, request):
        if len(found) == _MOST_TURNS:
            break
        answer = await store.answers.get(earlier.id)
        if answer is not None and TURN in answer.shown:
            found.append(replace(KeptTurn.from_json(answer.shown[TURN]), text=earlier.text))
        elif answer is not None and answer.message:
            found.append(_diagnosed(earlier.text, KeptAnswer.from_json(answer.message)))
    return tuple(reversed(found))


def _diagnosed(text: str, answer: KeptAnswer) -> Turn:
    """Return the turn of an answer to a text or an object: what it is about, the workload rather than its pod."""
    diagnosis = answer.diagnosis
    subject = answer.first.subject if answer.first else None
    about = diagnosis.focus.ref if diagnosis.focus.names_object else subject
    if about is not None and about.kind in _MADE and diagnosis.owners:
        about = diagnosis.owners[-1]
    return Turn(text=text, ask=Ask.EXPLAIN, about=about, cluster=diagnosis.cluster)


async def understood(question: AskInWords, turns: Sequence[Turn], snapshot: Snapshot) -> Understood:
    """Return what a request in words asks for, and the question that a diagnosis answers, if one does."""
    named = await mentioned(snapshot, question.text, home=question.namespace, near=near(turns))
    asked = talk.understood(question.text, named, turns)
    return Understood(
        asked=asked,
        unclear=_unclear(named),
        names=named.words,
        question=_judged(asked, question),
        about=asked.about or _whole_cluster(asked, question.text, snapshot.cluster),
        since=_since(question.text, asked, turns, snapshot.now),
    )


def _whole_cluster(asked: talk.Request, text: str, name: str) -> ObjectRef | None:
    """Return the cluster as the object of a question that names none; None where a name in it is unknown."""
    of_all = asked.ask in talk.OF_THE_CLUSTER or asked.ask is Ask.LOGS
    return ObjectRef(kind=CLUSTER, name=name) if of_all and not talk.unknown_names(text, asked.unknown) else None


def _since(text: str, asked: talk.Request, turns: Sequence[Turn], now: datetime) -> timedelta | None:
    """Return how far back a turn looks: as it says, else as the turns before it that asked the same."""
    same = takewhile(lambda turn: turn.ask is asked.ask, reversed(turns))
    return next(filter(None, (since(each, now) for each in (text, *(turn.text for turn in same)))), None)


def asks_more_than_why(text: str) -> bool:
    """Return whether a text by itself surely asks for something that no diagnosis answers: a log, an action, help."""
    asked = talk.understood(text, Mentions()) if is_in_words(text) else None
    return asked is not None and asked.ask not in _OF_WHAT_IS_ABOVE and asked.sure >= _SURELY


def _unclear(named: Mentions) -> NamedObject | None:
    if not named.equals:
        return None
    first = named.first or named.equals[0]
    place = next(iter(named.places), "") if named.first is None else ""
    return NamedObject(
        target=ObjectRef(kind=first.kind, namespace=place, name=first.name),
        existence=Existence.MISSING if place else Existence.EXISTS,
        candidates=tuple(filter(None, (named.first, *named.equals))),
    )


def _judged(asked: talk.Request, question: AskInWords) -> Request | None:
    """Return the question that a diagnosis or an overview answers; None where that is the text itself, or none does."""
    about = asked.about
    if asked.ask is Ask.REACH:
        return _connection(asked, question)
    if asked.ask not in _JUDGED:
        return None
    if about is not None:
        return DiagnoseObject(kind=about.kind, namespace=about.namespace, name=about.name)
    if asked.ask is Ask.HEALTH and not asked.unknown:
        return whole_cluster()
    return None


def _connection(asked: talk.Request, question: AskInWords) -> Request | None:
    """Return the question about a connection, which the entry connection-broken answers; None without both ends."""
    source, target = asked.about, asked.other
    if target is None:
        return DiagnoseObject(kind=source.kind, namespace=source.namespace, name=source.name) if source else None
    port = re.search(rf"\b{re.escape(target.name)}[\w.]*(:\d{{1,5}})", question.text.lower())
    called = f"{target.name}.{target.namespace}{port[1] if port else ''}"
    caller = f"{source.kind.lower()} {source.namespace}/{source.name}" if source else ""
    return ExplainText(text=connection_check(caller, called, zh=bool(re.search("[\u4e00-\u9fff]", question.text))))
