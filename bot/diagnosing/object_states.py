"""Judge the state of an object: every incident that concerns it, its owners, and what it depends on."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.owners import owners_of
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.engine import match_symptoms
from bot.diagnosing.investigation import Investigation
from bot.diagnosing.object_search import readable
from bot.diagnosing.observation import Statement, is_over, observe, unexplained
from bot.diagnosing.reads import Reads
from bot.diagnosing.standing import Inside, inside_of, recovered, standing_of, unsaid, well_of
from bot.graph.edges import services_behind
from bot.kube.autoscaling import target_of
from bot.kube.containers import containers_in
from bot.kube.gitops import Tool, managed_by
from bot.kube.health import can_judge
from bot.kube.objects import (
    identity_of,
    is_builtin,
    label_selector,
    name_of,
    namespace_of,
    node_addresses,
    node_name_of,
    ref,
)
from bot.kube.owners import workload_of
from bot.kube.services import selector_of
from bot.kube.settling import lasting_problem
from intents.alerts.metrics import alert_metrics
from intents.alerts.objects import object_of
from intents.catalog.loader import Catalog
from intents.catalog.schema import Incident
from intents.domain import (
    Finding,
    FindingOutcome,
    Focus,
    Gap,
    GapReason,
    Hypothesis,
    Json,
    JudgedHypothesis,
    ObjectRef,
    Observation,
    SignatureMatch,
    Symptom,
    Text,
    Verdict,
)
from intents.focus import CUSTOM_RESOURCE, is_shown, named_as
from intents.kinds import KINDS
from intents.named_objects import ObjectKey
from intents.ranking import causing, is_general, rank, recovery_of
from intents.subjects import unshared
from intents.symptoms import read_symptoms
from intents.verdicts import supported
from responses.safety import redacted_text

# Captured names that are true of one container.
_OF_A_CONTAINER: Final = frozenset({"container", "code", "image"})
# A quota decides about all objects of its namespace.
_MOST_CONNECTED: Final = 1_000
# So many Services behind an object are judged with it.
_MOST_BEHIND: Final = 8
# So many workloads behind a Service that is well.
_MOST_WORKLOADS: Final = 2
_SCALED: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
# So many Services at which hypotheses end.
_MOST_ENDS: Final = 3
# The pods behind one may wait for another, and those for a third.
_FARTHEST: Final = 3
# The entry that judges an alert by its metric.
_ALERT_ENTRY: Final = "alert-metric-beyond-limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectState:
    """The hypotheses that the state of one object raises, judged, and the trouble that none of them explains.

    `standing` is a state of the object that is no fault and that no hypothesis tells, with what is known of it.
    `well` is what its status shows if that is no trouble. `checked` tells whether its health could be judged, by its
    own status or by the Services behind it.
    """

    focus: Focus
    owners: tuple[ObjectRef, ...] = ()
    connected: frozenset[ObjectKey] = frozenset()
    hypotheses: tuple[JudgedHypothesis, ...] = ()
    unexplained: tuple[Observation, ...] = ()
    gaps: tuple[Gap, ...] = ()
    standing: tuple[Text, ...] = ()
    well: Text | None = None
    checked: bool = True


async def state_of(snapshot: Snapshot, resource: Resource, obj: Json, *, reads: Reads) -> ObjectState:
    """Observe an object, and what is behind it, and judge what its state may mean. Failed reads become gaps.

    Of Services that are well, the workloads behind are judged: a program that is ready may fail at its work.
    """
    services = services_behind({**obj, "kind": resource.kind})
    own, *behind = await asyncio.gather(
        _own_state(snapshot, resource, obj, reads=reads),
        *(_state_behind(snapshot, service, reads=reads) for service in services[:_MOST_BEHIND]),
    )
    if len(services) > _MOST_BEHIND:
        detail = f"only {_MOST_BEHIND} of {len(services)} were judged"
        gap = Gap(what="the Services behind it", reason=GapReason.TRUNCATED, detail=detail)
        own = replace(own, gaps=(*own.gaps, gap))
    own = _with_behind(own, behind, reads=reads, now=snapshot.now)
    known = {own.focus.ref.key, *services}
    own = await _with_workloads(snapshot, own, known, reads=reads)
    judged, gaps = await with_causes_behind(snapshot, own.hypotheses, reads=reads, known=known)
    return replace(own, hypotheses=judged, gaps=tuple(dict.fromkeys((*own.gaps, *gaps))))


async def with_causes_behind(
    snapshot: Snapshot, judged: Sequence[JudgedHypothesis], *, reads: Reads, known: Collection[ObjectKey] = ()
) -> tuple[tuple[JudgedHypothesis, ...], tuple[Gap, ...]]:
    """Return hypotheses with why the Services at which they end are not well, and the gaps of the look there.

    What explains it may end at a Service that those pods call in turn. The Services `known` were judged already.
    """
    seen, gaps = set(known), dict[Gap, None]()

    async def behind(end: JudgedHypothesis, service: ObjectKey) -> ObjectState:
        state = await _state_behind(snapshot, service, reads=reads)
        state = await _with_workloads(snapshot, state, {service}, reads=reads)
        # What only its callers tell of a Service, its own state does not show.
        found = {one.key: one for one in (end, *state.hypotheses)}
        return replace(state, hypotheses=causing(end.key, rank(found.values(), reads.engine.catalog, now=snapshot.now)))

    for _ in range(_FARTHEST):
        ends = _ends(judged, reads.engine.catalog, seen)
        states = await asyncio.gather(*(behind(end, service) for end, service in ends))
        seen.update(service for _, service in ends)
        gaps |= dict.fromkeys(gap for state in states for gap in state.gaps)
        judged = _with_states(judged, states, reads=reads, now=snapshot.now)
    return tuple(judged), tuple(gaps)


def _ends(
    judged: Sequence[JudgedHypothesis], catalog: Catalog, seen: Collection[ObjectKey]
) -> list[tuple[JudgedHypothesis, ObjectKey]]:
    """Return the Services about which only the trouble is known. One that explains nothing must be proven."""
    explain = {one.cause for one in judged}
    ends = [
        (one, one.subject.key)
        for one in judged
        if supported(one) and is_general(one, catalog) and not one.cause
        if one.verdict is Verdict.CONFIRMED or one.key in explain
        if one.subject and one.subject.kind == "Service" and one.subject.key not in seen
    ]
    return ends[:_MOST_ENDS]


async def _with_workloads(
    snapshot: Snapshot, own: ObjectState, services: Collection[ObjectKey], *, reads: Reads
) -> ObjectState:
    """Return a state in which nothing is wrong with what is wrong with the workloads behind its Services.

    Of a workload that is well, its autoscaler or the tool that applies it may not be, and of that one its workload.
    """
    if any(map(supported, own.hypotheses)) or own.unexplained:
        return own
    workloads = [*await _workloads_behind(snapshot, services), *await _beside(snapshot, own.focus.ref)]
    behind = await asyncio.gather(*(_state_behind(snapshot, each, reads=reads) for each in workloads[:_MOST_WORKLOADS]))
    return _with_behind(own, behind, reads=reads, now=snapshot.now)


async def _workloads_behind(snapshot: Snapshot, fronts: Iterable[ObjectKey]) -> list[ObjectKey]:
    """Return the workloads of the pods that Services select. What cannot be read is a gap of their own states."""
    found: dict[ObjectKey, None] = {}
    for kind, namespace, name in sorted(fronts):
        try:
            service = await snapshot.find(kind, name, namespace=namespace) if kind == "Service" else None
            labels = label_selector(dict(selector_of(service or {})))
            pods = (await snapshot.list("Pod", namespace=namespace, labels=labels)).items if labels else ()
        except ClusterError:
            continue
        found.update((workload_of(pod).key, None) for pod in pods)
    return list(found)


async def _state_behind(snapshot: Snapshot, about: ObjectKey, *, reads: Reads) -> ObjectState:
    kind, namespace, name = about
    focus = Focus(kind=kind, namespace=namespace, name=name)
    try:
        resource = await snapshot.resource(kind)
        found = await snapshot.find(kind, name, namespace=namespace)
    except ClusterError as error:
        return ObjectState(focus=focus, gaps=(error.gap(),), checked=False)
    if found is None:
        return ObjectState(focus=focus, unexplained=(Observation(subject=focus.ref, quote=f"{focus} does not exist"),))
    return await _own_state(snapshot, resource, {**found, "kind": kind}, reads=reads)


async def _beside(snapshot: Snapshot, about: ObjectRef) -> list[ObjectKey]:
    """Return what scales and what applies a workload, and the workload of an autoscaler."""
    try:
        obj = await snapshot.find(about.kind, about.name, namespace=about.namespace) or {}
    except ClusterError:
        return []
    if about.kind == "HorizontalPodAutoscaler":
        kind, name = target_of(obj)
        return [(kind, about.namespace, name)] if name else []
    if about.kind not in _SCALED:
        return []
    scalers = await snapshot.list_readable("HorizontalPodAutoscaler", about.namespace)
    applied = await _applied_by(snapshot, obj)
    return [*(ref(each).key for each in scalers if target_of(each) == (about.kind, about.name)), *applied]


async def _applied_by(snapshot: Snapshot, obj: Json) -> list[ObjectKey]:
    """Return the object of Flux that applies an object, if it is in this cluster."""
    tool = managed_by(obj)
    if tool is None or tool.tool is not Tool.FLUX or not tool.name:
        return []
    home = tool.namespace or namespace_of(obj)
    return [(tool.kind, home, tool.name)] if await readable(snapshot, tool.kind, tool.name, namespace=home) else []


def _with_states(
    own: Sequence[JudgedHypothesis], behind: Sequence[ObjectState], *, reads: Reads, now: datetime
) -> tuple[JudgedHypothesis, ...]:
    known = {one.key: one.verdict for one in own if supported(one)}
    added = {
        one.key: replace(one, behind=state.focus)
        for state in behind
        for one in state.hypotheses
        if supported(one) and known.get(one.key) not in (one.verdict, Verdict.CONFIRMED)
    }
    told = {one.incident for one in added.values()}
    kept = [one for one in own if one.key not in added and (supported(one) or one.incident not in told)]
    return rank((*kept, *added.values()), reads.engine.catalog, now=now) if added else tuple(own)


def _with_behind(own: ObjectState, behind: Sequence[ObjectState], *, reads: Reads, now: datetime) -> ObjectState:
    if not behind:
        return own
    judged = _with_states(own.hypotheses, behind, reads=reads, now=now)
    left = own.unexplained
    if not any(map(supported, judged)):
        left = tuple(dict.fromkeys((*left, *(each for state in behind for each in state.unexplained))))
    return replace(
        own,
        hypotheses=judged,
        unexplained=left,
        gaps=tuple(dict.fromkeys((*own.gaps, *(gap for state in behind for gap in state.gaps)))),
        checked=own.checked or all(state.checked for state in behind),
    )


async def _own_state(snapshot: Snapshot, resource: Resource, obj: Json, *, reads: Reads) -> ObjectState:
    kind, namespace, engine = resource.kind, namespace_of(obj), reads.engine
    target = ref(obj, kind)
    about = Focus(kind=kind, namespace=namespace, name=target.name, node=node_name_of(obj))
    named = {"namespace": namespace, **named_as(kind, target.name)}

    def focus(_incident: Incident, hypothesis: Hypothesis) -> Focus:
        if not hypothesis.pointed_to_by:
            return about
        if (called := hypothesis.named.get("service", target.name)) != target.name:
            return Focus(kind="Service", namespace=hypothesis.named.get("namespace", namespace), name=called)
        return about if KINDS.keys() & hypothesis.named.keys() else Focus(namespace=namespace)

    investigation = Investigation(catalog=engine.catalog, reads=reads, snapshot=snapshot, focus=focus, of_text=False)

    def raised_by(kinds: Iterable[str], identities: Sequence[str]) -> list[Hypothesis]:
        """Return what kinds of objects raise by themselves."""
        of = {kind, *kinds, *(() if is_builtin(obj) else (CUSTOM_RESOURCE,))}
        return [
            Hypothesis(incident=incident.id, score=0.0, named=named)
            for incident in engine.catalog
            if of & set(incident.kinds) and is_shown(incident, identities)
        ]

    async def begin() -> None:
        owners = await owners_of(snapshot, obj)
        known = (obj, *owners.manifests)
        investigation.begin(raised_by((one.kind for one in owners.refs), [identity_of(one) for one in known]))

    observed, _ = await asyncio.gather(observe(snapshot, resource, obj), begin())
    statements = observed.statements
    length = sum(len(statement.text) for statement in statements)
    matching = await match_symptoms(lambda: _symptoms_of(statements), engine.matcher, length=length)
    of_one = _OF_A_CONTAINER if _several_fail(obj) else frozenset()
    told = [
        replace(each, named={word: name for word, name in each.named.items() if word not in varying} | named)
        for each in matching.hypotheses
        for varying in (of_one | _varying(each) | _of_one_pod(each, statements),)
    ]
    of_kind = raised_by(
        (one.kind for one in (*observed.owners, *(each.subject for each in observed.troubles))), observed.identities
    )
    of_alert = _raised_by_alert(reads.alert, obj, kind, named=named, catalog=engine.catalog)
    found = await investigation.run({one.incident: one for one in (*of_kind, *told, *of_alert)}.values())
    judged = tuple(_facts_first(one, engine.catalog) for one in found)
    left, inside = unexplained(observed, judged, engine.catalog), Inside()
    problem = "" if observed.waits else lasting_problem(obj, kind, snapshot.now)
    current = [one for one in judged if recovery_of(one) is None]
    is_past = len(current) < len(judged) and (
        left != unexplained(observed, current, engine.catalog) or (bool(problem) and is_over(problem, judged))
    )
    if not is_past:
        # What is over and has left nothing behind is no answer to a question about the present.
        judged = tuple(one for one in judged if one in current or one.hypothesis.matches)
    # That an alert is right does not tell what is inside the object, or why it is not well.
    if not (left or any(one.verdict is not Verdict.RULED_OUT and not is_of_alert(one) for one in judged)):
        if problem and not is_past:
            left = (Observation(subject=target, quote=problem),)
        else:
            inside = await inside_of(snapshot, obj, kind)
            left = inside.troubles
    standing = inside.standing or unsaid(standing_of(obj, kind, snapshot.now), judged)
    if is_past and not (standing or left or any(map(supported, judged))):
        standing = recovered(target, judged)
    return ObjectState(
        focus=about,
        owners=observed.owners,
        connected=_connected(investigation, target),
        hypotheses=judged,
        unexplained=left,
        gaps=(*observed.gaps, *inside.gaps),
        standing=standing,
        well=well_of(obj, kind, snapshot.now),
        checked=can_judge(obj, kind),
    )


def _connected(investigation: Investigation, target: ObjectRef) -> frozenset[ObjectKey]:
    """Return what edges connect with an object; of one that all share nothing."""
    if not unshared({target.key}):
        return frozenset()
    return frozenset(sorted(unshared(investigation.reached(target)))[:_MOST_CONNECTED])


def _varying(hypothesis: Hypothesis) -> frozenset[str]:
    """Return the captured names that differ among the statements: several objects have the same fault."""
    first: dict[str, str] = {}
    captured = [pair for match in hypothesis.matches for pair in match.captures.items()]
    return frozenset(word for word, value in captured if first.setdefault(word, value) != value)


def _of_one_pod(hypothesis: Hypothesis, statements: Sequence[Statement]) -> frozenset[str]:
    """Return the captured names of a container that one of the pods never says, although it has the same fault.

    Of each signature only the best line is kept: the others may name another image.
    """
    said: dict[str, str] = {}
    for each in statements:
        if each.subject.kind == "Pod":
            said[each.subject.name] = f"{said.get(each.subject.name, '')}\n{each.text}"
    quotes = [match.quote for match in hypothesis.matches]
    at_fault = [text for text in said.values() if any(quote in text for quote in quotes)]
    captured = {pair for match in hypothesis.matches for pair in match.captures.items()}
    return frozenset(
        word for word, value in captured for text in at_fault if word in _OF_A_CONTAINER and value not in text
    )


def _several_fail(obj: Json) -> bool:
    """Tell whether several containers of a pod have ended or wait: what one of them says is not what all say."""
    return sum(one.state == "waiting" or bool(one.status.get("lastState")) for one in containers_in(obj)) > 1


def _facts_first(one: JudgedHypothesis, catalog: Catalog) -> JudgedHypothesis:
    """Return a ruled-out hypothesis with the facts against it first, such as "It is over", then what was not found."""
    entry = catalog.get(one.incident)
    if entry is None or one.verdict is not Verdict.RULED_OUT:
        return one
    facts = {rule.id for rule in entry.evidence if rule.finds is FindingOutcome.REFUTES}

    def is_other(finding: Finding) -> bool:
        return finding.outcome is not FindingOutcome.REFUTES or finding.rule not in facts

    return replace(one, findings=tuple(sorted(one.findings, key=is_other)))


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


def _raised_by_alert(
    alert: Mapping[str, str], obj: Json, kind: str, *, named: Mapping[str, str], catalog: Catalog
) -> tuple[Hypothesis, ...]:
    """Return the hypothesis that the metric behind an alert is beyond its limit; () for any other alert or object."""
    name = alert.get("alertname", "")
    metric, about = alert_metrics().get(name), object_of(alert)
    if metric is None or metric.unjudged or about is None or _ALERT_ENTRY not in catalog.incidents:
        return ()
    names = {name_of(obj), *(node_addresses(obj) if kind == "Node" else ())}
    if metric.about != kind or about.kind != kind or about.name not in names:
        return ()
    if about.namespace and about.namespace != namespace_of(obj):
        return ()
    match = SignatureMatch(signature=name, line=1, quote=f"alertname={name}", score=1.0)
    return (Hypothesis(incident=_ALERT_ENTRY, score=1.0, matches=(match,), named=named),)


def is_of_alert(one: JudgedHypothesis) -> bool:
    """Return whether it judges an alert by its metric."""
    return one.incident == _ALERT_ENTRY


def is_told_by_metrics(one: JudgedHypothesis) -> bool:
    """Return whether the values of the metric were read."""
    return is_of_alert(one) and any(
        finding.outcome is not FindingOutcome.GAP and finding.rows for finding in one.findings
    )
