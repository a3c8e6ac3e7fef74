"""Understand a text: what it matches, and the objects that it names or, if it names none, that say a line of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.called import WALKS, Called, called_in, focus_on, walk_to
from bot.diagnosing.engine import Engine, match_text
from bot.diagnosing.named_objects import Resolved, has_namespace, resolve
from bot.diagnosing.object_search import listed_anywhere
from bot.diagnosing.speakers import Speakers, note_of, speakers_of
from bot.kube.objects import name_of
from intents.alerts.labels import is_alert
from intents.anchors import Question, Statement
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import Entity, Focus, Hypothesis
from intents.focus import entity_of, focus_of, named_as
from intents.kinds import CLUSTER_SCOPED, KINDS, WORDS
from intents.matcher import MatchResult
from intents.naming import namespaces_in
from intents.request import ExplainText
from intents.spoken_places import SpokenWords, placed, spoken_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A text with what it matches and the objects that it means; `resolved` is by incident.

    `walk` is the way to what the text says is called, in question where what it matches is not proven.
    """

    matching: MatchResult
    resolved: Mapping[str, Resolved]
    walk: Resolved | None
    speakers: Speakers
    question: Question


async def understood(request: ExplainText, engine: Engine, snapshot: Snapshot | None) -> Understood:
    """Match a text, and find the objects that it names; where it names none, those that say a line of it."""
    matching = request.matching or await match_text(request.text, engine=engine)
    alert = is_alert(request.text)
    if snapshot is not None and not alert:
        matching = await _with_place(snapshot, matching, request, engine.catalog.incidents)
    named: Sequence[Resolved] = await asyncio.gather(
        *(_resolve(snapshot, engine, hypothesis, request.namespace) for hypothesis in matching.hypotheses)
    )
    speakers, walk = Speakers(), None
    if snapshot is not None:
        home, called = _home(named, default=request.namespace), None
        if not alert and (named or request.addressed):
            called = await called_in(snapshot, request.text, home=home)
        if called and home == called.home:
            home = request.namespace
        speakers = await _speakers(request, matching, named, snapshot, home=home, called=called)
        said = speakers.only
        raised = walk_to(called, said=said.text if said else "", objects=matching.objects)
        if raised and all(one.hypothesis.incident != WALKS for one in named):
            walk = await _resolve(snapshot, engine, raised, request.namespace)
        if said is not None:
            named = [told_by(said, engine.catalog, one, now=snapshot.now) for one in named]
            walk = told_by(said, engine.catalog, walk, now=snapshot.now) if walk else None
    question = Question(
        text=request.text,
        alert=alert,
        quoted=tuple(one.subject for one in speakers.found),
        past=speakers.past,
    )
    resolved = {one.hypothesis.incident: one for one in named}
    return Understood(matching=matching, resolved=resolved, walk=walk, speakers=speakers, question=question)


def _home(named: Sequence[Resolved], *, default: str) -> str:
    """Return the namespace in question: the only one that hypotheses name, else the surface's default."""
    places = {one.asked.namespace for one in named} - {""}
    return places.pop() if len(places) == 1 else default


async def _speakers(
    request: ExplainText,
    matching: MatchResult,
    named: Sequence[Resolved],
    snapshot: Snapshot,
    *,
    home: str,
    called: Called | None,
) -> Speakers:
    """Return who says a line of a text that names no object, or none but the one that is called."""
    meant = [one.asked for one in named if one.asked.names_object]
    meant += [focus_on(one) for one in matching.objects if one.certain]
    is_named = any(called is None or not called.is_meant_by(one) for one in meant)
    if is_named or not (named or request.addressed):
        return Speakers()
    quotes = [match.quote for one in named for match in one.hypothesis.matches]
    lines = dict.fromkeys((*quotes, *request.text.splitlines()))
    return await speakers_of(snapshot, tuple(lines), namespace=home, logs=request.addressed, called=called)


async def _resolve(snapshot: Snapshot | None, engine: Engine, hypothesis: Hypothesis, namespace: str) -> Resolved:
    incident = engine.catalog.incidents[hypothesis.incident]
    if snapshot is None:
        focus = focus_of(incident, hypothesis, namespace=namespace)
        return Resolved(hypothesis=hypothesis, focus=focus, asked=focus)
    return await resolve(snapshot, incident, hypothesis, namespace=namespace)


def told_by(statement: Statement, catalog: Catalog, one: Resolved, *, now: datetime) -> Resolved:
    """Return a hypothesis of a text that names no object as one about the object that says the text's line."""
    subject, incident = statement.subject, catalog.incidents[one.hypothesis.incident]
    named = {**one.hypothesis.named, "namespace": subject.namespace, **named_as(subject.kind, subject.name)}
    hypothesis = replace(one.hypothesis, named=named)
    focus = focus_of(incident, hypothesis)
    if not focus.names_object and subject.kind in WORDS:
        hypothesis = replace(one.hypothesis, besides=entity_of(subject))
        focus = one.focus
    asked = Focus(kind=subject.kind, namespace=subject.namespace, name=subject.name)
    return Resolved(hypothesis=hypothesis, focus=focus, asked=asked, note=note_of(statement, now=now))


# The kinds that people ask about by name alone, those first that they most often mean.
BY_NAME: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "TidbCluster", "Pod", "Service")
_KINDS: Final = (*BY_NAME, "PersistentVolumeClaim", "Ingress")
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
# So many words are looked up one by one where namespaces cannot be listed.
_MOST_APART: Final = 4


async def _with_place(
    snapshot: Snapshot, matching: MatchResult, request: ExplainText, incidents: Mapping[str, Incident]
) -> MatchResult:
    """Return what a text matches with the object that it names in a namespace, if it names one. Never raise.

    A word without a kind counts in a question only, or in a text that matches an incident. Beside a default namespace
    of the surface, a mere word is the namespace of a name only if that one has such an object.
    """
    asked, default = request.addressed, request.namespace
    certain = [one for one in matching.objects if one.certain and KINDS[one.kind] in _KINDS]
    spoken = spoken_words(request.text)
    if any(one.namespace for one in certain) or not spoken.words:
        return matching
    if not (asked or matching.hypotheses or matching.objects):
        return matching
    said = tuple(dict.fromkeys(one.value for one in namespaces_in(spoken.line) if one.certain))
    homes = said or await _existing(snapshot, spoken.words)
    if certain:
        homes = tuple(home for home in homes if home not in {one.value for one in certain})
        named = replace(certain[0], namespace=homes[0]) if len(homes) == 1 else None
        if named and default and not said and named.value not in await _names(snapshot, KINDS[named.kind], homes[0]):
            named = None
    else:
        elsewhere = _kinds_elsewhere(matching, incidents)
        named = await _named(snapshot, matching.objects, spoken, homes, elsewhere=elsewhere) if homes else None
    counts = asked or matching.hypotheses or any(one.value == named.value for one in matching.objects if named)
    return placed(matching, named, incidents) if named and counts else matching


def _kinds_elsewhere(matching: MatchResult, incidents: Mapping[str, Incident]) -> tuple[str, ...]:
    """Return the kinds that a word without one may mean in other namespaces: workloads, and what the text is about."""
    about = [KINDS.get(word, "") for one in matching.hypotheses for word in incidents[one.incident].about]
    kinds = (*_WORKLOADS, *about) if matching.hypotheses else _KINDS
    # Pods are too many to be listed for a word.
    return tuple(dict.fromkeys(kind for kind in kinds if kind in _KINDS and kind != "Pod"))


async def _existing(snapshot: Snapshot, words: Sequence[str]) -> tuple[str, ...]:
    """Return the words that are namespaces of the cluster."""
    try:
        known = {name_of(one) for one in (await snapshot.list("Namespace")).items}
    except ClusterError:
        words = words[:_MOST_APART]
        answers = await asyncio.gather(*(has_namespace(snapshot, word) for word in words), return_exceptions=True)
        known = {word for word, answer in zip(words, answers, strict=True) if answer is True}
    return tuple(word for word in words if word in known)


async def _named(
    snapshot: Snapshot,
    guesses: Sequence[Entity],
    spoken: SpokenWords,
    homes: Sequence[str],
    *,
    elsewhere: Sequence[str],
) -> Entity | None:
    """Return the object that one of the words names in one of the namespaces, or that only others have.

    Of a word without a kind, others are asked for the kinds `elsewhere`.
    """
    said = {**spoken.kinds, **{one.value: one.kind for one in guesses}}
    kind_of = {value: kind for value, word in said.items() if (kind := KINDS.get(word)) and kind not in CLUSTER_SCOPED}
    places = tuple(home for home in homes if home not in kind_of) or homes
    for home in places:
        words = sorted(spoken.beside(home), key=lambda word: word not in kind_of)
        if words and (found := await _first(snapshot, words, kind_of, home)):
            return found
    if len(places) > 1:
        return None
    (home,) = places
    kinds_of = {word: (kind_of[word],) if word in kind_of else elsewhere for word in spoken.beside(home)}
    return await _elsewhere(snapshot, kinds_of, home)


async def _first(snapshot: Snapshot, words: Sequence[str], kind_of: Mapping[str, str], home: str) -> Entity | None:
    """Return the first word that an object of a namespace has as its name: of the kind that the text gives, if any."""
    kinds = tuple(dict.fromkeys((*kind_of.values(), *_KINDS)))
    listed = await asyncio.gather(*(_names(snapshot, kind, home) for kind in kinds))
    names = dict(zip(kinds, listed, strict=True))
    return _named_among(names, {word: (kind_of.get(word, _KINDS[0]), *_KINDS) for word in words}, home)


async def _names(snapshot: Snapshot, kind: str, home: str) -> frozenset[str]:
    return frozenset(map(name_of, await snapshot.list_readable(kind, home)))


async def _elsewhere(snapshot: Snapshot, kinds_of: Mapping[str, Sequence[str]], home: str) -> Entity | None:
    """Return the first of some words that a namespace lacks as the name of such a kind, and others have.

    Each kind is listed once, however many words there are.
    """
    kinds = tuple(dict.fromkeys(kind for each in kinds_of.values() for kind in each))
    listed = await asyncio.gather(*(listed_anywhere(snapshot, kind, namespace=home) for kind in kinds))
    names = {kind: frozenset(map(name_of, found)) for kind, found in zip(kinds, listed, strict=True)}
    return _named_among(names, kinds_of, home)


def _named_among(
    names: Mapping[str, Collection[str]], kinds_of: Mapping[str, Sequence[str]], home: str
) -> Entity | None:
    """Return the first word that is a name of one of its kinds."""
    found = (
        Entity(kind=WORDS[kind], value=word, namespace=home)
        for word, each in kinds_of.items()
        for kind in each
        if word in names[kind]
    )
    return next(found, None)
