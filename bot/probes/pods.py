"""Pods that do not run: those that wait for a node and why the scheduler says they do, and those a kubelet evicted.

Of waiting pods only the present counts: the scheduler's message about a pod that has a node by now is history, and the
row says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.evictions import DISK, EvictionCause, parse_eviction
from bot.kube.field_managers import last_written
from bot.kube.objects import (
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
from bot.kube.owners import owner_of
from bot.kube.unschedulable import parse_unschedulable
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s, moment
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import ArgDeclaration, Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType, Value

# Events are only read for pods whose condition has no message: other schedulers than the default one.
MOST_EVENTS: Final = 6
# A node under pressure can leave thousands of evicted pods; the newest tell the story.
MOST_EVICTED: Final = 200

DECLARATION: Final = ProbeDeclaration(
    name="pods",
    says="a row per pod that waits for a node or was evicted; a pod that the request names has one even with a node",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "node": RowType.STRING,
        "message": RowType.STRING,  # of the scheduler or the kubelet
        "age_s": RowType.INTEGER,  # since when it waits, has a node, or is evicted
    },
    args={
        "state": ArgDeclaration(
            says="unscheduled: the pods in question that have no node; evicted: pods evicted on the node, in the"
            " namespace or in the cluster in question, and still listed",
            choices=("unscheduled", "evicted"),
            default="unscheduled",
            fills={
                "unscheduled": {
                    "scheduled": RowType.BOOLEAN,
                    "lacks": RowType.STRINGS,  # resources the message calls insufficient: cpu, pods, nvidia.com/gpu …
                    "wants_taint": RowType.STRINGS,  # taints the message names, as key or key=value
                    "reasons": RowType.STRINGS,  # the filters it names: selector, taint, ports, pods, volume, spread
                    "gates": RowType.STRINGS,  # the pod's schedulingGates
                    "gated_by": RowType.STRING,  # the field manager that wrote them
                    "scheduler": RowType.STRING,  # its schedulerName
                    "seen": RowType.BOOLEAN,  # a scheduler has said something about it
                },
                "evicted": {
                    "asked": RowType.BOOLEAN,  # the request is about this very pod
                    "resource": RowType.STRING,  # one of bot.kube.evictions.EvictionCause
                    "disk": RowType.BOOLEAN,  # for the node's disk, not for a limit of the pod's own
                },
            },
        )
    },
    permissions=(*READS_PODS, Permission(verb="list", resource="events")),
)


async def read(look: Look) -> ProbeResult:
    """Read the pods in that state; `missing` where the pod that the request names is gone."""
    return await _evicted(look) if look.args.get("state") == "evicted" else await _unscheduled(look)


def _common(pod: Json) -> dict[str, Value]:
    owner = owner_of(pod)
    return {
        "namespace": namespace_of(pod),
        "pod": name_of(pod),
        "owner_kind": owner.kind,
        "owner": owner.name,
        "node": node_name_of(pod),
    }


async def _unscheduled(look: Look) -> ProbeResult:
    suspects = await pods_of(look)
    named = look.focus.name if look.focus.kind in ("Pod", "") else ""
    pods = [pod for pod in suspects.pods if waits_for_node(pod) or (named and name_of(pod) == named)]
    from_events, gaps = await _scheduler_events(look, pods)
    rows = tuple(_waiting_row(look, pod, from_events.get(uid_of(pod), "")) for pod in pods)
    return ProbeResult(rows=rows, gaps=tuple(dict.fromkeys((*suspects.gaps, *gaps))), missing=suspects.missing)


async def _scheduler_events(look: Look, pods: list[Json]) -> tuple[Mapping[str, str], list[Gap]]:
    """Return the newest FailedScheduling message by uid, for waiting pods whose condition has none."""
    silent = [pod for pod in pods if waits_for_node(pod) and not condition(pod, "PodScheduled").get("message")]
    searched = silent[:MOST_EVENTS]
    answers = await asyncio.gather(*(_event(look, pod) for pod in searched))
    found = {uid_of(pod): answer for pod, answer in zip(searched, answers, strict=True) if isinstance(answer, str)}
    return found, [answer for answer in answers if isinstance(answer, Gap)]


async def _event(look: Look, pod: Json) -> str | Gap:
    """Return the newest FailedScheduling message about a pod, "" if there is none."""
    try:
        events = await look.snapshot.events(ref(pod, "Pod"))
    except ClusterError as error:
        return error.gap(f"events of pod {namespace_of(pod)}/{name_of(pod)}")
    failed = [str(event.get("message") or "") for event in events if event.get("reason") == "FailedScheduling"]
    return failed[-1] if failed else ""


def _waiting_row(look: Look, pod: Json, from_event: str) -> Row:
    waits, scheduled = waits_for_node(pod), condition(pod, "PodScheduled")
    message = str(scheduled.get("message") or from_event) if waits else ""
    parsed = parse_unschedulable(message)
    since = age_s(look.snapshot, scheduled.get("lastTransitionTime") or created_at(pod))
    values: dict[str, Value] = {
        **_common(pod),
        "message": message,
        "age_s": since,
        "scheduled": not waits,
        "lacks": parsed.lacks,
        "wants_taint": parsed.taints,
        "reasons": parsed.reasons,
        "gates": tuple(str(each.get("name") or "") for each in spec_of(pod).get("schedulingGates") or ()),
        "gated_by": last_written(pod, ("spec", "schedulingGates")).manager,
        "scheduler": str(spec_of(pod).get("schedulerName") or "default-scheduler"),
        "seen": bool(scheduled or message),
    }
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=message or f"PodScheduled={scheduled.get('status', 'Unknown')}",
        reproduce=f"kubectl -n {namespace_of(pod)} describe pod {name_of(pod)}",
        at=moment(look.snapshot, since),
        lasts=waits,
    )


async def _evicted(look: Look) -> ProbeResult:
    """Read the failed pods and keep the evicted ones, newest first."""
    focus = look.focus
    on_node = focus.name if focus.kind == "Node" else focus.node
    namespace = "" if on_node else focus.namespace
    try:
        listing = await look.snapshot.list("Pod", namespace=namespace, fields="status.phase=Failed")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap("evicted pods"),))
    rows = [
        _evicted_row(look, pod)
        for pod in listing.items
        if status_of(pod).get("reason") == "Evicted" and on_node in ("", node_name_of(pod))
    ]
    rows.sort(key=lambda row: (not row.values["asked"], row.values["age_s"], row.subject))
    gap = listing.gap("evicted pods")
    return ProbeResult(rows=tuple(rows[:MOST_EVICTED]), gaps=(gap,) if gap else ())


def _evicted_row(look: Look, pod: Json) -> Row:
    focus, name, namespace = look.focus, name_of(pod), namespace_of(pod)
    message = str(status_of(pod).get("message") or "")
    resource: EvictionCause = parse_eviction(message)
    # Kubelets since 1.26 say when; before, the pod's last sign of life is the nearest that is known.
    when = condition(pod, "DisruptionTarget").get("lastTransitionTime") or _last_sign(pod)
    since = age_s(look.snapshot, when)
    values: dict[str, Value] = {
        **_common(pod),
        "message": message,
        "age_s": since,
        "asked": focus.kind == "Pod" and focus.name == name and focus.namespace in ("", namespace),
        "resource": str(resource),
        "disk": resource in DISK,
    }
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=message,
        reproduce=f"kubectl -n {namespace} get pod {name} -o jsonpath='{{.status.message}}'",
        at=moment(look.snapshot, since),
    )


def _last_sign(pod: Json) -> str:
    status = status_of(pod)
    finished = [
        str((each.get("state") or {}).get("terminated", {}).get("finishedAt") or "")
        for each in status.get("containerStatuses") or ()
    ]
    return max(finished, default="") or str(status.get("startTime") or created_at(pod))


PROBE: Final = Probe(declaration=DECLARATION, read=read)
