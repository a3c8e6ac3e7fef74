"""Pods that did not end by themselves: evicted ones, and those that their node's kubelet did not admit.

Such a pod stays in the list after its controller has made another one: the row says whether the other one is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.evictions import parse_amounts, parse_eviction
from bot.kube.objects import (
    created_at,
    has_ended,
    is_terminating,
    name_of,
    namespace_of,
    node_name_of,
    phase_of,
    ref,
    status_of,
)
from bot.kube.owners import owner_of
from bot.kube.pod_endings import EvictedBy, evicted_by, is_rejected
from bot.kube.pod_readiness import is_ready
from bot.kube.timestamps import parse_time
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s, moment
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import ArgDeclaration, Gap, Json, ProbeDeclaration, ProbeResult, Row, RowType, Value

# A node under pressure can leave thousands of evicted pods; the newest tell the story.
_MOST_ROWS: Final = 100
_MOST_NAMESPACES: Final = 5

DECLARATION: Final = ProbeDeclaration(
    name="pod-endings",
    says="a row per pod in question that was evicted, or that its node did not admit",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "node": RowType.STRING,
        "reason": RowType.STRING,  # of the pod's status: Evicted, OutOfcpu; or of its condition DisruptionTarget
        "message": RowType.STRING,
        "since_s": RowType.INTEGER,
        "failed": RowType.BOOLEAN,  # it has ended, and can be deleted
        "replacement": RowType.STRING,  # the newest pod of the same owner that is ready and younger than the ending
        "replaced": RowType.BOOLEAN,  # such a pod is there, and no other younger one waits
    },
    args={
        "how": ArgDeclaration(
            says="evicted: by a kubelet, a taint, a preemption or the eviction API; rejected: not admitted by its node",
            choices=("evicted", "rejected"),
            default="evicted",
            fills={
                "evicted": {
                    "by": RowType.STRING,  # one of bot.kube.pod_endings.EvictedBy
                    "resource": RowType.STRING,  # one of bot.kube.evictions.EvictionCause
                    "threshold": RowType.STRING,
                    "available": RowType.STRING,
                    "container": RowType.STRING,
                    "used": RowType.STRING,
                    "requested": RowType.STRING,
                    "limit": RowType.STRING,
                }
            },
        )
    },
    permissions=READS_PODS,
)


async def read(look: Look) -> ProbeResult:
    """Read the pods in question that ended so, newest first; `missing` where the one named is gone."""
    rejected = look.args.get("how") == "rejected"
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if (is_rejected(pod) if rejected else evicted_by(pod))]
    pods.sort(key=lambda pod: (age_s(look.snapshot, _ended_at(pod)), name_of(pod)))
    chosen = pods[:_MOST_ROWS]
    siblings, gaps = await _siblings(look, chosen)
    rows = tuple(_row(look, pod, siblings, rejected=rejected) for pod in chosen)
    gaps = list(dict.fromkeys((*suspects.gaps, *gaps)))
    return ProbeResult(rows=rows, gaps=tuple(gaps), missing=suspects.missing, looked_at=len(suspects.pods))


async def _siblings(look: Look, pods: Sequence[Json]) -> tuple[list[Json], list[Gap]]:
    """Return the pods of the namespaces in which a controller may have replaced one of these pods."""
    gaps: list[Gap] = []

    async def listed(namespace: str) -> tuple[Json, ...]:
        try:
            return (await look.snapshot.list("Pod", namespace=namespace)).items
        except ClusterError as error:
            gaps.append(error.gap(f"pods in {namespace}, for a replacement"))
            return ()

    namespaces = dict.fromkeys(namespace_of(pod) for pod in pods if owner_of(pod).kind != "Pod")
    parts = await asyncio.gather(*map(listed, list(namespaces)[:_MOST_NAMESPACES]))
    return [pod for part in parts for pod in part], gaps


def _ended_at(pod: Json) -> str:
    """Return when a pod was evicted or refused: kubelets since 1.26 write it, else its last sign of life is nearest."""
    status = status_of(pod)
    if at := condition(pod, "DisruptionTarget").get("lastTransitionTime"):
        return str(at)
    ended = [
        str((each.get("state") or {}).get("terminated", {}).get("finishedAt") or "")
        for each in status.get("containerStatuses") or ()
    ]
    return max(ended, default="") or str(status.get("startTime") or created_at(pod))


def _row(look: Look, pod: Json, siblings: Sequence[Json], *, rejected: bool) -> Row:
    status, owner, since = status_of(pod), owner_of(pod), age_s(look.snapshot, _ended_at(pod))
    target = condition(pod, "DisruptionTarget")
    message = str(status.get("message") or target.get("message") or "").strip()
    younger = _younger(pod, siblings)
    ready = [each for each in younger if is_ready(each) or phase_of(each) == "Succeeded"]
    values: dict[str, Value] = {
        "namespace": namespace_of(pod),
        "pod": name_of(pod),
        "owner_kind": owner.kind,
        "owner": owner.name,
        "node": node_name_of(pod),
        "reason": str(status.get("reason") or target.get("reason") or ""),
        "message": message,
        "since_s": since,
        "failed": has_ended(pod),
        "replacement": name_of(ready[-1]) if ready else "",
        "replaced": bool(ready) and len(ready) == len(younger),
    }
    if not rejected:
        amounts = parse_amounts(message)
        values |= {
            "by": str(evicted_by(pod)),
            "resource": str(parse_eviction(message)) if evicted_by(pod) is EvictedBy.KUBELET else "",
            "threshold": amounts.threshold,
            "available": amounts.available,
            "container": amounts.container,
            "used": amounts.used,
            "requested": amounts.requested,
            "limit": amounts.limit,
        }
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=message or str(values["reason"]),
        reproduce=f"kubectl -n {namespace_of(pod)} get pod {name_of(pod)} -o jsonpath='{{.status.message}}'",
        at=moment(look.snapshot, since),
    )


def _younger(pod: Json, siblings: Sequence[Json]) -> list[Json]:
    """Return the pods that the same controller made after this one ended and that have not ended so, oldest first."""
    owner, ended = owner_of(pod), parse_time(_ended_at(pod))
    if owner.kind == "Pod" or ended is None:
        return []
    mine = [
        (born, each)
        for each in siblings
        if (born := _born(each)) is not None and born >= ended and owner_of(each) == owner and not is_terminating(each)
    ]
    kept = [each for _, each in sorted(mine, key=lambda one: one[0])]
    return [each for each in kept if not is_rejected(each) and not evicted_by(each)]


def _born(pod: Json) -> datetime | None:
    return parse_time(created_at(pod))


PROBE: Final = Probe(declaration=DECLARATION, read=read)
