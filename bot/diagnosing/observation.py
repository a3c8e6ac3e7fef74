"""Read what an object reports (conditions, containers, events, logs) as texts to match, and what stays unexplained."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeVar

from bot.cluster.container_logs import LogQuery
from bot.cluster.errors import ClusterError, NoLog
from bot.cluster.events import event_count, event_last_seen
from bot.cluster.owners import PERMISSIONS as OF_OWNERS
from bot.cluster.owners import Owners, is_repeated, owners_of, pods_below
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.impact import announced_by_trouble
from bot.kube.containers import Container, containers_in
from bot.kube.health import of_condition, of_event, of_exit, of_reason
from bot.kube.job_runs import cron_job_of, has_completed, has_failed, held_open, success_after
from bot.kube.objects import identity_of, is_builtin, label_selector, name_of, namespace_of, ref, spec_of
from bot.kube.services import selector_of
from bot.kube.settling import (
    STARTING,
    is_part_of_start,
    is_past,
    is_replaced,
    is_settling,
    is_starting,
    names_a_failure,
    ready_since,
)
from bot.probes.contract import may
from bot.probes.shared.log_lines import TAIL_LINES
from intents.catalog.fields import Consequence
from intents.catalog.loader import Catalog
from intents.condition_polarity import is_trouble
from intents.domain import (
    Finding,
    FindingOutcome,
    Gap,
    Json,
    JudgedHypothesis,
    ObjectRef,
    Observation,
    Verdict,
)
from intents.ranking import recovery_of

# Resources that are read in addition to the requested object.
PERMISSIONS: Final = (
    *OF_OWNERS,
    *may("list", "events", "pods", "jobs.batch"),
    *may("get", "pods/log", "nodes", "persistentvolumeclaims"),
)

# Read at most this many failing pods of a workload in full; the incident's probes later look at all.
PODS_READ: Final = 3
LOG_LINES: Final = 400
# A container whose last restart is older than this counts as recovered.
RECENT_RESTART_S: Final = 24 * 3600

# Events of type Normal that say what an object rightly waits for.
_WAITS: Final = frozenset({("PersistentVolumeClaim", "WaitForFirstConsumer")})


class Telling(IntEnum):
    """How much a statement tells of a cause, the most telling first."""

    CONTAINER = 0
    EVENT = 1
    CONDITION = 2
    UNREADY = 3  # only that something is not ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A text that the cluster reports about an object.

    `trouble` marks it as reportable even if nothing explains it; `shows` is the consequence that it shows; `times` says
    how often it was reported.
    """

    subject: ObjectRef
    text: str
    trouble: bool = False
    shows: Consequence | None = None
    telling: Telling = Telling.EVENT
    times: int = 1

    @property
    def rank(self) -> Telling:
        """Return how much it tells; what only says that something is not ready tells least."""
        return Telling.UNREADY if self.shows is Consequence.UNREADY else self.telling


_T = TypeVar("_T")
_Read = Coroutine[Any, Any, tuple[Statement, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """An object's controllers up to the topmost, its statements, and the gaps.

    `identities` tell what the object, its controllers and its pods are; see `identity_of`. `waits`: what the object
    lacks is on its way: its pods start in time, or a claim waits for its first consumer.
    """

    owners: tuple[ObjectRef, ...] = ()
    identities: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    gaps: tuple[Gap, ...] = ()
    waits: bool = False

    @property
    def troubles(self) -> tuple[Statement, ...]:
        """Return the statements that show trouble."""
        return tuple(statement for statement in self.statements if statement.trouble)


async def observe(snapshot: Snapshot, resource: Resource, obj: Json) -> Observed:
    """Read the statements of an object, its owners and its dependencies. Failed reads become gaps."""
    gaps: list[Gap] = []

    async def tolerate(read: Awaitable[tuple[_T, ...]]) -> tuple[_T, ...]:
        try:
            return await read
        except NoLog:
            return ()
        except ClusterError as error:
            gaps.append(error.gap())
            return ()

    async def owners_and_events() -> tuple[Owners, list[tuple[Statement, ...]]]:
        owners = await owners_of(snapshot, obj)
        gaps.extend([owners.gap] if owners.gap else [])
        for one in owners.manifests:
            announced_by_trouble(snapshot, one)
        return owners, await asyncio.gather(*(tolerate(_events(snapshot, one)) for one in owners.manifests))

    # Owners are read one after the other; independent reads run meanwhile.
    chain = asyncio.create_task(owners_and_events())
    pods = (obj,) if resource.kind == "Pod" else await tolerate(_troubled_pods(snapshot, obj))
    below = (obj, *(pod for pod in pods if pod is not obj))
    reads = [_events(snapshot, one) for one in below]
    for pod in pods:
        reads += _about_pod(snapshot, pod)
    reported = await asyncio.gather(*map(tolerate, reads))
    owners, said_of_owners = await chain
    starts = _all_start(snapshot, pods)
    own = (_own(snapshot, one, starts=starts) for one in (*below, *owners.manifests))
    statements = [*own, *reported, *said_of_owners]
    return Observed(
        owners=owners.refs,
        identities=tuple(identity_of(one) for one in (*below, *owners.manifests)),
        statements=tuple(dict.fromkeys(statement for part in statements for statement in part)),
        gaps=tuple(dict.fromkeys(gaps)),
        waits=(starts and resource.kind != "Pod") or _says_it_waits(reported[0]),
    )


def _all_start(snapshot: Snapshot, pods: Sequence[Json]) -> bool:
    """Tell whether some pods are not ready, and all of these start within their time."""
    unready = [pod for pod in pods if ready_since(pod) is None]
    return bool(unready) and all(is_starting(pod, snapshot.now) for pod in unready)


def _says_it_waits(reported: Sequence[Statement]) -> bool:
    return any((each.subject.kind, each.text.partition(":")[0]) in _WAITS for each in reported)


def _own(snapshot: Snapshot, obj: Json, *, starts: bool = False) -> tuple[Statement, ...]:
    """Return the statements of an object's own status. It was read already, so no refusal can hide it.

    `starts`: its pods that are not ready start within their time, so that it cannot be available yet.
    """
    return (*_conditions(snapshot, obj, starts=starts), *_containers(snapshot, obj))


async def _events(snapshot: Snapshot, obj: Json) -> tuple[Statement, ...]:
    subject = ref(obj)
    reported: list[Statement] = []
    for event in await snapshot.events(subject):
        reason, message = str(event.get("reason") or ""), str(event.get("message") or "")
        if is_past(event_last_seen(event), obj, subject.kind, snapshot.now):
            continue
        if is_part_of_start(reason, message, obj, subject.kind, snapshot.now):
            continue
        text = f"{reason}: {message}"
        trouble = event.get("type") == "Warning"
        shows = of_event(reason, message)
        times = event_count(event)
        reported.append(Statement(subject=subject, text=text, trouble=trouble, shows=shows, times=times))
    return tuple(reported)


def _conditions(snapshot: Snapshot, obj: Json, *, starts: bool = False) -> Iterator[Statement]:
    subject, status = ref(obj), obj.get("status") or {}
    if status.get("reason") or status.get("message"):
        text = f"{status.get('reason', '')}: {status.get('message', '')}"
        shows = of_reason(str(status.get("reason") or ""))
        yield Statement(subject=subject, text=text, trouble=True, shows=shows, telling=Telling.CONTAINER)
    settling = starts or is_settling(obj, subject.kind, snapshot.now)
    for each in status.get("conditions") or ():
        if is_trouble(subject.kind, each) and not (settling and not names_a_failure(subject.kind, each)):
            says = f"{each.get('reason', '')}: {each.get('message', '')}".strip(": ")
            text = f"{each.get('type', '')}={each.get('status', '')} {says}".rstrip()
            shows = of_condition(subject.kind, str(each.get("type") or ""))
            yield Statement(subject=subject, text=text, trouble=True, shows=shows, telling=Telling.CONDITION)


def _started_containers(obj: Json) -> Iterator[Container]:
    """Return the containers for which the kubelet has reported a status."""
    return (container for container in containers_in(obj) if container.status)


def _containers(snapshot: Snapshot, obj: Json) -> Iterator[Statement]:
    subject = ref(obj)
    for container in _started_containers(obj):
        waiting = container.detail if container.state == "waiting" else {}
        if waiting and waiting.get("reason") not in STARTING:
            text = f"container {container.name} waiting: {waiting.get('reason', '')}: {waiting.get('message', '')}"
            shows = of_reason(str(waiting.get("reason") or ""))
            yield Statement(subject=subject, text=text, trouble=True, shows=shows, telling=Telling.CONTAINER)
        for key in ("state", "lastState"):
            ended = (container.status.get(key) or {}).get("terminated")
            if ended and ended.get("exitCode") and _recent(ended, snapshot):
                text = (
                    f"container {container.name} terminated: {ended.get('reason', '')}, exit code {ended['exitCode']} "
                    f"{ended.get('message', '')}"
                ).rstrip()
                shows = of_exit(str((obj.get("status") or {}).get("reason") or ""))
                # The kubelet ends the containers of a pod that it evicts.
                telling = Telling.CONDITION if shows is Consequence.EVICTED else Telling.CONTAINER
                yield Statement(subject=subject, text=text, trouble=True, shows=shows, telling=telling)
    if subject.kind == "Pod" and (held := held_open(obj, snapshot.now)):
        yield Statement(subject=subject, text=held, trouble=True, telling=Telling.CONTAINER)


def _recent(ended: Mapping[str, Any], snapshot: Snapshot) -> bool:
    age = snapshot.age(ended.get("finishedAt"))
    return age is None or age < RECENT_RESTART_S


def _about_pod(snapshot: Snapshot, pod: Json) -> list[_Read]:
    """Return the reads of a pod's logs, its node and its claims."""
    spec = pod.get("spec") or {}
    reads = [_log(snapshot, pod, name, previous=previous) for name, previous in _relevant_logs(pod, snapshot)]
    if node := spec.get("nodeName"):
        reads.append(_node(snapshot, node))
    claims = [(volume.get("persistentVolumeClaim") or {}).get("claimName") for volume in spec.get("volumes") or ()]
    return reads + [_claim(snapshot, name, namespace_of(pod)) for name in claims if name]


def _relevant_logs(pod: Json, snapshot: Snapshot) -> Iterator[tuple[str, bool]]:
    """Return the containers whose log may show the cause, and whether to read the log before the restart."""
    for container in _started_containers(pod):
        last = (container.status.get("lastState") or {}).get("terminated")
        restarted = bool(last) and container.restarts > 0 and _recent(last or {}, snapshot)
        done = container.state == "terminated" and container.detail.get("exitCode") == 0
        if restarted:
            yield container.name, True
        never_started = container.state == "waiting" and bool(container.detail) and not restarted
        if not done and not never_started and (restarted or not container.ready):
            yield container.name, False


async def _log(snapshot: Snapshot, pod: Json, container: str, *, previous: bool) -> tuple[Statement, ...]:
    # The same call as in the probes, so that both are coalesced into one.
    text = await snapshot.log(LogQuery.of(pod, container, previous=previous, tail_lines=TAIL_LINES, timestamps=True))
    end = "\n".join(text.splitlines()[-LOG_LINES:])
    return (Statement(subject=ref(pod), text=end),) if end.strip() else ()


async def _node(snapshot: Snapshot, name: str) -> tuple[Statement, ...]:
    node = await snapshot.find("Node", name)
    return tuple(_conditions(snapshot, node)) if node else ()


async def _claim(snapshot: Snapshot, name: str, namespace: str) -> tuple[Statement, ...]:
    claim = await snapshot.find("PersistentVolumeClaim", name, namespace=namespace)
    if claim is None:
        subject = ObjectRef(kind="PersistentVolumeClaim", namespace=namespace, name=name)
        return (Statement(subject=subject, text=f'persistentvolumeclaim "{name}" not found', trouble=True),)
    if (claim.get("status") or {}).get("phase") == "Bound":
        return ()
    return (*_own(snapshot, claim), *await _events(snapshot, claim))


async def _troubled_pods(snapshot: Snapshot, obj: Json) -> tuple[Json, ...]:
    """Return the pods of a workload, Service or custom resource that are not ready, those that only start last."""
    of_service = str(obj.get("kind")) == "Service" and is_builtin(obj)
    labels = selector_of(obj) if of_service else (spec_of(obj).get("selector") or {}).get("matchLabels") or {}
    if not namespace_of(obj):
        return ()
    if str(obj.get("kind")) == "CronJob" and is_builtin(obj):
        missed = await _pods_of_runs(snapshot, obj)
    elif is_builtin(obj):
        if not labels or (obj.get("kind") == "Job" and await is_repeated(snapshot, obj)):
            return ()
        listing = await snapshot.list("Pod", namespace=namespace_of(obj), labels=label_selector(dict(labels)))
        kind = str(obj.get("kind") or "")
        missed = [pod for pod in listing.items if not is_replaced(pod, obj, kind)]
    else:
        missed = list(await pods_below(snapshot, ref(obj), only=_is_troubled))

    def urgency(pod: Json) -> tuple[bool, bool, int, str]:
        return ready_since(pod) is not None, is_starting(pod, snapshot.now), -_restarts(pod), name_of(pod)

    return tuple(sorted(filter(_is_troubled, missed), key=urgency)[:PODS_READ])


async def _pods_of_runs(snapshot: Snapshot, cron: Json) -> list[Json]:
    """Return the pods of the Jobs of a CronJob that have not done their work, and no later one has.

    What failed before it was suspended is the past.
    """
    home, jobs = namespace_of(cron), (await snapshot.list("Job", namespace=namespace_of(cron))).items
    runs = [
        name_of(each)
        for each in jobs
        if cron_job_of(each) == name_of(cron) and not has_completed(each)
        if not (has_failed(each) and (spec_of(cron).get("suspend") or success_after(each, jobs)))
    ]
    lists = await asyncio.gather(
        *(snapshot.list("Pod", namespace=home, labels=label_selector({"job-name": run})) for run in runs[-PODS_READ:])
    )
    return [pod for each in lists for pod in each.items]


def _is_troubled(pod: Json) -> bool:
    return ready_since(pod) is None or _restarts(pod) > 0


def _restarts(pod: Json) -> int:
    return sum(container.restarts for container in containers_in(pod))


_MOST: Final = 8
# Quotes with the same first characters count as the same.
_TELLING: Final = 120
_CONDITION: Final = re.compile(r"^\w+=\w+ ")


def unexplained(observed: Observed, judged: Sequence[JudgedHypothesis], catalog: Catalog) -> tuple[Observation, ...]:
    """Return the trouble that no remaining hypothesis matched or found, and that follows from no confirmed one.

    What an incident left behind that is over needs no explanation either.
    The most telling comes first: how containers ended, then events, then conditions.
    """
    remaining = [one for one in judged if one.verdict is not Verdict.RULED_OUT]
    quotes = [match.quote for one in remaining for match in one.hypothesis.matches]
    quotes += [
        finding.quote for one in remaining for finding in one.findings if finding.outcome is FindingOutcome.SUPPORTS
    ]
    ended = {one.incident: over for one in judged if (over := recovery_of(one))}
    # Other conditions of the object may say the same: Failed and FailureTarget of a Job.
    quotes += [_CONDITION.sub("", row.quote) for over in ended.values() for row in over.rows]
    quoted = [" ".join(quote.split())[:_TELLING] for quote in quotes if quote]
    confirmed = [
        (entry.explains, frozenset(_pods(one.cluster_support)))
        for one in judged
        if one.verdict is Verdict.CONFIRMED and (entry := catalog.get(one.incident)) and entry.explains
    ]
    past = [(entry.explains, frozenset(_pods((over,)))) for name, over in ended.items() if (entry := catalog.get(name))]
    left = [
        statement
        for statement in observed.troubles
        if not _is_quoted(statement.text, quoted)
        and not any(_follows(statement, explains, pods) for explains, pods in confirmed)
        and not any(_is_left(statement, explains, pods) for explains, pods in past)
    ]
    left.sort(key=lambda each: (each.rank, each.subject, each.text))
    told = (Observation(subject=each.subject, quote=each.text, times=each.times) for each in left)
    return tuple({(one.subject, one.quote): one for one in told}.values())[:_MOST]


def _follows(statement: Statement, explains: Collection[Consequence], pods: Collection[tuple[str, str]]) -> bool:
    """Return whether a statement shows a consequence of a cause; of a pod, only if the cause was proven for it.

    A pod that a cause affects is not ready either.
    """
    if not (statement.shows in explains or statement.shows is Consequence.UNREADY):
        return False
    pod = (statement.subject.namespace, statement.subject.name)
    return statement.subject.kind != "Pod" or not pods or pod in pods


def _is_left(statement: Statement, explains: Collection[Consequence], pods: Collection[tuple[str, str]]) -> bool:
    """Return whether a statement is how a container ended before it recovered; what happens still is none of that."""
    pod = (statement.subject.namespace, statement.subject.name)
    return statement.telling is Telling.CONTAINER and statement.shows in explains and pod in pods


def _pods(findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of the pods that these are about."""
    for finding in findings:
        for row in finding.rows:
            subject = row.subject
            if subject.kind == "Pod":
                yield subject.namespace, subject.name
            if pod := row.values.get("pod"):
                yield str(row.values.get("namespace", subject.namespace)), str(pod)


def untold(observations: Sequence[Observation], judged: Iterable[JudgedHypothesis]) -> tuple[Observation, ...]:
    """Return the observations that no finding quotes, whether it supports or refutes."""
    quoted = [" ".join(each.quote.split())[:_TELLING] for one in judged for each in one.findings if each.quote]
    return tuple(one for one in observations if not _is_quoted(one.quote, quoted))


def is_over(problem: str, judged: Iterable[JudgedHypothesis]) -> bool:
    """Tell whether a problem is what an incident left behind that is over."""
    quotes = [" ".join(row.quote.split()) for one in judged if (over := recovery_of(one)) for row in over.rows]
    return _is_quoted(problem, [quote for quote in quotes if quote])


def _is_quoted(text: str, quoted: Sequence[str]) -> bool:
    """Tell whether one text contains the other's beginning; quotes may be cut."""
    flat = " ".join(text.split())
    return any(quote in flat or flat[:_TELLING] in quote for quote in quoted)
