"""Turn a request into a diagnosis: match, read concurrently under one deadline, judge.

Slack, the command line and the tests all call `diagnose`, which does not know its caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from bot.cluster.connection import Connection
from bot.cluster.errors import NotFound
from bot.cluster.snapshot import Snapshot
from bot.common.catalogs import load_catalog, matcher_of
from bot.diagnosing.explanation import Explanation
from bot.diagnosing.investigation import Investigation
from bot.diagnosing.named_objects import Resolved, resolve
from bot.diagnosing.object_search import stand_in
from bot.diagnosing.observation import Statement, observe, unhealthy_pods
from bot.diagnosing.reads import Progress, Reads
from bot.diagnosing.similar_names import closest, of_other_kinds
from bot.diagnosing.unexplained import unexplained
from bot.kube.access import EVERYTHING, Access
from bot.kube.health import has_rules, problem_of
from bot.kube.objects import node_name_of, ref
from bot.probes.contract import Probe
from bot.probes.registry import known_probes, unreadable_parts
from intents.catalog.loader import Catalog, Check, Problem
from intents.catalog.schema import Incident
from intents.chains import timeline
from intents.domain import (
    Diagnosis,
    Focus,
    Hypothesis,
    NearestEntry,
    ObjectRef,
    Observation,
    Symptom,
)
from intents.focus import KINDS, focus_of, named_as
from intents.matcher import Matcher, MatchResult
from intents.products import is_shown
from intents.request import DiagnoseObject, ExplainText, Request
from intents.symptoms import read_symptoms
from responses.safety import redacted_text

DEADLINE_S: Final = 8.0
# Longer texts are parsed and matched in a thread, so that the event loop stays responsive.
_THREAD_FROM: Final = 16 * 1024


class TargetNotFound(Exception):
    """The requested object does not exist.

    `closest` are similar names that exist, as namespace/name; `others` are objects of other kinds with its name.
    """

    def __init__(self, target: ObjectRef, closest: tuple[str, ...], others: tuple[ObjectRef, ...] = ()) -> None:
        super().__init__(f"{target} was not found")
        self.target = target
        self.closest = closest
        self.others = others


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The catalog and matcher of a diagnosis.

    Immutable: a reloaded catalog makes a new engine with a new `revision`.
    """

    catalog: Catalog
    matcher: Matcher
    probes: Mapping[str, Probe]
    revision: str = field(default_factory=lambda: uuid4().hex)


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

    investigation = Investigation(catalog=engine.catalog, reads=reads, snapshot=snapshot, focus=focus)
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
        note = await stand_in(snapshot, target)
        if note is not None and (instead := note.instead):
            asked = DiagnoseObject(kind=instead.kind, namespace=instead.namespace, name=instead.name)
            return replace(await _diagnose_object(asked, engine, snapshot, progress), named=(note,))
        others = await of_other_kinds(snapshot, target)
        raise TargetNotFound(target, await closest(snapshot, resource, target), others) from None
    observed = await observe(snapshot, resource, obj)
    statements = observed.statements
    length = sum(len(statement.text) for statement in statements)
    matching = await _match(lambda: _symptoms_of(statements), engine.matcher, length=length)
    about = Focus(kind=target.kind, namespace=namespace, name=target.name, node=node_name_of(obj))
    reads = Reads(snapshot=snapshot, probes=engine.probes, progress=progress)
    raised = {hypothesis.incident for hypothesis in matching.hypotheses}
    kinds = {target.kind, *(one.kind for one in observed.owners), *(one.subject.kind for one in observed.troubles)}
    by_kind = tuple(
        Hypothesis(incident=incident.id, score=0.0)
        for incident in engine.catalog
        if incident.id not in raised and kinds & set(incident.kinds) and is_shown(incident, observed.identities)
    )
    named = {"namespace": namespace, **named_as(target.kind, target.name)}
    hypotheses = tuple(
        replace(hypothesis, named={**hypothesis.named, **named}) for hypothesis in (*matching.hypotheses, *by_kind)
    )

    def focus(_incident: Incident, hypothesis: Hypothesis) -> Focus:
        wider = hypothesis.pointed_to_by and not KINDS.keys() & hypothesis.named.keys()
        return Focus(namespace=namespace) if wider else about

    investigation = Investigation(catalog=engine.catalog, reads=reads, snapshot=snapshot, focus=focus)
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
