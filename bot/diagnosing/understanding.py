"""Understand a text: what it matches, and the objects that it names or, if it names none, that say a line of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from bot.cluster.container_logs import LogQuery
from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen, involved_object
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.engine import Engine, match_text
from bot.diagnosing.named_objects import Resolved, has_namespace, resolve
from bot.diagnosing.object_search import listed_anywhere
from bot.kube.containers import containers_in
from bot.kube.objects import name_of, named_ref, namespace_of, status_of
from bot.kube.owners import stem_of_hash, workload_of
from bot.kube.timestamps import parse_time
from bot.probes.shared.log_lines import TAIL_LINES
from intents.alerts.labels import is_alert
from intents.anchors import Question, Statement, speakers
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import Entity, Existence, Focus, Hypothesis, Json, NamedObject, ObjectRef, Permission, Text
from intents.focus import entity_of, focus_of, named_as
from intents.kinds import CLUSTER_SCOPED, KINDS, WORDS
from intents.matcher import MatchResult
from intents.naming import namespaces_in
from intents.request import ExplainText
from intents.spoken_places import SpokenWords, placed, spoken_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A text with what it matches and the objects that it means; `resolved` is by incident."""

    matching: MatchResult
    resolved: Mapping[str, Resolved]
    speakers: Speakers
    question: Question


async def understood(request: ExplainText, engine: Engine, snapshot: Snapshot | None) -> Understood:
    """Match a text, and find the objects that it names; where it names none, those that say a line of it."""
    matching = request.matching or await match_text(request.text, engine=engine)
    alert = is_alert(request.text)
    if snapshot is not None and not alert:
        matching = await with_place(
            snapshot,
            matching,
            request.text,
            incidents=engine.catalog.incidents,
            asked=request.addressed,
            default=request.namespace,
        )
    named = await asyncio.gather(
        *(_resolve(snapshot, engine, hypothesis, request.namespace) for hypothesis in matching.hypotheses)
    )
    speakers = Speakers()
    if snapshot is not None:
        speakers = await _speakers(request, matching, named, snapshot)
        if said := speakers.only:
            named = [told_by(said, engine.catalog, one, now=snapshot.now) for one in named]
    question = Question(
        text=request.text,
        alert=alert,
        quoted=tuple(one.subject for one in speakers.found),
    )
    resolved = {one.hypothesis.incident: one for one in named}
    return Understood(matching=matching, resolved=resolved, speakers=speakers, question=question)


async def _speakers(
    request: ExplainText, matching: MatchResult, named: Sequence[Resolved], snapshot: Snapshot
) -> Speakers:
    """Return who says a line of a text that names no object."""
    is_named = any(one.asked.names_object for one in named) or any(one.certain for one in matching.objects)
    if is_named or not (named or request.addressed):
        return Speakers()
    quotes = [match.quote for one in named for match in one.hypothesis.matches]
    places = {one.asked.namespace for one in named} - {""}
    home = places.pop() if len(places) == 1 else request.namespace
    lines = dict.fromkeys((*quotes, *request.text.splitlines()))
    return await speakers_of(snapshot, tuple(lines), namespace=home, logs=request.addressed)


async def _resolve(snapshot: Snapshot | None, engine: Engine, hypothesis: Hypothesis, namespace: str) -> Resolved:
    incident = engine.catalog.incidents[hypothesis.incident]
    if snapshot is None:
        focus = focus_of(incident, hypothesis, namespace=namespace)
        return Resolved(hypothesis=hypothesis, focus=focus, asked=focus)
    return await resolve(snapshot, incident, hypothesis, namespace=namespace)


PERMISSIONS: Final = (
    Permission(verb="list", resource="events"),
    Permission(verb="list", resource="pods"),
    Permission(verb="get", resource="pods/log"),
)

_LINES: Final = 20
_LOGS: Final = 6
_READY_LOGS: Final = 10
_LAST_LINES: Final = 50
_EVENT: Final = Text(en="an event", zh="事件")
_CONDITION: Final = Text(en="a condition", zh="状态条件")
_STATE: Final = Text(en="a container's state", zh="容器状态")
_LOG: Final = Text(en="the log", zh="日志")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speakers:
    """The objects that say a line of the text: one per workload, the latest first, each with what it says."""

    found: tuple[Statement, ...] = ()

    @property
    def only(self) -> Statement | None:
        """Return the statement if only one workload makes it."""
        return self.found[0] if len(self.found) == 1 else None


async def speakers_of(snapshot: Snapshot, lines: Sequence[str], *, namespace: str = "", logs: bool = False) -> Speakers:
    """Return who says one of the lines now. What cannot be read says nothing. Raise no ClusterError."""
    asked = [line for line in lines if line.strip()][:_LINES]
    if not asked:
        return Speakers()
    events, pods = await asyncio.gather(
        _listed(snapshot, "Event", namespace, fields="type=Warning"), _listed(snapshot, "Pod", namespace)
    )
    said = [*map(_of_event, events), *(one for pod in pods for one in _of_pod(pod))]
    if found := speakers(asked, said):
        return Speakers(found=_one_per_workload(found, pods))
    if not logs:
        return Speakers()
    troubled = [(pod, name, previous) for pod in pods for name, previous in _failing(pod)][:_LOGS]
    # A program that is ready may say it as well; where no namespace is in question, these are too many.
    ready = [(pod, name, False) for pod in _of_each_workload(pods) for name in _ready(pod)] if namespace else []
    chosen = (*troubled, *ready[:_READY_LOGS])
    read = await asyncio.gather(*(_of_log(snapshot, *each) for each in chosen))
    return Speakers(found=_one_per_workload(speakers(asked, [one for part in read for one in part]), pods))


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


def note_of(statement: Statement, *, now: datetime) -> NamedObject:
    """Return what is said first where the text is about the object that says its line."""
    said_s = max(int((now - statement.at).total_seconds()), 0) if statement.at else None
    return NamedObject(target=statement.subject, existence=Existence.QUOTED, source=statement.source, said_s=said_s)


async def _listed(snapshot: Snapshot, kind: str, namespace: str, *, fields: str = "") -> tuple[Json, ...]:
    try:
        return (await snapshot.list(kind, namespace=namespace, fields=fields)).items
    except ClusterError:
        return ()


def _of_event(event: Json) -> Statement:
    return Statement(
        subject=replace(involved_object(event), uid=""),
        source=_EVENT,
        text=str(event.get("message") or ""),
        at=event_last_seen(event),
    )


def _of_pod(pod: Json) -> Iterator[Statement]:
    subject = named_ref(pod, "Pod")
    for each in status_of(pod).get("conditions") or ():
        if each.get("message") and each.get("status") != "True":
            at = parse_time(each.get("lastTransitionTime"))
            yield Statement(subject=subject, source=_CONDITION, text=str(each["message"]), at=at)
    if status_of(pod).get("message"):
        yield Statement(subject=subject, source=_CONDITION, text=str(status_of(pod)["message"]))
    for container in containers_in(pod):
        for state in ("state", "lastState"):
            for detail in (container.status.get(state) or {}).values():
                for line in str((detail or {}).get("message") or "").splitlines():
                    at = parse_time(detail.get("finishedAt"))
                    yield Statement(subject=subject, source=_STATE, text=line, at=at)


def _failing(pod: Json) -> Iterator[tuple[str, bool]]:
    """Yield the containers that exit or run without being ready, with whether the log before the restart tells it."""
    for container in containers_in(pod):
        last: dict[str, Any] = (container.status.get("lastState") or {}).get("terminated") or {}
        unready = container.state == "running" and not container.ready
        if last or unready or container.state == "terminated":
            yield container.name, bool(last) and container.state != "terminated"


def _ready(pod: Json) -> Iterator[str]:
    return (container.name for container in containers_in(pod) if container.ready and not container.init)


def _of_each_workload(pods: Iterable[Json]) -> Iterable[Json]:
    """Return one pod of each workload: the others log alike."""
    return {workload_of(pod): pod for pod in pods}.values()


async def _of_log(snapshot: Snapshot, pod: Json, container: str, previous: bool) -> list[Statement]:
    try:
        text = await snapshot.log(
            LogQuery.of(pod, container, previous=previous, tail_lines=TAIL_LINES, timestamps=True)
        )
    except ClusterError:
        return []
    # Each line begins with the time at which the runtime received it.
    lines = [line.partition(" ")[::2] for line in text.splitlines()[-_LAST_LINES:]]
    return [Statement(subject=named_ref(pod, "Pod"), source=_LOG, text=said, at=parse_time(at)) for at, said in lines]


def _one_per_workload(found: Sequence[Statement], pods: Sequence[Json]) -> tuple[Statement, ...]:
    """Return the latest statement of each workload, pods before what owns them, the latest first."""
    workloads = {(namespace_of(pod), name_of(pod)): workload_of(pod) for pod in pods}

    def place(one: Statement) -> tuple[bool, float, ObjectRef]:
        return one.subject.kind != "Pod", -(one.at.timestamp() if one.at else 0.0), one.subject

    latest: dict[tuple[str, str, str], Statement] = {}
    for one in sorted(found, key=place):
        latest.setdefault(_workload(one.subject, workloads), one)
    return tuple(sorted(latest.values(), key=lambda one: place(one)[1:]))


def _workload(subject: ObjectRef, workloads: dict[tuple[str, str], ObjectRef]) -> tuple[str, str, str]:
    if subject.kind == "Pod":
        subject = workloads.get((subject.namespace, subject.name), subject)
    if subject.kind == "ReplicaSet" and (stem := stem_of_hash(subject.name)):
        return "Deployment", subject.namespace, stem
    return subject.kind, subject.namespace, subject.name


# The kinds that people ask about by name alone, those first that they most often mean.
BY_NAME: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "TidbCluster", "Pod", "Service")
_KINDS: Final = (*BY_NAME, "PersistentVolumeClaim", "Ingress")
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
# So many words are looked up one by one where namespaces cannot be listed.
_MOST_APART: Final = 4


async def with_place(
    snapshot: Snapshot,
    matching: MatchResult,
    text: str,
    *,
    incidents: Mapping[str, Incident],
    asked: bool,
    default: str = "",
) -> MatchResult:
    """Return what a text matches with the object that it names in a namespace, if it names one. Never raise.

    A word without a kind counts in a question only (`asked`), or in a text that matches an incident. Beside a `default`
    namespace of the surface, a mere word is the namespace of a name only if that one has such an object.
    """
    certain = [one for one in matching.objects if one.certain and KINDS[one.kind] in _KINDS]
    spoken = spoken_words(text)
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
    found = (
        Entity(kind=WORDS[kind], value=word, namespace=home)
        for word in words
        for kind in _kinds_of(word, kind_of)
        if word in names[kind]
    )
    return next(found, None)


def _kinds_of(word: str, kind_of: Mapping[str, str]) -> Iterable[str]:
    return dict.fromkeys((kind_of.get(word, _KINDS[0]), *_KINDS))


async def _names(snapshot: Snapshot, kind: str, home: str) -> frozenset[str]:
    try:
        return frozenset(map(name_of, (await snapshot.list(kind, namespace=home)).items))
    except ClusterError:
        return frozenset()


async def _elsewhere(snapshot: Snapshot, kinds_of: Mapping[str, Sequence[str]], home: str) -> Entity | None:
    """Return the first of some words that a namespace lacks as the name of such a kind, and others have.

    Each kind is listed once, however many words there are.
    """
    kinds = tuple(dict.fromkeys(kind for each in kinds_of.values() for kind in each))
    listed = await asyncio.gather(*(listed_anywhere(snapshot, kind, namespace=home) for kind in kinds))
    names = {kind: frozenset(map(name_of, found)) for kind, found in zip(kinds, listed, strict=True)}
    found = (
        Entity(kind=WORDS[kind], value=word, namespace=home)
        for word, each in kinds_of.items()
        for kind in each
        if word in names[kind]
    )
    return next(found, None)
