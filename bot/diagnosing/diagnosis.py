"""Turn a request into a diagnosis: match, read concurrently under one deadline, judge.

Slack, the command line and the tests all call `diagnose`, which does not know its caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.common.tracing import SpanName, span
from bot.diagnosing.engine import Engine
from bot.diagnosing.explanation import Explanation, NamedStateFinder, NamedStates
from bot.diagnosing.impact import announced_by_name, announced_by_trouble, impact_of
from bot.diagnosing.investigation import Investigation
from bot.diagnosing.named_objects import has_namespace
from bot.diagnosing.object_search import sought
from bot.diagnosing.object_states import is_told_by_metrics, state_of, with_causes_behind
from bot.diagnosing.observation import untold
from bot.diagnosing.reads import Progress, Reads
from bot.diagnosing.recent_changes import changes_before
from bot.diagnosing.speakers import note_of
from bot.diagnosing.understanding import understood
from bot.kube.access import EVERYTHING, Access
from bot.kube.owners import controller_of
from bot.kube.rollouts import KEPT_IN, earlier_in, revisions_in
from intents.alerts.alert import unseen_by
from intents.alerts.labels import labels_in
from intents.alerts.links import runbook_in
from intents.catalog.learned import is_learned
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import (
    Diagnosis,
    Focus,
    Gap,
    Hypothesis,
    JudgedHypothesis,
    NamedObject,
    NearestEntry,
    ObjectRef,
    Observation,
    Verdict,
)
from intents.focus import entity_of, focus_of
from intents.kinds import KINDS
from intents.matcher import MatchResult
from intents.naming import possible_names
from intents.ranking import timeline
from intents.request import DiagnoseObject, ExplainText, Request
from intents.verdicts import supported

DEADLINE_S: Final = 8.0
# A text with one of these is answered: it needs no further look at the objects that it names.
_ANSWERED: Final = frozenset({Verdict.CONFIRMED, Verdict.OFFERED})


class TargetNotFound(Exception):
    """The requested object does not exist, or several fit its name: `named` tells which, and the candidates."""

    def __init__(self, named: NamedObject) -> None:
        super().__init__(f"{named.target} was not found")
        self.named = named


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
    with span(SpanName.DIAGNOSE, cluster=connection.name if connection else "none") as part:
        diagnosis = await _diagnosed(request, engine, connection, deadline, progress, access)
        first = next(iter(diagnosis.hypotheses), None)
        if first is not None:
            incident = "learned" if is_learned(first.incident) else first.incident
            part.set(incident=incident, verdict=first.verdict)
        part.set(hypotheses=len(diagnosis.hypotheses), gaps=len(diagnosis.gaps), api_calls=diagnosis.api_calls)
        return diagnosis


async def _diagnosed(
    request: Request,
    engine: Engine,
    connection: Connection | None,
    deadline: float,
    progress: Callable[[Progress], None] | None,
    access: Access,
) -> Diagnosis:
    if connection is None:
        if isinstance(request, ExplainText):
            return await _explain(request, engine, None, progress)
        raise ValueError("an object cannot be diagnosed without a connection to its cluster")
    async with Snapshot(connection, deadline=deadline, access=access) as snapshot:
        if isinstance(request, ExplainText):
            return await _explain(request, engine, snapshot, progress)
        return await _diagnose_object(request, engine, snapshot, progress)


async def _explain(
    request: ExplainText,
    engine: Engine,
    snapshot: Snapshot | None,
    progress: Callable[[Progress], None] | None,
) -> Diagnosis:
    asked = await understood(request, engine, snapshot)
    matching, resolved, speakers, question = asked.matching, asked.resolved, asked.speakers, asked.question
    alert = labels_in(request.text.splitlines()) if question.alert else {}
    reads = Reads(snapshot=snapshot, engine=engine, progress=progress, alert=alert)

    def focus(incident: Incident, hypothesis: Hypothesis) -> Focus:
        known = resolved.get(incident.id)
        if known is not None and known.hypothesis.named == hypothesis.named:
            return known.focus
        return focus_of(incident, hypothesis, namespace=request.namespace)

    investigation = Investigation(
        catalog=engine.catalog, reads=reads, snapshot=snapshot, focus=focus, question=question
    )
    if snapshot is not None:
        for one in resolved.values():
            announced_by_trouble(snapshot, one.manifest or {})
    explanation = Explanation(catalog=engine.catalog, investigation=investigation, resolved=resolved, walk=asked.walk)
    judged, notes = await explanation.judged()
    states = NamedStates()
    if snapshot is not None and not any(one.verdict in _ANSWERED for one in judged):
        finder = NamedStateFinder(snapshot=snapshot, reads=reads, namespace=request.namespace)
        # An alert says that something is wrong with its object, and so does a line that it logs now: whatever its kind
        # may suffer from is checked.
        names = (*matching.objects, *([entity_of(speakers.only.subject)] if speakers.only else []))
        quoted = bool(speakers.only) and not speakers.past
        # To a question, that it is not what its words are like is no answer; nor is what its words alone say, if an
        # object that they name may show it.
        kinds = {KINDS.get(one.kind, "") for one in names}
        is_open = request.addressed and all(
            one.verdict is Verdict.RULED_OUT
            or (one.verdict is Verdict.POSSIBLE and not kinds.isdisjoint(_kinds_of(one, engine.catalog)))
            for one in judged[:1]
        )
        states = await finder.states_of(names, even_healthy=is_open or not judged or question.alert or quoted)
        if request.addressed and not (judged or states.states or states.notes):
            states = await finder.states_by_words(possible_names(request.text))
        judged = states.beside(judged, catalog=engine.catalog, now=snapshot.now)
        notes = notes if judged else states.notes
        if speakers.only and states.states and not notes:
            notes = (note_of(speakers.only, now=snapshot.now),)
    first = engine.catalog.get(judged[0].incident) if judged else None
    found = next((state for state in states.states if not judged or judged[0] in state.hypotheses), None)
    about = found.focus if found else Focus(namespace=request.namespace)
    if first and not found:
        about = focus(first, judged[0].hypothesis)
    behind: tuple[Gap, ...] = ()
    if snapshot is not None:
        judged, behind = await with_causes_behind(snapshot, judged, reads=reads)
        judged = await with_possible_rollbacks(snapshot, judged)
    diagnosis = Diagnosis(
        focus=about,
        named=notes,
        cluster=snapshot.cluster if snapshot else "",
        observed_at=snapshot.now if snapshot else None,
        hypotheses=judged,
        timeline=timeline(judged),
        gaps=_with_unseen(
            (*reads.gaps_for(judged), *behind) if judged or states.states else (),
            alert,
            judged,
        ),
        unexplained=untold(states.unexplained, judged),
        standing=found.standing if found else (),
        well=found.well if found else None,
        nearest=() if judged or states.states else _nearest(matching, engine.catalog),
        runbook=runbook_in(request.text) if question.alert else "",
    )
    return await _with_surroundings(diagnosis, snapshot, engine, states.unexplained) if snapshot else diagnosis


def _kinds_of(one: JudgedHypothesis, catalog: Catalog) -> tuple[str, ...]:
    """Return the kinds of objects that may show an incident by themselves."""
    entry = catalog.get(one.incident)
    return entry.kinds if entry else ()


async def _diagnose_object(
    request: DiagnoseObject,
    engine: Engine,
    snapshot: Snapshot,
    progress: Callable[[Progress], None] | None,
) -> Diagnosis:
    resource = await snapshot.resource(request.kind)
    if resource.kind == "Endpoints":
        # A controller writes them for the Service of the same name, which the role may read.
        resource = await snapshot.resource("Service")
    asked = Focus(kind=resource.kind, namespace=request.namespace if resource.namespaced else "", name=request.name)
    if asked.namespace or not resource.namespaced:
        announced_by_name(snapshot, asked.ref)
    named = await sought(snapshot, resource, asked)
    doubtful = asked.namespace and named.instead is None and not request.namespace_certain
    if doubtful and not await has_namespace(snapshot, asked.namespace):
        named = await sought(snapshot, resource, replace(asked, namespace=""))
    if (instead := named.instead) is None:
        raise TargetNotFound(named)
    if instead != asked.ref:
        about = replace(request, kind=instead.kind, namespace=instead.namespace, name=instead.name)
        return replace(await _diagnose_object(about, engine, snapshot, progress), named=(named,))
    obj = await snapshot.get(resource, instead.name, namespace=instead.namespace)
    reads = Reads(snapshot=snapshot, engine=engine, progress=progress, alert=request.alert)
    announced_by_trouble(snapshot, obj)
    state = await state_of(snapshot, resource, obj, reads=reads)
    judged = await with_possible_rollbacks(snapshot, state.hypotheses)
    diagnosis = Diagnosis(
        focus=state.focus,
        cluster=snapshot.cluster,
        observed_at=snapshot.now,
        owners=state.owners,
        connected=state.connected,
        hypotheses=judged,
        timeline=timeline(judged),
        gaps=_with_unseen(sorted({*state.gaps, *reads.gaps_for(judged)}, key=str), request.alert, judged),
        unexplained=state.unexplained,
        standing=state.standing,
        well=state.well,
        unchecked=not (any(one.verdict is not Verdict.RULED_OUT for one in judged) or state.checked),
    )
    return await _with_surroundings(diagnosis, snapshot, engine, state.unexplained)


async def _with_surroundings(
    diagnosis: Diagnosis, snapshot: Snapshot, engine: Engine, unexplained: Sequence[Observation]
) -> Diagnosis:
    """Return a diagnosis with what changed before the trouble, and whom its cause hits."""
    judged = diagnosis.hypotheses
    changes, (impact, unread) = await asyncio.gather(
        changes_before(snapshot, engine.catalog, judged, unexplained, diagnosis.focus), impact_of(snapshot, judged)
    )
    # What is hit does not matter to the cause: it is no gap beside others.
    gaps = diagnosis.gaps or unread
    return replace(diagnosis, changes=changes, impact=impact, gaps=gaps, api_calls=snapshot.calls)


def _with_unseen(gaps: Iterable[Gap], alert: Mapping[str, str], judged: Sequence[JudgedHypothesis]) -> tuple[Gap, ...]:
    """Return the gaps with what the cluster cannot tell, unless a cause is found without it or its Prometheus told."""
    known = any(supported(one) or is_told_by_metrics(one) for one in judged)
    return tuple(dict.fromkeys((*gaps, *(() if known else unseen_by(alert)))))


def _nearest(matching: MatchResult, catalog: Catalog) -> tuple[NearestEntry, ...]:
    """Return the entries with a signature part of which the text has.

    Words of a person that are too few for an entry would name any.
    """
    found: list[NearestEntry] = []
    for one in matching.nearest:
        entry = catalog.incidents[one.incident]
        written = {str(each) for each in entry.signatures}
        if signature := next((match.signature for match in one.matches if match.signature in written), ""):
            nearest = NearestEntry(incident=entry.id, title=entry.title, score=one.score, decided_by=signature)
            found.append(nearest)
    return tuple(found)


_ROLLBACK: Final = "rollout-undo"


async def with_possible_rollbacks(
    snapshot: Snapshot, judged: Sequence[JudgedHypothesis]
) -> tuple[JudgedHypothesis, ...]:
    """Return the hypotheses without the rollbacks of workloads that the cluster keeps no earlier revision of."""
    return tuple(await asyncio.gather(*(_with_possible(snapshot, one) for one in judged)))


async def _with_possible(snapshot: Snapshot, judged: JudgedHypothesis) -> JudgedHypothesis:
    targets = {each.target for each in judged.remedies if each.action == _ROLLBACK and each.target}
    impossible = {target for target in targets if not await _may_go_back(snapshot, target)}
    if not impossible:
        return judged
    kept = (each for each in judged.remedies if not (each.action == _ROLLBACK and each.target in impossible))
    return replace(judged, remedies=tuple(kept))


async def _may_go_back(snapshot: Snapshot, workload: ObjectRef) -> bool:
    """Tell whether a workload has an earlier revision; where this cannot be read, the preview of the rollback tells."""
    kind = KEPT_IN.get(workload.kind)
    if kind is None:
        return True
    try:
        listing = await snapshot.list(kind, namespace=workload.namespace)
    except ClusterError:
        return True
    owned = (each for each in listing.items if (owner := controller_of(each)) and owner.is_named_as(workload))
    return bool(listing.truncated or earlier_in(revisions_in(owned)))
