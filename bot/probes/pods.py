"""Pods that do not run: those that wait for a node and why the scheduler says they do, and those a kubelet evicted.

Of waiting pods only the present counts: the scheduler's message about a pod that has a node by now is history, and the
row says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.kube.objects import (
    condition,
    created_at,
    name_of,
    namespace_of,
    node_name_of,
    ref,
    spec_of,
    status_of,
    uid_of,
    waits_for_node,
)
from bot.kube.owners import last_written
from bot.kube.placement import Unschedulable, parse_unschedulable
from bot.kube.pod_states import DISK, EvictionCause, ended_at, eviction_cause
from bot.probes.contract import Look, RowValues, may, probe, probe_of
from bot.probes.shared.scope import READS_PODS, PodValues, pod_values, pods_of
from intents.domain import Json, ProbeResult, Row

# Events are only read for pods whose condition has no message: other schedulers than the default one.
MOST_EVENTS: Final = 6
# A node under pressure can leave thousands of evicted pods; the newest tell the story.
MOST_EVICTED: Final = 200


class _Pod(RowValues):
    of: PodValues
    node: str
    message: str  # of the scheduler or the kubelet
    age_s: int  # since when it waits, has a node, or is evicted


class _Unscheduled(RowValues):
    scheduled: bool
    said: Unschedulable
    gates: tuple[str, ...]  # the pod's schedulingGates
    gated_by: str  # the field manager that wrote them
    scheduler: str  # its schedulerName
    seen: bool  # a scheduler has said something about it


class _Evicted(RowValues):
    asked: bool  # the request is about this very pod
    resource: str  # one of bot.kube.pod_states.EvictionCause
    disk: bool  # for the node's disk, not for a limit of the pod's own


@probe(says="the pods in question that have no node", row=_Unscheduled)
async def _unscheduled(look: Look) -> ProbeResult:
    """Read the pods that wait; `missing` where the one that the request names is gone."""
    suspects = await pods_of(look)
    named = look.focus.name if look.focus.kind in ("Pod", "") else ""
    pods = [pod for pod in suspects.pods if waits_for_node(pod) or (named and name_of(pod) == named)]
    from_events = await _scheduler_events(look, pods)
    rows = tuple(_waiting_row(look, pod, from_events.get(uid_of(pod), "")) for pod in pods)
    return ProbeResult(rows=rows, missing=suspects.missing)


async def _scheduler_events(look: Look, pods: list[Json]) -> Mapping[str, str]:
    """Return the newest FailedScheduling message by uid, for waiting pods whose condition has none."""
    silent = [pod for pod in pods if waits_for_node(pod) and not condition(pod, "PodScheduled").get("message")]
    searched = silent[:MOST_EVENTS]
    answers = await asyncio.gather(*(look.newest_message(ref(pod, "Pod"), "FailedScheduling") for pod in searched))
    return {uid_of(pod): answer for pod, answer in zip(searched, answers, strict=True)}


def _waiting_row(look: Look, pod: Json, from_event: str) -> Row:
    waits, scheduled = waits_for_node(pod), condition(pod, "PodScheduled")
    message = str(scheduled.get("message") or from_event) if waits else ""
    since = look.age_s(scheduled.get("lastTransitionTime") or created_at(pod))
    waiting = _Unscheduled(
        scheduled=not waits,
        said=parse_unschedulable(message),
        gates=tuple(str(each.get("name") or "") for each in spec_of(pod).get("schedulingGates") or ()),
        gated_by=last_written(pod, ("spec", "schedulingGates")).manager,
        scheduler=str(spec_of(pod).get("schedulerName") or "default-scheduler"),
        seen=bool(scheduled or message),
    )
    return _Pod(of=pod_values(pod), node=node_name_of(pod), message=message, age_s=since).row(
        ref(pod, "Pod"),
        quote=message or f"PodScheduled={scheduled.get('status', 'Unknown')}",
        at=look.moment(since),
        lasts=waits,
        more=waiting.values(),
    )


@probe(says="pods evicted on the node, in the namespace or in the cluster in question, and still listed", row=_Evicted)
async def _evicted(look: Look) -> ProbeResult:
    """Read the failed pods and keep the evicted ones, newest first."""
    on_node = look.focus.named_node
    namespace = "" if on_node else look.focus.namespace
    failed = await look.list("Pod", namespace=namespace, fields="status.phase=Failed")
    rows = [
        _evicted_row(look, pod, cause)
        for pod in failed
        if (cause := eviction_cause(pod)) and on_node in ("", node_name_of(pod))
    ]
    rows.sort(key=lambda row: (not row.values["asked"], row.values["age_s"], row.subject))
    return ProbeResult(rows=tuple(rows[:MOST_EVICTED]))


def _evicted_row(look: Look, pod: Json, cause: EvictionCause) -> Row:
    focus, name, namespace = look.focus, name_of(pod), namespace_of(pod)
    message = str(status_of(pod).get("message") or "")
    since = look.age_s(ended_at(pod))
    evicted = _Evicted(
        asked=focus.kind == "Pod" and focus.name == name and focus.namespace in ("", namespace),
        resource=str(cause),
        disk=cause in DISK,
    )
    return _Pod(of=pod_values(pod), node=node_name_of(pod), message=message, age_s=since).row(
        ref(pod, "Pod"),
        quote=message,
        reproduce=f"kubectl -n {namespace} get pod {name} -o jsonpath='{{.status.message}}'",
        at=look.moment(since),
        more=evicted.values(),
    )


read: Final = probe_of(
    {"unscheduled": _unscheduled, "evicted": _evicted},
    says="a row per pod that waits for a node or was evicted; a pod that the request names has one even with a node",
    row=_Pod,
    by="state",
    permissions=(*READS_PODS, *may("list", "events")),
)
