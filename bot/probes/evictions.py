"""Pods that kubelets evicted and that are still listed: from which node, for want of what."""

from __future__ import annotations

from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.conditions import condition
from bot.kube.evictions import DISK, Evicted, parse_eviction
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s, moment
from intents.domain import Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

# A node under pressure can leave thousands of them; the newest tell the story.
MOST: Final = 200

DECLARATION: Final = ProbeDeclaration(
    name="evictions",
    says="a row per evicted pod that is still listed, on the node, in the namespace or in the cluster asked about",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "asked": RowType.BOOLEAN,  # the request is about this very pod
        "node": RowType.STRING,
        "message": RowType.STRING,
        "resource": RowType.STRING,  # one of bot.kube.evictions.Evicted
        "disk": RowType.BOOLEAN,  # for the node's disk, not for a limit of the pod's own
        "age_s": RowType.INTEGER,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
    },
    permissions=(Permission(verb="list", resource="pods"),),
)


async def read(look: Look) -> Reading:
    """Read the failed pods and keep the evicted ones, newest first."""
    focus = look.focus
    on_node = focus.name if focus.kind == "Node" else focus.node
    namespace = "" if on_node else focus.namespace
    try:
        listing = await look.snapshot.list("Pod", namespace=namespace, fields="status.phase=Failed")
    except ClusterError as error:
        return Reading(gaps=(error.gap("evicted pods"),))
    rows = [
        _row(look, pod)
        for pod in listing.items
        if (pod.get("status") or {}).get("reason") == "Evicted"
        and on_node in ("", (pod.get("spec") or {}).get("nodeName") or "")
    ]
    rows.sort(key=lambda row: (not row.values["asked"], row.values["age_s"], row.subject))
    gap = listing.gap("evicted pods")
    return Reading(rows=tuple(rows[:MOST]), gaps=(gap,) if gap else ())


def _row(look: Look, pod: Json) -> Row:
    name, namespace, status = name_of(pod), namespace_of(pod), pod.get("status") or {}
    message = str(status.get("message") or "")
    resource: Evicted = parse_eviction(message)
    owner = owner_of(pod)
    # Kubelets since 1.26 say when; before, the pod's last sign of life is the nearest that is known.
    when = condition(pod, "DisruptionTarget").get("lastTransitionTime") or _last_sign(pod)
    since = age_s(look.snapshot, when)
    values: dict[str, Value] = {
        "namespace": namespace,
        "pod": name,
        "asked": look.focus.kind == "Pod" and look.focus.name == name and look.focus.namespace in ("", namespace),
        "node": str((pod.get("spec") or {}).get("nodeName") or ""),
        "message": message,
        "resource": str(resource),
        "disk": resource in DISK,
        "age_s": since,
        "owner_kind": owner.kind,
        "owner": owner.name,
    }
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=message,
        reproduce=f"kubectl -n {namespace} get pod {name} -o jsonpath='{{.status.message}}'",
        at=moment(look.snapshot, since),
    )


def _last_sign(pod: Json) -> str:
    status = pod.get("status") or {}
    finished = [
        str((each.get("state") or {}).get("terminated", {}).get("finishedAt") or "")
        for each in status.get("containerStatuses") or ()
    ]
    return max(finished, default="") or str(status.get("startTime") or pod["metadata"].get("creationTimestamp") or "")


PROBE: Final = Probe(declaration=DECLARATION, read=read)
