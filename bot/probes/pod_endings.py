"""Pods that did not end by themselves: evicted ones, and those that their node's kubelet did not admit.

Such a pod stays in the list after its controller has made another one: the row says whether the other one is ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.kube.objects import (
    condition,
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
from bot.kube.pod_states import (
    Amounts,
    EvictedBy,
    ended_at,
    evicted_by,
    is_ready,
    is_rejected,
    parse_amounts,
    parse_eviction,
)
from bot.kube.timestamps import parse_time
from bot.probes.contract import Look, RowValues, probe
from bot.probes.shared.scope import READS_PODS, PodValues, pod_values, pods_of
from intents.domain import ArgDeclaration, Json, ProbeResult, Row

# A node under pressure can leave thousands of evicted pods; the newest tell the story.
_MOST_ROWS: Final = 100
_MOST_NAMESPACES: Final = 5


class _Ending(RowValues):
    of: PodValues
    node: str
    reason: str  # of the pod's status: Evicted, OutOfcpu; or of its condition DisruptionTarget
    message: str
    since_s: int
    failed: bool  # it has ended, and can be deleted
    replacement: str  # the newest pod of the same owner that is ready and younger than the ending
    replaced: bool  # such a pod is there, and no other younger one waits


class _Eviction(RowValues):
    by: str  # one of bot.kube.pod_states.EvictedBy
    resource: str  # one of bot.kube.pod_states.EvictionCause
    amounts: Amounts


@probe(
    says="a row per pod in question that was evicted, or that its node did not admit",
    row=_Ending,
    args={
        "how": ArgDeclaration(
            says="evicted: by a kubelet, a taint, a preemption or the eviction API; rejected: not admitted by its node",
            choices=("evicted", "rejected"),
            default="evicted",
            fills={"evicted": _Eviction.keys()},
        )
    },
    permissions=READS_PODS,
)
async def read(look: Look) -> ProbeResult:
    """Read the pods in question that ended so, newest first; `missing` where the one named is gone."""
    rejected = look.args.get("how") == "rejected"
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if (is_rejected(pod) if rejected else evicted_by(pod))]
    pods.sort(key=lambda pod: (look.age_s(ended_at(pod)), name_of(pod)))
    chosen = pods[:_MOST_ROWS]
    siblings = await _siblings(look, chosen)
    rows = tuple(_row(look, pod, siblings, rejected=rejected) for pod in chosen)
    return ProbeResult(rows=rows, missing=suspects.missing, looked_at=len(suspects.pods))


async def _siblings(look: Look, pods: Sequence[Json]) -> list[Json]:
    """Return the pods of the namespaces in which a controller may have replaced one of these pods."""
    namespaces = dict.fromkeys(namespace_of(pod) for pod in pods if owner_of(pod).kind != "Pod")
    parts = await asyncio.gather(
        *(look.list("Pod", namespace=namespace) for namespace in list(namespaces)[:_MOST_NAMESPACES])
    )
    return [pod for part in parts for pod in part]


def _row(look: Look, pod: Json, siblings: Sequence[Json], *, rejected: bool) -> Row:
    status, since = status_of(pod), look.age_s(ended_at(pod))
    target = condition(pod, "DisruptionTarget")
    message = str(status.get("message") or target.get("message") or "").strip()
    younger = _younger(pod, siblings)
    ready = [each for each in younger if is_ready(each) or phase_of(each) == "Succeeded"]
    reason = str(status.get("reason") or target.get("reason") or "")
    return _Ending(
        of=pod_values(pod),
        node=node_name_of(pod),
        reason=reason,
        message=message,
        since_s=since,
        failed=has_ended(pod),
        replacement=name_of(ready[-1]) if ready else "",
        replaced=bool(ready) and len(ready) == len(younger),
    ).row(
        ref(pod, "Pod"),
        quote=message or reason,
        reproduce=f"kubectl -n {namespace_of(pod)} get pod {name_of(pod)} -o jsonpath='{{.status.message}}'",
        at=look.moment(since),
        more={} if rejected else _eviction(pod, message).values(),
    )


def _eviction(pod: Json, message: str) -> _Eviction:
    by = evicted_by(pod)
    resource = str(parse_eviction(message)) if by is EvictedBy.KUBELET else ""
    return _Eviction(by=str(by), resource=resource, amounts=parse_amounts(message))


def _younger(pod: Json, siblings: Sequence[Json]) -> list[Json]:
    """Return the pods that the same controller made after this one ended and that have not ended so, oldest first."""
    owner, ended = owner_of(pod), parse_time(ended_at(pod))
    if owner.kind == "Pod" or ended is None:
        return []
    mine = [
        (born, each)
        for each in siblings
        if (born := parse_time(created_at(each))) is not None
        and born >= ended
        and owner_of(each) == owner
        and not is_terminating(each)
    ]
    kept = [each for _, each in sorted(mine, key=lambda one: one[0])]
    return [each for each in kept if not is_rejected(each) and not evicted_by(each)]
