"""Pods that wait for a node, and why the scheduler says they do.

Only the present counts: what is said of a pod that has a node by now is history, and the row then says so.
"""

from __future__ import annotations

import asyncio
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.unschedulable import parse_unschedulable
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s, moment
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

# Events are only read for pods whose condition says nothing: other schedulers than the default one.
MOST_EVENTS: Final = 6

DECLARATION: Final = ProbeDeclaration(
    name="scheduling",
    says="a row per pod asked about that has no node yet; a pod named by the request has one even with a node",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "phase": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "scheduled": RowType.BOOLEAN,
        "node": RowType.STRING,
        "reason": RowType.STRING,  # Unschedulable, SchedulingGated, …; "" once it has a node
        "message": RowType.STRING,
        "age_s": RowType.INTEGER,  # since when it waits, or has a node
        "scheduler": RowType.STRING,
        "lacks": RowType.STRINGS,  # resources the message calls insufficient: cpu, memory, pods, nvidia.com/gpu …
        "wants_taint": RowType.STRINGS,  # taints the message names, as key or key=value
        "nodes_total": RowType.INTEGER,  # nodes the scheduler looked at, -1 if it does not say
    },
    permissions=(
        *READS_PODS,
        Permission(verb="list", resource="events"),
    ),
)


async def read(look: Look) -> Reading:
    """Read the pods asked about; `missing` where the one named is gone."""
    suspects = await pods_of(look)
    named = look.focus.name if look.focus.kind in ("Pod", "") else ""
    pods = [pod for pod in suspects.pods if _waits(pod) or (named and name_of(pod) == named)]
    gaps = list(suspects.gaps)
    silent = [pod for pod in pods if _waits(pod) and not condition(pod, "PodScheduled").get("message")]
    from_events = {}
    for pod, said in zip(
        silent, await asyncio.gather(*(_event(look, pod) for pod in silent[:MOST_EVENTS])), strict=False
    ):
        if isinstance(said, Gap):
            gaps.append(said)
        else:
            from_events[pod["metadata"].get("uid")] = said
    rows = tuple(_row(look, pod, from_events.get(pod["metadata"].get("uid"), "")) for pod in pods)
    return Reading(rows=rows, gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


def _waits(pod: Json) -> bool:
    return not (pod.get("spec") or {}).get("nodeName") and (pod.get("status") or {}).get("phase") in ("Pending", None)


async def _event(look: Look, pod: Json) -> str | Gap:
    """The newest FailedScheduling message about a pod, "" if there is none."""
    try:
        events = await look.snapshot.events(ref(pod, "Pod"))
    except ClusterError as error:
        return error.gap(f"events of pod {namespace_of(pod)}/{name_of(pod)}")
    failed = [str(event.get("message") or "") for event in events if event.get("reason") == "FailedScheduling"]
    return failed[-1] if failed else ""


def _row(look: Look, pod: Json, from_event: str) -> Row:
    name, namespace, spec = name_of(pod), namespace_of(pod), pod.get("spec") or {}
    owner, waits, scheduled = owner_of(pod), _waits(pod), condition(pod, "PodScheduled")
    message = str(scheduled.get("message") or from_event) if waits else ""
    said = parse_unschedulable(message)
    since = age_s(look.snapshot, scheduled.get("lastTransitionTime") or pod["metadata"].get("creationTimestamp"))
    values: dict[str, Value] = {
        "namespace": namespace,
        "pod": name,
        "phase": str((pod.get("status") or {}).get("phase") or ""),
        "owner_kind": owner.kind,
        "owner": owner.name,
        "scheduled": not waits,
        "node": str(spec.get("nodeName") or ""),
        "reason": str(scheduled.get("reason") or "") if waits else "",
        "message": message,
        "age_s": since,
        "scheduler": str(spec.get("schedulerName") or ""),
        "lacks": said.lacks,
        "wants_taint": said.taints,
        "nodes_total": said.nodes,
    }
    quote = message or f"PodScheduled={scheduled.get('status', 'Unknown')}"
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=quote,
        reproduce=f"kubectl -n {namespace} describe pod {name}",
        at=moment(look.snapshot, since),
        lasts=waits,
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
