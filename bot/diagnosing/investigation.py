"""Judge hypotheses by the evidence of the cluster, together with the causes upstream that they point to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.common.tracing import SpanName, span
from bot.diagnosing.impact import announced_by_evidence
from bot.diagnosing.reads import Reads
from bot.graph.cluster_graph import ClusterGraph
from bot.kube.objects import place_of
from intents.anchors import NO_QUESTION, Question
from intents.catalog.fields import Cause, Consequence, LinkedBy
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import FindingOutcome, Focus, Hypothesis, JudgedHypothesis, ObjectRef, ProbeResult, Strength
from intents.focus import besides, is_shown, named_as, raised
from intents.kinds import KINDS, WORDS
from intents.named_objects import ObjectKey
from intents.ranking import may_cause, pods_named, rank, recovery_of, services_called
from intents.subjects import ties
from intents.verdicts import judge, supported

Readings = Mapping[str, ProbeResult]
# The probe that goes from a caller to what it calls.
_WALK: Final = "connections"
# Follow at most this many causes upstream; further ones belong to another incident.
_ROUNDS: Final = 4
# So many Services that an effect calls are asked for one by one, which proves most; of more, all are listed.
_MOST_CALLED: Final = 4
_MOST_NAMESPACES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """Reads and judges the hypotheses together, then the upstream causes that they point to."""

    catalog: Catalog
    reads: Reads
    snapshot: Snapshot | None
    focus: Callable[[Incident, Hypothesis], Focus]
    of_text: bool = (
        True  # whether the hypotheses are of a text; those of an object's state include what could explain it
    )
    question: Question = NO_QUESTION
    _judged: dict[str, tuple[JudgedHypothesis, ...]] = field(default_factory=dict, init=False)
    # Causes looked for at the Services that effects call.
    _followed: set[tuple[str, ObjectKey]] = field(default_factory=set, init=False)
    _begun: dict[str, tuple[Hypothesis, asyncio.Task[Readings]]] = field(default_factory=dict, init=False)
    _graphs: list[ClusterGraph] = field(default_factory=list, init=False)

    def begin(self, hypotheses: Iterable[Hypothesis]) -> None:
        """Begin to read for hypotheses that will be asked for, while others are still being raised."""
        for one in hypotheses:
            self._begun[one.incident] = one, asyncio.create_task(self._read(one))

    async def run(self, hypotheses: Iterable[Hypothesis]) -> tuple[JudgedHypothesis, ...]:
        """Judge the hypotheses and their causes, and rank them."""
        pending = tuple(hypotheses)
        for _ in range(_ROUNDS):
            with span(SpanName.READ, hypotheses=len(pending)):
                await self.connect(pending)
            with span(SpanName.JUDGE, hypotheses=len(pending)) as part:
                judged = await asyncio.gather(*map(self._judge_anywhere, pending))
                part.set(supported=sum(supported(one) for found in judged for one in found))
            for hypothesis, found in zip(pending, judged, strict=True):
                known = self._judged.get(hypothesis.incident, ())
                self._judged[hypothesis.incident] = _merged(known, found)
            pending = (*self._upstream(), *await self._upstream_of_calls())
            if not pending:
                break
        for one in await self._offers():
            self._judged[one.incident] = (one,)
        kept = [one for one in self._all_judged() if one.hypothesis.matches or self._is_reported(one)]
        return self._without_idle(rank(kept, self.catalog, now=self.now))

    def _without_idle(self, ranked: tuple[JudgedHypothesis, ...]) -> tuple[JudgedHypothesis, ...]:
        """Leave out what is wrong with the called where something nearer explains the caller: nobody asked for it."""
        at_called = {one.key for one in ranked if supported(one) and self._is_linked_by(LinkedBy.CALLS, one.hypothesis)}
        explains = at_called & {one.cause for one in ranked}
        return ranked if explains else tuple(one for one in ranked if one.key not in at_called)

    def _all_judged(self) -> list[JudgedHypothesis]:
        return [one for each in self._judged.values() for one in each]

    def _supported(self, incident: str) -> tuple[JudgedHypothesis, ...]:
        """Return the objects that the cluster shows with an incident, as they were judged."""
        return tuple(filter(supported, self._judged.get(incident, ())))

    async def _offers(self) -> tuple[JudgedHypothesis, ...]:
        """Return the general actions for the objects of this diagnosis that no hypothesis offers yet."""
        causes = rank(self._all_judged(), self.catalog, now=self.now)
        focuses = [self.focus(self.catalog.incidents[one.incident], one.hypothesis) for one in causes]
        capabilities = (incident for incident in self.catalog if incident.strongest is Strength.CAPABILITY)
        open_ = [incident for incident in capabilities if not self._supported(incident.id)]
        found = await asyncio.gather(*(self._offer(raised(incident, causes, focuses)) for incident in open_))
        return tuple(one for one in found if one is not None)

    async def _offer(self, hypotheses: Iterable[Hypothesis]) -> JudgedHypothesis | None:
        """Return the first of them that the evidence supports."""
        for hypothesis in hypotheses:
            one = (await self.judge(hypothesis))[0]
            if supported(one):
                return one
        return None

    async def judge(self, hypothesis: Hypothesis) -> tuple[JudgedHypothesis, ...]:
        """Read what the evidence rules of a hypothesis need, judge it for each object at fault, and report it."""
        incident = self.catalog.incidents[hypothesis.incident]
        focus = self.focus(incident, hypothesis)
        readings = await self._readings(hypothesis)
        question = self.question_for(hypothesis, focus)
        judged = judge(incident, hypothesis, readings, focus=focus, now=self.now, question=question)
        judged = tuple(map(self._related, judged))
        for one in judged:
            self.reads.report(one)
            if self.snapshot is not None:
                announced_by_evidence(self.snapshot, one)
        return judged

    def question_for(self, hypothesis: Hypothesis, focus: Focus, *, subject: ObjectRef | None = None) -> Question:
        """Return the question with the objects that edges connect with the one that it is about.

        `subject` is that one if it was judged before.
        """
        about = subject or (focus.ref if focus.names_object else besides(hypothesis) or self._speaker)
        kin = self._graphs[0].kin(about.key) if about and self._graphs else frozenset()
        return replace(self.question, reached=self._reached(hypothesis, about), kin=kin)

    async def _read(self, hypothesis: Hypothesis) -> Readings:
        incident = self.catalog.incidents[hypothesis.incident]
        return await self.reads.for_hypothesis(incident, hypothesis, self.focus(incident, hypothesis))

    async def _readings(self, hypothesis: Hypothesis) -> Readings:
        begun = self._begun.get(hypothesis.incident)
        return await (begun[1] if begun and begun[0] == hypothesis else self._read(hypothesis))

    async def connect(self, pending: Iterable[Hypothesis]) -> None:
        """Read for hypotheses, then relate what was read: the graph must not depend on which read ends first."""
        new = [one for one in pending if self._begun.get(one.incident, (None,))[0] != one]
        self.begin(new)
        await asyncio.gather(*(self._readings(one) for one in pending))
        self._graphs[:] = filter(None, (self.reads.graph(),))
        # What a Service selects may be known by now: its own pods do not call it.
        self._judged.update({name: tuple(map(self._related, each)) for name, each in self._judged.items()})

    @property
    def _speaker(self) -> ObjectRef | None:
        """Return the one object that says a line of the text: the text is about it as if it named it."""
        return self.question.quoted[0] if len(self.question.quoted) == 1 else None

    def _related(self, one: JudgedHypothesis) -> JudgedHypothesis:
        """Return it with what links compare, if there may be any: its owners, and the Services around it."""
        if not (one.hypothesis.pointed_to_by or one.incident in self.catalog.compared):
            return one
        subjects = {row.subject.key for finding in one.cluster_support for row in finding.rows}
        places = [(graph, subject) for graph in self._graphs for subject in subjects]
        return replace(
            one,
            owners=frozenset(key for graph, subject in places for key in graph.owners(subject)),
            calls=frozenset(key for graph, subject in places for key in graph.called(subject)),
            served_by=frozenset(key for graph, subject in places for key in graph.serving(subject)),
        )

    def _reached(self, hypothesis: Hypothesis, about: ObjectRef | None) -> frozenset[ObjectKey]:
        """Return the objects that belong to the question: those that the one in question needs, or that need it.

        Of a cause these are also the objects of its effect.
        """
        effects = self._judged.get(hypothesis.pointed_to_by, ())
        named = (key for effect in effects for key in _reached_from(effect))
        starts = {one for one in (about, *(effect.subject for effect in effects)) if one}
        if self._is_linked_by(LinkedBy.CALLS, hypothesis):
            starts |= {_ref(service) for effect in effects for service in services_called(effect)}
        return frozenset(named).union(*map(self.reached, starts))

    def reached(self, about: ObjectRef) -> frozenset[ObjectKey]:
        """Return an object with those that it needs, or that need it, among what was read."""
        return frozenset((about.key,)).union(*(each.reached(about.key) for each in self._graphs))

    async def _judge_anywhere(self, hypothesis: Hypothesis) -> tuple[JudgedHypothesis, ...]:
        """Judge a cause in the whole namespace unless it is about the suffering object itself."""
        judged = await self.judge(hypothesis)
        effect = hypothesis.pointed_to_by
        if self._is_linked_by(LinkedBy.OBJECT, hypothesis) or self._is_linked_by(LinkedBy.CALLS, hypothesis):
            return judged
        wider = {word: name for word, name in hypothesis.named.items() if word not in KINDS}
        about = self.catalog.incidents[hypothesis.incident].about
        if not effect or supported(judged[0]) or not about or len(wider) == len(hypothesis.named):
            return judged
        return await self.judge(replace(hypothesis, named=wider))

    def _is_reported(self, one: JudgedHypothesis) -> bool:
        """Tell whether an upstream cause is reported: it is supported and explains its symptom, or named and unread.

        Of an object's state what is over is reported too.
        """
        effect = one.hypothesis.pointed_to_by
        if not self.of_text and effect not in self._judged and recovery_of(one):
            return True
        if supported(one):
            return effect not in self._judged or self._explains(one, self._judged[effect])
        declared = effect in self._judged and any(
            link.incident == one.incident for link in self.catalog.incidents[effect].causes
        )
        return declared and any(finding.outcome is FindingOutcome.GAP for finding in one.findings)

    def _explains(self, cause: JudgedHypothesis, effects: Iterable[JudgedHypothesis]) -> bool:
        return any(
            may_cause(cause, effect, link, now=self.now)
            for effect in effects
            for link in self.catalog.causes_of(effect.incident)
            if link.incident == cause.incident
        )

    def _is_linked_by(self, by: LinkedBy, hypothesis: Hypothesis) -> bool:
        effect = hypothesis.pointed_to_by
        links = self.catalog.causes_of(effect) if effect else ()
        return any(link.incident == hypothesis.incident and link.linked_by is by for link in links)

    @property
    def now(self) -> datetime:
        """Return the cluster's time; the beginning of the epoch without a cluster."""
        return self.snapshot.now if self.snapshot else datetime.fromtimestamp(0, tz=UTC)

    def _upstream(self) -> Iterable[Hypothesis]:
        """Return what the entries of supported hypotheses name as causes, without those judged already."""
        seen = set(self._judged)
        for one in filter(supported, self._all_judged()):
            held = _held(one)
            named = self.catalog.incidents[one.incident].causes
            links = [each for each in self.catalog.causes_of(one.incident) if self._may_follow(each, held)]
            # A general incident needs no look at every other entry that could explain it, if one that it names does.
            settled = any(self._is_open(each, one) for each in set(named).intersection(links)) or any(
                self._explains(cause, (one,)) for link in links for cause in self._supported(link.incident)
            )
            shown = tuple(_shown_by(one))
            for link in links:
                entry = self.catalog.incidents[link.incident]
                if link.incident in seen or link.linked_by is LinkedBy.CALLS:
                    continue
                # Pods that are refused have no state of their own.
                wanted = self.of_text or Consequence.NOT_CREATED in entry.explains
                if link in named or (wanted and entry.kinds and not settled and is_shown(entry, shown)):
                    seen.add(link.incident)
                    yield Hypothesis(
                        incident=link.incident,
                        score=0.0,
                        named=_named_for(link, one, entry),
                        pointed_to_by=one.incident,
                    )

    def _may_follow(self, link: Cause, held: frozenset[str]) -> bool:
        """Tell whether a cause exists, and the rules of its effect that point to it hold."""
        return link.incident in self.catalog.incidents and not held.isdisjoint(link.only_if or held)

    def _is_open(self, link: Cause, effect: JudgedHypothesis) -> bool:
        """Tell whether a cause has not been looked for yet."""
        return bool(self._left(link, effect)) if link.linked_by is LinkedBy.CALLS else link.incident not in self._judged

    def _left(self, link: Cause, effect: JudgedHypothesis) -> frozenset[ObjectKey]:
        """Return the Services that an effect calls where a cause has not been looked for yet."""
        return frozenset(one for one in services_called(effect) if (link.incident, one) not in self._followed)

    async def _upstream_of_calls(self) -> tuple[Hypothesis, ...]:
        """Return what entries name as causes at the Services that supported hypotheses call, at each Service once."""
        effects: dict[tuple[str, str], set[ObjectKey]] = {}
        homes = {one.subject.namespace for each in self._judged.values() for one in each if one.subject}
        for one in filter(supported, self._all_judged()):
            held = _held(one)
            for link in self.catalog.incidents[one.incident].causes:
                if link.linked_by is LinkedBy.CALLS and self._may_follow(link, held):
                    effects.setdefault((link.incident, one.incident), set()).update(self._left(link, one))
        self._followed.update((cause, service) for (cause, _), called in effects.items() for service in called)
        existing = await self._existing(frozenset().union(*effects.values()), homes=homes)
        return tuple(
            Hypothesis(incident=cause, score=0.0, named=named, pointed_to_by=effect)
            for (cause, effect), called in effects.items()
            for named in _named_at(self.catalog.incidents[cause], [one for one in existing if one in called])
        )

    async def _existing(self, services: frozenset[ObjectKey], *, homes: Collection[str]) -> list[ObjectKey]:
        """Return the Services that exist; and one, if those beside the callers cannot be read: its gap is told."""
        found: list[ObjectKey] = []
        spaces = sorted({service[1] for service in services}, key=lambda each: (each not in homes, each))
        for namespace in spaces[:_MOST_NAMESPACES]:
            wanted = sorted(one for one in services if one[1] == namespace)
            try:
                listing = await self._services_in(namespace)
            except ClusterError:
                found += wanted[:1] if namespace in homes else ()
                continue
            found += [one for one in wanted if one in listing]
        return found

    async def _services_in(self, namespace: str) -> frozenset[ObjectKey]:
        """Return the Services of a namespace. Raise ClusterError."""
        listing = (await self.snapshot.list("Service", namespace=namespace)).items if self.snapshot else ()
        return frozenset(("Service", *place_of(each)) for each in listing)


def _held(one: JudgedHypothesis) -> frozenset[str]:
    """Return the rules that support a hypothesis."""
    return frozenset(finding.rule for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS)


def _reached_from(effect: JudgedHypothesis) -> frozenset[ObjectKey]:
    """Return the objects that the evidence of an effect is about or names."""
    return frozenset(key for finding in effect.cluster_support for row in finding.rows for key in ties(row))


def _shown_by(one: JudgedHypothesis) -> Iterator[str]:
    """Yield what the evidence of a hypothesis shows of its objects: names, images, quotes."""
    yield from one.hypothesis.named.values()
    for finding in one.cluster_support:
        yield from (str(value) for row in finding.rows for value in row.values.values())
        yield finding.quote


def _named_for(link: Cause, effect: JudgedHypothesis, cause: Incident) -> Mapping[str, str]:
    """Return the names to look for a cause by: those of its effect, and the namespace of what owns both.

    A cause of the same object is looked for at the object at fault if the text names none that the cause is `about`; of
    a Service that was called, not at the caller that the text names. To a walk that Service is what is called: it
    begins at a pod behind it.
    """
    named, subject, about = effect.hypothesis.named, effect.subject, cause.about
    if subject is None:
        return named
    if link.linked_by is LinkedBy.OBJECT and subject.kind == "Service" and effect.hypothesis.pointed_to_by:
        walks = any(read.probe == _WALK for read in cause.reads.values())
        pods = (key for finding in effect.cluster_support for row in finding.rows for key in pods_named(row))
        kind, namespace, name = next(pods, subject.key) if walks else subject.key
        return {**named_as(kind, name), "namespace": namespace}
    if link.linked_by is LinkedBy.OWNS and not named.get("namespace"):
        return {**named, "namespace": subject.namespace}
    if link.linked_by is LinkedBy.OBJECT and WORDS.get(subject.kind) in about and not set(about) & set(named):
        return {**named, **named_as(subject.kind, subject.name), "namespace": subject.namespace}
    return named


def _named_at(cause: Incident, services: Sequence[ObjectKey]) -> Iterator[Mapping[str, str]]:
    """Yield the names to look for a cause by: each Service; the namespaces of many, or if the cause is about pods."""
    if "service" in cause.about and len(services) <= _MOST_CALLED:
        yield from ({"service": name, "namespace": namespace} for _, namespace, name in services)
    else:
        yield from ({"namespace": namespace} for namespace in dict.fromkeys(one[1] for one in services))


def _ref(key: ObjectKey) -> ObjectRef:
    return ObjectRef(kind=key[0], namespace=key[1], name=key[2])


def _merged(known: tuple[JudgedHypothesis, ...], found: tuple[JudgedHypothesis, ...]) -> tuple[JudgedHypothesis, ...]:
    """Return what was judged of an incident for several objects: only what is supported, if anything is."""
    if not known:
        return found
    raised = known[0].hypothesis  # it may be of the text
    told = (
        replace(one, hypothesis=replace(raised, named=one.hypothesis.named)) if raised.matches else one for one in found
    )
    proven = {one.key: one for one in (*told, *known) if supported(one)}
    return tuple(proven.values()) or known
