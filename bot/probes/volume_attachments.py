"""The volumes that pods wait for on their nodes: where each is attached, what failed, and the driver that serves it.

Only pods that wait for their start, or for a node that takes a further volume, have rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.kube import volumes as kube
from bot.kube.containers import containers_in
from bot.kube.objects import (
    condition,
    created_at,
    full_name,
    has_ended,
    name_of,
    namespace_of,
    node_name_of,
    phase_of,
    ref,
    spec_of,
    waits_for_node,
)
from bot.kube.owners import owner_of
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import Attachment, MountedVolume, claim_names, volume_name_of
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.scope import READS_PODS, claim_and_volume, pods_or_claim_users
from intents.domain import Json, ProbeResult, Row

# The pods of one owner wait for the same.
MOST_PODS: Final = 5
# What the scheduler says where no node has room for a further volume, and where another pod has the volume to itself.
_NO_ROOM: Final = "max volume count"
_ONE_POD: Final = "ReadWriteOncePod"
_NOT_STARTED: Final = frozenset({"ContainerCreating", "PodInitializing", ""})


class _Holder(RowValues):
    """Another node that has the volume, which only one can have, and the pod there that mounts the claim."""

    holder_node: str = ""
    holder_ready: str = ""  # its Ready condition; "gone" where there is no such node
    holder_pod: str = ""
    same_owner: bool = False  # that pod belongs to the same workload
    detach_error: str = ""


class _Attachment(RowValues):
    of_subject = ("namespace", "pod")

    node: str = ""  # "" for a pod without a node
    waits_s: int = UNKNOWN
    pvc: str = ""
    volume: str = ""  # the PersistentVolume, or the pod's volume where it has none
    driver: str = ""
    source: str = ""
    error: str = ""  # of the attachment to the pod's node
    held_by: _Holder = _Holder()
    limit: int = -1  # volumes of the driver that the node takes, -1 if it sets none
    used: int = 0
    registered: bool = True  # the kubelet knows the driver; true where that cannot be read
    driver_pod: str = ""  # on the node
    driver_trouble: str = ""
    full: tuple[str, ...] = ()  # nodes that take no further volume, of a pod without a node
    message: str = ""  # of the scheduler, of such a pod


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storage:
    """The attachments and CSINodes of the cluster; `csi_nodes` is None where they could not be read."""

    attachments: tuple[Attachment, ...]
    csi_nodes: Mapping[str, Json] | None


@probe(
    says="a row per storage volume of the pods in question that wait for their start: where it is attached, the"
    " driver's error and limit, the driver's pod on the node; and a row per pod for which every node is full",
    row=_Attachment,
    permissions=(
        *READS_PODS,
        *may("get", "persistentvolumeclaims", "persistentvolumes", "nodes"),
        *may("list", "volumeattachments.storage.k8s.io", "csinodes.storage.k8s.io"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the volumes of the pods in question that wait for them."""
    suspects = await pods_or_claim_users(look)
    waiting = [pod for pod in suspects.pods if _waits_on_node(pod) or _is_refused(pod)][:MOST_PODS]
    rows: list[Row] = []
    if waiting:
        attachments, nodes = await asyncio.gather(look.list("VolumeAttachment"), look.readable("CSINode"))
        storage = _Storage(
            attachments=tuple(map(kube.attachment_in, attachments)),
            csi_nodes=None if nodes is None else {name_of(each): each for each in nodes},
        )
        for found in await asyncio.gather(*(_rows(look, pod, storage) for pod in waiting)):
            rows += found
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=len(suspects.pods))


def _waits_on_node(pod: Json) -> bool:
    if not node_name_of(pod) or phase_of(pod) != "Pending" or not kube.mounted_volumes(pod):
        return False
    return any(each.state in ("waiting", "") and each.reason in _NOT_STARTED for each in containers_in(pod))


def _is_refused(pod: Json) -> bool:
    return waits_for_node(pod) and any(each in _refusal(pod) for each in (_NO_ROOM, _ONE_POD))


def _refusal(pod: Json) -> str:
    return str(condition(pod, "PodScheduled").get("message") or "")


async def _rows(look: Look, pod: Json, storage: _Storage) -> list[Row]:
    mounted = kube.mounted_volumes(pod)
    if not waits_for_node(pod):
        return list(await asyncio.gather(*(_of_volume(look, pod, each, storage) for each in mounted)))
    if _ONE_POD in _refusal(pod):
        return [row for each in mounted for row in await _of_one_pod(look, pod, each)]
    full = kube.full_nodes((storage.csi_nodes or {}).values(), storage.attachments)
    return [_row(look, pod, _Attachment(full=full, message=_refusal(pod)))]


async def _of_volume(look: Look, pod: Json, mounted: MountedVolume, storage: _Storage) -> Row:
    node, volume = node_name_of(pod), await _volume_of(look, pod, mounted)
    spec = mounted.inline or spec_of(volume)
    driver, name = kube.driver_of(spec), name_of(volume)
    here = next((each for each in storage.attachments if (each.volume, each.node) == (name, node)), None)
    elsewhere = [each for each in storage.attachments if each.volume == name and each.node != node]
    csi_node = None if storage.csi_nodes is None else storage.csi_nodes.get(node, {})
    served = kube.driver_pod(await look.list("Pod", fields=f"spec.nodeName={node}"), driver) if driver else None
    held = name and kube.is_exclusive(volume) and elsewhere
    values = _Attachment(
        pvc=mounted.claim,
        volume=name or mounted.volume,
        driver=driver,
        source=kube.source_of(spec),
        error=here.attach_error if here and not here.attached else "",
        held_by=await _holder(look, pod, mounted.claim, elsewhere[0]) if held else _Holder(),
        limit=kube.limit_of(csi_node or {}, driver),
        used=sum((each.node, each.driver) == (node, driver) for each in storage.attachments),
        registered=not driver or csi_node is None or kube.is_registered(csi_node, driver),
        driver_pod=full_name(served) if served else "",
        driver_trouble=kube.trouble_of(served) if served else "",
    )
    return _row(look, pod, values)


async def _of_one_pod(look: Look, pod: Json, mounted: MountedVolume) -> list[Row]:
    """Return a row where another pod mounts a claim that only one pod may mount."""
    claim = await look.find("PersistentVolumeClaim", mounted.claim, namespace=namespace_of(pod))
    if not claim or _ONE_POD not in (spec_of(claim).get("accessModes") or ()):
        return []
    held_by = await _holder(look, pod, mounted.claim)
    if not held_by.holder_node:
        return []
    values = _Attachment(
        pvc=mounted.claim,
        volume=volume_name_of(claim),
        held_by=held_by,
        message=_refusal(pod),
    )
    return [_row(look, pod, values)]


async def _volume_of(look: Look, pod: Json, mounted: MountedVolume) -> Json:
    if not mounted.claim:
        return {}
    claim, volume = await claim_and_volume(look, namespace_of(pod), mounted.claim)
    bound = volume_name_of(claim)
    return volume or ({"metadata": {"name": bound}} if bound else {})


async def _holder(look: Look, pod: Json, claim: str, held: Attachment | None = None) -> _Holder:
    """Return who has a claim's volume: the node that it is attached to, else that of another pod that mounts it."""
    pods = await look.list("Pod", namespace=namespace_of(pod))
    others = (each for each in pods if name_of(each) != name_of(pod) and not has_ended(each))
    users = [(node_name_of(each), each) for each in others if claim in claim_names(each)]
    on, user = next((each for each in users if each[0] and (held is None or each[0] == held.node)), ("", None))
    node = held.node if held else on
    if not node:
        return _Holder()
    return _Holder(
        holder_node=node,
        holder_ready=await look.unless_refused(_readiness(look, node), ""),
        holder_pod=full_name(user) if user else "",
        same_owner=user is not None and owner_of(user) == owner_of(pod),
        detach_error=held.detach_error if held else "",
    )


async def _readiness(look: Look, name: str) -> str:
    """Return the Ready condition of a node, "gone" if there is no such node. Raise ClusterError."""
    node = await look.snapshot.find("Node", name)
    return str(condition(node, "Ready").get("status") or "Unknown") if node else "gone"


def _row(look: Look, pod: Json, values: _Attachment) -> Row:
    since = condition(pod, "PodScheduled").get("lastTransitionTime") or created_at(pod)
    return replace(values, node=node_name_of(pod), waits_s=look.age_s(since)).row(
        ref(pod, "Pod"),
        quote=values.error or values.message,
        reproduce=f"kubectl get volumeattachments; kubectl -n {namespace_of(pod)} describe pod {name_of(pod)}",
    )
