"""Find the objects that say a line of a text: in events, conditions, container states, and the logs of programs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

from bot.cluster.container_logs import LogQuery
from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen, involved_object
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.called import Called
from bot.kube.containers import containers_in
from bot.kube.objects import name_of, named_ref, namespace_of, status_of
from bot.kube.owners import stem_of_hash, workload_of
from bot.kube.pod_states import is_ready
from bot.kube.timestamps import parse_time
from bot.probes.contract import may
from bot.probes.shared.log_lines import TAIL_LINES
from intents.anchors import Statement, speakers
from intents.domain import Existence, Json, NamedObject, ObjectRef, Text

PERMISSIONS: Final = (*may("list", "events", "pods"), *may("get", "pods/log"))

_LINES: Final = 20
_LOGS: Final = 6
_READY_LOGS: Final = 10
_LAST_LINES: Final = 50
# What a ready program has not repeated for so long is over.
_PAST: Final = timedelta(minutes=15)
_EVENT: Final = Text(en="an event", zh="事件")
_CONDITION: Final = Text(en="a condition", zh="状态条件")
_STATE: Final = Text(en="a container's state", zh="容器状态")
_LOG: Final = Text(en="the log", zh="日志")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speakers:
    """The objects that say a line of the text: one per workload, the latest first, each with what it says."""

    found: tuple[Statement, ...] = ()
    past: bool = False  # whether the only one logged it long ago, and is ready

    @property
    def only(self) -> Statement | None:
        """Return the statement if only one workload makes it."""
        return self.found[0] if len(self.found) == 1 else None


async def speakers_of(
    snapshot: Snapshot,
    lines: Sequence[str],
    *,
    namespace: str = "",
    logs: bool = False,
    called: Called | None = None,
) -> Speakers:
    """Return who says one of the lines now. What cannot be read says nothing. Raise no ClusterError."""
    asked = [line for line in lines if line.strip()][:_LINES]
    if not asked:
        return Speakers()
    events, pods = await asyncio.gather(
        snapshot.list_readable("Event", namespace, fields="type=Warning"), snapshot.list_readable("Pod", namespace)
    )
    said = [*map(_of_event, events), *(one for pod in pods for one in _of_pod(pod))]
    if found := speakers(asked, said):
        return Speakers(found=_one_per_workload(found, pods))
    if not logs:
        return Speakers()
    pods = tuple(called.callers_first(pods)) if called else pods
    troubled = [(pod, name, previous) for pod in pods for name, previous in _failing(pod)][:_LOGS]
    # A program that is ready may say it as well; where nothing tells which, these are too many.
    may_say = _one_of_each_workload_first(pods) if namespace or called else ()
    ready = [(pod, name, False) for pod in may_say for name in _ready(pod)]
    chosen = (*troubled, *ready[:_READY_LOGS])
    read = await asyncio.gather(*(_of_log(snapshot, *each) for each in chosen))
    found = _one_per_workload(speakers(asked, [one for part in read for one in part]), pods)
    if not found and namespace:
        # What a controller says of an object that is well.
        usual = await snapshot.list_readable("Event", namespace, fields="type=Normal")
        found = _one_per_workload(speakers(asked, [*map(_of_event, usual)]), pods)
    return Speakers(found=found, past=len(found) == 1 and _is_past(found[0], pods, snapshot.now))


def _is_past(statement: Statement, pods: Iterable[Json], now: datetime) -> bool:
    """Tell whether a line of a log was written long ago by a program that is ready now."""
    said_long_ago = statement.at is not None and now - statement.at >= _PAST
    return said_long_ago and any(is_ready(pod) and named_ref(pod, "Pod") == statement.subject for pod in pods)


def note_of(statement: Statement, *, now: datetime) -> NamedObject:
    """Return what is said first where the text is about the object that says its line."""
    said_s = max(int((now - statement.at).total_seconds()), 0) if statement.at else None
    return NamedObject(target=statement.subject, existence=Existence.QUOTED, source=statement.source, said_s=said_s)


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


def _one_of_each_workload_first(pods: Iterable[Json]) -> Iterable[Json]:
    """Return one pod of each workload, then their second ones, and so on: most pods of one log alike."""
    of_workload: dict[ObjectRef, list[Json]] = {}
    for pod in pods:
        of_workload.setdefault(workload_of(pod), []).append(pod)
    return (pod for turn in zip_longest(*of_workload.values()) for pod in turn if pod is not None)


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
