"""Judge hypotheses by the evidence of the cluster, together with the causes upstream that they point to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.diagnosing.impact import announced_by_evidence
from bot.diagnosing.reads import Reads
from bot.graph.cluster_graph import ClusterGraph
from intents.anchors import NO_QUESTION, Question
from intents.catalog.fields import Cause, LinkedBy
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import FindingOutcome, Focus, Hypothesis, JudgedHypothesis, ObjectRef, ProbeResult
from intents.focus import besides, is_capability, is_shown, named_as, raised
from intents.kinds import KINDS, WORDS
from intents.named_objects import ObjectKey
from intents.ranking import causes_of, may_cause, rank, recovery_of
from intents.subjects import ties
from intents.verdicts import judge, supported

Readings = Mapping[str, ProbeResult]
# Follow at most this many causes upstream; further ones belong to another incident.
_ROUNDS: Final = 3


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
            await self.connect(pending)
            judged = await asyncio.gather(*map(self._judge_anywhere, pending))
            self._judged.update(zip((one.incident for one in pending), judged, strict=True))
            pending = tuple(self._upstream())
            if not pending:
                break
        for one in await self._offers():
            self._judged[one.incident] = (one,)
        kept = [one for one in self._all_judged() if one.hypothesis.matches or self._is_reported(one)]
        return rank(kept, self.catalog, now=self.now)

    def _all_judged(self) -> list[JudgedHypothesis]:
        return [one for each in self._judged.values() for one in each]

    def _supported(self, incident: str) -> tuple[JudgedHypothesis, ...]:
        """Return the objects that the cluster shows with an incident, as they were judged."""
        return tuple(filter(supported, self._judged.get(incident, ())))

    async def _offers(self) -> tuple[JudgedHypothesis, ...]:
        """Return the general actions for the objects of this diagnosis that no hypothesis offers yet."""
        causes = rank(self._all_judged(), self.catalog, now=self.now)
        focuses = [self.focus(self.catalog.incidents[one.incident], one.hypothesis) for one in causes]
        open_ = [incident for incident in self.catalog if is_capability(incident) and not self._supported(incident.id)]
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
        if hypothesis.pointed_to_by or any(link.linked_by is LinkedBy.OWNS for link in incident.causes):
            judged = tuple(replace(one, owners=self._owners(one)) for one in judged)
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
        return replace(self.question, reached=self._reached(hypothesis, about), kin=self._kin(about))

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
        self._graphs[:] = [ClusterGraph(self.snapshot.objects())] if self.snapshot else []

    @property
    def _speaker(self) -> ObjectRef | None:
        """Return the one object that says a line of the text: the text is about it as if it named it."""
        return self.question.quoted[0] if len(self.question.quoted) == 1 else None

    def _owners(self, one: JudgedHypothesis) -> frozenset[ObjectKey]:
        """Return the objects of the evidence with what owns them, at any distance."""
        subjects = {row.subject.key for finding in one.cluster_support for row in finding.rows}
        return frozenset(owner for graph in self._graphs for subject in subjects for owner in graph.owners(subject))

    def _kin(self, about: ObjectRef | None) -> frozenset[ObjectKey]:
        return self._graphs[0].kin(about.key) if about and self._graphs else frozenset()

    def _reached(self, hypothesis: Hypothesis, about: ObjectRef | None) -> frozenset[ObjectKey]:
        """Return the objects that belong to the question: those that the one in question needs, or that need it.

        Of a cause these are also the objects of its effect.
        """
        effects = self._judged.get(hypothesis.pointed_to_by, ())
        named = (key for effect in effects for key in _reached_from(effect))
        starts = {one for one in (about, *(effect.subject for effect in effects)) if one}
        return frozenset(named).union(*map(self.reached, starts))

    def reached(self, about: ObjectRef) -> frozenset[ObjectKey]:
        """Return an object with those that it needs, or that need it, among what was read."""
        return frozenset((about.key,)).union(*(each.reached(about.key) for each in self._graphs))

    async def _judge_anywhere(self, hypothesis: Hypothesis) -> tuple[JudgedHypothesis, ...]:
        """Judge a cause in the whole namespace unless it is about the suffering object itself."""
        judged = await self.judge(hypothesis)
        effect = hypothesis.pointed_to_by
        if effect and any(
            link.incident == hypothesis.incident and link.linked_by is LinkedBy.OBJECT for link in self._links(effect)
        ):
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
            for link in self._links(effect.incident)
            if link.incident == cause.incident
        )

    def _links(self, incident: str) -> tuple[Cause, ...]:
        return causes_of(self.catalog.incidents[incident], self.catalog)

    @property
    def now(self) -> datetime:
        """Return the cluster's time; the beginning of the epoch without a cluster."""
        return self.snapshot.now if self.snapshot else datetime.fromtimestamp(0, tz=UTC)

    def _upstream(self) -> Iterable[Hypothesis]:
        """Return what the entries of supported hypotheses name as causes, without those judged already."""
        seen = set(self._judged)
        for one in filter(supported, self._all_judged()):
            held = {finding.rule for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS}
            shown, links = tuple(_shown_by(one)), self._links(one.incident)
            named = self.catalog.incidents[one.incident].causes
            # A general incident with a cause needs no look at every other entry that could explain it.
            explained = any(self._explains(cause, (one,)) for link in links for cause in self._supported(link.incident))
            for link in links:
                name, entry = link.incident, self.catalog.get(link.incident)
                if name in seen or entry is None or not held & set(link.only_if or held):
                    continue
                if link in named or (self.of_text and entry.kinds and not explained and is_shown(entry, shown)):
                    seen.add(name)
                    yield Hypothesis(
                        incident=name, score=0.0, named=_named_for(link, one, entry.about), pointed_to_by=one.incident
                    )


def _reached_from(effect: JudgedHypothesis) -> frozenset[ObjectKey]:
    """Return the objects that the evidence of an effect is about or names."""
    return frozenset(key for finding in effect.cluster_support for row in finding.rows for key in ties(row))


def _shown_by(one: JudgedHypothesis) -> Iterator[str]:
    """Yield what the evidence of a hypothesis shows of its objects: names, images, quotes."""
    yield from one.hypothesis.named.values()
    for finding in one.cluster_support:
        yield from (str(value) for row in finding.rows for value in row.values.values())
        yield finding.quote


def _named_for(link: Cause, effect: JudgedHypothesis, about: Sequence[str]) -> Mapping[str, str]:
    """Return the names to look for a cause by: those of its effect, and the namespace of what owns both.

    A cause of the same object is looked for at the object at fault if the text names none that the cause is `about`.
    """
    named, subject = effect.hypothesis.named, effect.subject
    if subject is None:
        return named
    if link.linked_by is LinkedBy.OWNS and not named.get("namespace"):
        return {**named, "namespace": subject.namespace}
    if link.linked_by is LinkedBy.OBJECT and WORDS.get(subject.kind) in about and not set(about) & set(named):
        return {**named, **named_as(subject.kind, subject.name), "namespace": subject.namespace}
    return named
