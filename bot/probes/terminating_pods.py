"""Pods that are being deleted: how long past their grace period, and what can hold them.

A pod is gone once its kubelet has reported that the containers stopped and the volumes are unmounted, and once every
finalizer is removed. A deletionTimestamp is the end of the grace period, not its beginning.
"""

from __future__ import annotations

import asyncio
from typing import Final

from bot.kube.deletions import finalizers_of, node_state, remover_of, still_running, stop_hooks
from bot.kube.objects import condition, is_terminating, metadata_of, name_of, node_name_of, place_of, ref
from bot.kube.owners import controller_of
from bot.kube.timestamps import UNKNOWN, parse_time
from bot.kube.volumes import claim_names
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.scope import READS_PODS, PodValues, pod_values, pods_of
from intents.domain import Json, ProbeResult, Row

_MOST_ROWS: Final = 50
# The nodes and controllers of so many pods are read, those longest overdue first.
_MOST_READ: Final = 10


class _Pod(RowValues):
    of: PodValues
    owner_gone: bool  # the Job that controls it no longer exists
    node: str
    node_state: str  # ready, not ready, not reporting, gone; "" where it has no node or was not read
    node_since_s: int
    overdue_s: int  # since the end of its grace period; 0 before that
    left_s: int  # until the end of its grace period; 0 after that
    grace_s: int
    finalizers: tuple[str, ...]
    keepers: tuple[str, ...]  # the controllers that remove them
    running: tuple[str, ...]  # containers that run by the kubelet's last report
    hooks: tuple[str, ...]  # containers with a preStop hook
    claims: tuple[str, ...]


@probe(
    says="a row per pod in question that is being deleted: how long past its grace period, and what can hold it",
    row=_Pod,
    permissions=(*READS_PODS, *may("get", "nodes")),
)
async def read(look: Look) -> ProbeResult:
    """Read the pods in question that are being deleted, those longest overdue first."""
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if is_terminating(pod)]
    pods.sort(key=lambda pod: (-_overdue_s(look, pod), name_of(pod)))
    rows = await asyncio.gather(
        *(_row(look, pod, full=index < _MOST_READ) for index, pod in enumerate(pods[:_MOST_ROWS]))
    )
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=len(suspects.pods))


def _overdue_s(look: Look, pod: Json) -> int:
    """Return the seconds since the end of the grace period, negative before it."""
    ends = parse_time(metadata_of(pod).get("deletionTimestamp"))
    return int((look.now - ends).total_seconds()) if ends else 0


async def _row(look: Look, pod: Json, *, full: bool) -> Row:
    namespace, name = place_of(pod)
    overdue, finalizers = _overdue_s(look, pod), finalizers_of(pod)
    unknown = ("", UNKNOWN)
    state, since = await look.unless_refused(_node(look, pod), unknown) if full else unknown
    return _Pod(
        of=pod_values(pod),
        owner_gone=full and bool(finalizers) and await look.unless_refused(_owner_is_gone(look, pod), False),
        node=node_name_of(pod),
        node_state=state,
        node_since_s=since,
        overdue_s=max(overdue, 0),
        left_s=max(-overdue, 0),
        grace_s=int(metadata_of(pod).get("deletionGracePeriodSeconds") or 0),
        finalizers=finalizers,
        keepers=tuple(dict.fromkeys(remover_of(pod, each, ()).says for each in finalizers)),
        running=still_running(pod),
        hooks=stop_hooks(pod),
        claims=claim_names(pod),
    ).row(
        ref(pod, "Pod"),
        quote=f"deletionTimestamp {metadata_of(pod).get('deletionTimestamp')}, finalizers {list(finalizers)}",
        reproduce=f"kubectl -n {namespace} get pod {name} -o jsonpath='{{.metadata}}'",
    )


async def _node(look: Look, pod: Json) -> tuple[str, int]:
    """Return the state of a pod's node and since when. Raise ClusterError."""
    name = node_name_of(pod)
    if not name:
        return "", UNKNOWN
    node = await look.snapshot.find("Node", name)
    since = condition(node, "Ready").get("lastTransitionTime") if node else ""
    return node_state(node), look.age_s(since)


async def _owner_is_gone(look: Look, pod: Json) -> bool:
    """Tell whether the Job that controls a pod no longer exists. Raise ClusterError."""
    controller = controller_of(pod)
    if controller is None or controller.kind != "Job":
        return False
    return await look.snapshot.find("Job", controller.name, namespace=controller.namespace) is None
