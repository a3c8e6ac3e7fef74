"""Turn a request into a diagnosis: match, read concurrently under one deadline, judge.

Slack, the command line and the tests all call `diagnose`, which does not know its caller.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from bot.cluster.connection import Connection
from bot.cluster.errors import NotFound
from bot.cluster.snapshot import Snapshot
from bot.common.catalogs import load_catalog, matcher_of
from bot.diagnosing.explanation import Explanation
from bot.diagnosing.named_objects import Resolved, closest, resolve, stand_in
from bot.diagnosing.observation import Statement, observe, unhealthy_pods
from bot.diagnosing.other_kinds import of_other_kinds
from bot.diagnosing.reads import Progress, Reads
from bot.diagnosing.unexplained import unexplained
from bot.kube.access import EVERYTHING, Access
from bot.kube.health import has_rules, problem_of
from bot.kube.objects import ref
from bot.probes.contract import Probe
from bot.probes.registry import known_probes, unreadable_parts
from intents.capabilities import is_capability, raised
from intents.catalog.loader import Catalog, Check, Problem
from intents.catalog.schema import Cause, Incident, LinkedBy
from intents.chains import may_cause, timeline
from intents.domain import (
    Diagnosis,
    FindingOutcome,
    Focus,
    Hypothesis,
    JudgedHypothesis,
    NearestEntry,
    ObjectRef,
    Observation,
    Symptom,
)
from intents.focus import KINDS, focus_of
from intents.matcher import Matcher, MatchResult
from intents.request import DiagnoseObject, ExplainText, Request
from intents.symptoms import read_symptoms
from intents.verdicts import judge, rank, supported
from responses.safety import redacted_text

DEADLINE_S: Final = 8.0
# Longer texts are parsed and matched in a thread, so that the event loop stays responsive.
_THREAD_FROM: Final = 16 * 1024
# A burst of pastes; later ones are matched again by their jobs.
_RECENT: Final = 500
# Follow at most this many causes upstream; further ones belong to another incident.
_ROUNDS: Final = 3


class TargetNotFound(Exception):
    """The requested object does not exist.

    `closest` are similar names that exist, as namespace/name; `others` are objects of other kinds with its name.
    """

    def __init__(self, target: ObjectRef, closest: tuple[str, ...], others: tuple[ObjectRef, ...] = ()) -> None:
        super().__init__(f"{target} was not found")
        self.target = target
        self.closest = closest
        self.others = others


@dataclass(frozen=True, slots=True)
class RecentMatches:
    """The last matches with a hypothesis, by a digest of the text: from the acknowledgement to the job."""

    _kept: OrderedDict[str, MatchResult] = field(default_factory=OrderedDict)

    def find(self, digest: str) -> MatchResult | None:
        return self._kept.get(digest)

    def keep(self, digest: str, matching: MatchResult) -> None:
        # Most texts are chat: it has no job that matches it again.
        if matching.hypotheses:
            self._kept[digest] = matching
            self._kept.move_to_end(digest)
            if len(self._kept) > _RECENT:
                self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The catalog and matcher of a diagnosis.

    A reloaded catalog makes a new engine with a new `revision`.
    """

    catalog: Catalog
    matcher: Matcher
    probes: Mapping[str, Probe]
    revision: str = field(default_factory=lambda: uuid4().hex)
    recent: RecentMatches = field(default_factory=RecentMatches, compare=False, repr=False)


def build_engine(
    directories: Sequence[Path] = (), *, last_good: Catalog | None = None, check: Check = lambda _incident: ()
) -> tuple[Engine, tuple[Problem, ...]]:
    """Build the engine from the built-in catalog and the user's directories; also return the problems in files.

    `check` yields what keeps an entry of a user from being used, in addition to unknown probes and keys.
    """

    def checked(incident: Incident) -> Iterator[tuple[tuple[str | int, ...], str]]:
        yield from unreadable_parts(incident)
        yield from check(incident)

    loaded = load_catalog(directories, last_good=last_good, check=checked)
    return Engine(catalog=loaded.catalog, matcher=matcher_of(loaded), probes=known_probes()), loaded.problems


def engine_for(catalog: Catalog) -> Engine:
    """Return the engine for a catalog that was made in this process."""
    return Engine(catalog=catalog, matcher=Matcher(catalog), probes=known_probes())


async def match_text(text: str, *, engine: Engine) -> MatchResult:
    """Match a text without a cluster. Long texts are matched in a thread."""
    return await _match(lambda: read_symptoms(text), engine.matcher, length=len(text))


async def diagnose(
    request: Request,
    *,
    engine: Engine,
    connection: Connection | None,
    deadline: float = DEADLINE_S,
    progress: Callable[[Progress], None] | None = None,
    access: Access = EVERYTHING,
) -> Diagnosis:
    """Diagnose a request within `deadline` seconds, limited to what `access` allows.

    Without a connection, only the text is used. Raises TargetNotFound if the object does not exist, and ClusterError if
    it cannot be read.
    """
    if isinstance(request, ExplainText):
        if connection is None:
            return await _explain(request, engine, None, progress)
        async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
            return await _explain(request, engine, snapshot, progress)
    if connection is None:
        raise ValueError("an object cannot be diagnosed without a connection to its cluster")
    async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
        return await _diagnose_object(request, engine, snapshot, progress)


async def _explain(
    request: ExplainText,
    engine: Engine,
    snapshot: Snapshot | None,
    progress: Callable[[Progress], None] | None,
) -> Diagnosis:
    matching = request.matching or await match_text(request.text, engine=engine)
    reads = Reads(snapshot=snapshot, probes=engine.probes, progress=progress)
    resolved = {
        one.hypothesis.incident: one
        for one in await asyncio.gather(
            *(_resolve(snapshot, engine, hypothesis, request.namespace) for hypothesis in matching.hypotheses)
        )
    }

    def focus(incident: Incident, hypothesis: Hypothesis) -> Focus:
        known = resolved.get(incident.id)
        if known is not None and known.hypothesis.named == hypothesis.named:
            return known.focus
        return focus_of(incident, hypothesis, namespace=request.namespace)

    investigation = _Investigation(engine=engine, reads=reads, snapshot=snapshot, focus=focus)
    judged, notes = await Explanation(catalog=engine.catalog, investigation=investigation, resolved=resolved).judged()
    first = engine.catalog.get(judged[0].incident) if judged else None
    return Diagnosis(
        focus=focus(first, judged[0].hypothesis) if first else Focus(namespace=request.namespace),
        named=notes,
        cluster=snapshot.cluster if snapshot else "",
        observed_at=snapshot.now if snapshot else None,
        hypotheses=judged,
        timeline=timeline(judged),
        gaps=reads.gaps if judged else (),
        nearest=() if judged else _nearest(matching, engine.catalog),
        api_calls=snapshot.calls if snapshot else 0,
    )


async def _resolve(snapshot: Snapshot | None, engine: Engine, hypothesis: Hypothesis, namespace: str) -> Resolved:
    incident = engine.catalog.incidents[hypothesis.incident]
    if snapshot is None:
        focus = focus_of(incident, hypothesis, namespace=namespace)
        return Resolved(hypothesis=hypothesis, focus=focus, asked=focus)
    return await resolve(snapshot, incident, hypothesis, namespace=namespace)


async def _diagnose_object(
    request: DiagnoseObject,
    engine: Engine,
    snapshot: Snapshot,
    progress: Callable[[Progress], None] | None,
) -> Diagnosis:
    resource = await snapshot.resource(request.kind)
    namespace = (request.namespace or snapshot.default_namespace) if resource.namespaced else ""
    target = ObjectRef(kind=resource.kind, namespace=namespace, name=request.name)
    try:
        obj = await snapshot.get(resource, request.name, namespace=namespace)
    except NotFound:
        if found := await stand_in(snapshot, target):
            note, instead = found
            asked = DiagnoseObject(kind=instead.kind, namespace=instead.namespace, name=instead.name)
            return replace(await _diagnose_object(asked, engine, snapshot, progress), named=(note,))
        others = await of_other_kinds(snapshot, target)
        raise TargetNotFound(target, await closest(snapshot, resource, target), others) from None
    observed = await observe(snapshot, resource, obj)
    statements = observed.statements
    length = sum(len(statement.text) for statement in statements)
    matching = await _match(lambda: _symptoms_of(statements), engine.matcher, length=length)
    about = Focus(kind=target.kind, namespace=namespace, name=target.name, node=_node_of(obj))
    reads = Reads(snapshot=snapshot, probes=engine.probes, progress=progress)
    raised = {hypothesis.incident for hypothesis in matching.hypotheses}
    kinds = {target.kind, *(owner.kind for owner in observed.owners)}
    by_kind = tuple(
        Hypothesis(incident=incident.id, score=0.0)
        for incident in engine.catalog
        if incident.id not in raised and kinds & set(incident.kinds)
    )
    named = {"namespace": namespace, **{word: target.name for word, kind in KINDS.items() if kind == target.kind}}
    hypotheses = tuple(
        replace(hypothesis, named={**hypothesis.named, **named}) for hypothesis in (*matching.hypotheses, *by_kind)
    )

    def focus(_incident: Incident, hypothesis: Hypothesis) -> Focus:
        wider = hypothesis.pointed_to_by and not KINDS.keys() & hypothesis.named.keys()
        return Focus(namespace=namespace) if wider else about

    investigation = _Investigation(engine=engine, reads=reads, snapshot=snapshot, focus=focus)
    judged = await investigation.run(hypotheses)
    left = unexplained(observed, judged, engine.catalog)
    if not (judged or left) and (problem := problem_of(obj, target.kind)):
        left = (Observation(subject=ref(obj, target.kind), quote=problem),)
    unchecked = not (judged or has_rules(target.kind))
    return Diagnosis(
        focus=about,
        cluster=snapshot.cluster,
        observed_at=snapshot.now,
        owners=observed.owners,
        hypotheses=judged,
        timeline=timeline(judged),
        gaps=tuple(sorted({*observed.gaps, *reads.gaps}, key=str)),
        unexplained=left,
        unchecked=unchecked,
        ask_instead=await unhealthy_pods(snapshot, obj, target.kind) if unchecked else (),
        nearest=(),
        api_calls=snapshot.calls,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Investigation:
    """Reads and judges the hypotheses together, then the upstream causes that they point to."""

    engine: Engine
    reads: Reads
    snapshot: Snapshot | None
    focus: Callable[[Incident, Hypothesis], Focus]

    async def run(self, hypotheses: Iterable[Hypothesis]) -> tuple[JudgedHypothesis, ...]:
        judged: dict[str, JudgedHypothesis] = {}
        pending = tuple(hypotheses)
        for _ in range(_ROUNDS):
            for one in await asyncio.gather(*map(self._judge_anywhere, pending)):
                judged[one.incident] = one
            pending = tuple(self._upstream(judged))
            if not pending:
                break
        for one in await self._offers(judged):
            judged[one.incident] = one
        kept = [one for one in judged.values() if one.hypothesis.matches or self._is_reported(one, judged)]
        return rank(kept, self.engine.catalog, now=self.now)

    async def _offers(self, judged: Mapping[str, JudgedHypothesis]) -> tuple[JudgedHypothesis, ...]:
        """Return the general actions for the objects of this diagnosis that no hypothesis offers yet."""
        causes = rank(judged.values(), self.engine.catalog, now=self.now)
        focuses = [self.focus(self.engine.catalog.incidents[one.incident], one.hypothesis) for one in causes]
        open_ = [
            incident
            for incident in self.engine.catalog
            if is_capability(incident) and not (incident.id in judged and supported(judged[incident.id]))
        ]
        found = await asyncio.gather(*(self._offer(raised(incident, causes, focuses)) for incident in open_))
        return tuple(one for one in found if one is not None)

    async def _offer(self, hypotheses: Iterable[Hypothesis]) -> JudgedHypothesis | None:
        """Return the first of them that the evidence supports."""
        for hypothesis in hypotheses:
            one = await self.judge(hypothesis)
            if supported(one):
                return one
        return None

    async def judge(self, hypothesis: Hypothesis) -> JudgedHypothesis:
        incident = self.engine.catalog.incidents[hypothesis.incident]
        focus = self.focus(incident, hypothesis)
        readings = await self.reads.for_hypothesis(incident, hypothesis, focus)
        judged = judge(incident, hypothesis, readings, focus=focus, now=self.now)
        self.reads.report(judged)
        return judged

    async def _judge_anywhere(self, hypothesis: Hypothesis) -> JudgedHypothesis:
        """Judge a cause in the whole namespace unless it is about the suffering object itself."""
        judged = await self.judge(hypothesis)
        wider = {word: name for word, name in hypothesis.named.items() if word not in KINDS}
        about = self.engine.catalog.incidents[hypothesis.incident].about
        if not hypothesis.pointed_to_by or supported(judged) or not about or len(wider) == len(hypothesis.named):
            return judged
        return await self.judge(replace(hypothesis, named=wider))

    def _is_reported(self, one: JudgedHypothesis, judged: Mapping[str, JudgedHypothesis]) -> bool:
        """Tell whether an upstream cause is reported: it must be supported and explain its symptom, or be unchecked."""
        effect = judged.get(one.hypothesis.pointed_to_by)
        if supported(one):
            return effect is None or any(
                may_cause(one, effect, link, now=self.now)
                for link in self.engine.catalog.incidents[effect.incident].all_causes
                if link.incident == one.incident
            )
        return effect is not None and any(finding.outcome is FindingOutcome.GAP for finding in one.findings)

    @property
    def now(self) -> datetime:
        return self.snapshot.now if self.snapshot else datetime.fromtimestamp(0, tz=UTC)

    def _upstream(self, judged: Mapping[str, JudgedHypothesis]) -> Iterable[Hypothesis]:
        """Return what the entries of supported hypotheses name as causes, without those judged already."""
        seen = set(judged)
        for one in judged.values():
            if not supported(one):
                continue
            held = {finding.rule for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS}
            for link in self.engine.catalog.incidents[one.incident].all_causes:
                name = link.incident
                if name not in seen and name in self.engine.catalog.incidents and held & set(link.only_if or held):
                    seen.add(name)
                    yield Hypothesis(incident=name, score=0.0, named=_named_for(link, one), pointed_to_by=one.incident)


def _named_for(link: Cause, effect: JudgedHypothesis) -> Mapping[str, str]:
    """Return the names to look for a cause by: those of its effect, and the namespace that links both."""
    named = effect.hypothesis.named
    if link.linked_by is LinkedBy.NAMESPACE and effect.subject and not named.get("namespace"):
        return {**named, "namespace": effect.subject.namespace}
    return named


async def _match(read: Callable[[], Sequence[Symptom]], matcher: Matcher, *, length: int) -> MatchResult:
    """Match a text of this length, which `read` parses."""

    def match() -> MatchResult:
        return matcher.match(read())

    return await asyncio.to_thread(match) if length > _THREAD_FROM else match()


def _symptoms_of(statements: Sequence[Statement]) -> list[Symptom]:
    """Return the statements' lines as symptoms, without credentials: what they name is stored and shown.

    Lines of two statements are never adjacent.
    """
    symptoms: list[Symptom] = []
    line = 1
    for statement in statements:
        read = read_symptoms(redacted_text(statement.text))
        symptoms += (replace(symptom, line=line + symptom.line, subject=statement.subject) for symptom in read)
        line += max((symptom.line for symptom in read), default=0) + 2
    return symptoms


def _nearest(matching: MatchResult, catalog: Catalog) -> tuple[NearestEntry, ...]:
    return tuple(
        NearestEntry(
            incident=hypothesis.incident,
            title=catalog.incidents[hypothesis.incident].title,
            score=hypothesis.score,
            decided_by=hypothesis.matches[0].signature if hypothesis.matches else "",
        )
        for hypothesis in matching.nearest
    )


def _node_of(obj: Mapping[str, object]) -> str:
    spec = obj.get("spec")
    return str(spec.get("nodeName", "")) if isinstance(spec, Mapping) else ""
