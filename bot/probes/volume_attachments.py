"""The volumes that pods wait for on their nodes: where each is attached, what failed, and the driver that serves it.

Only pods that wait for their start, or for a node that takes a further volume, have rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube import volume_attachments as kube
from bot.kube.conditions import condition
from bot.kube.containers import containers_in
from bot.kube.objects import (
    created_at,
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
from bot.kube.volume_attachments import Attachment, MountedVolume
from bot.kube.volume_claims import claim_names, volume_name_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from bot.probes.shared.claim_users import pods_or_claim_users
from bot.probes.shared.scope import READS_PODS
from intents.domain import Gap, Json, Permission, ProbeDeclaration, ProbeResult, Row, RowType, Value

# The pods of one owner wait for the same.
MOST_PODS: Final = 5
# What the scheduler says where no node has room for a further volume, and where another pod has the volume to itself.
_NO_ROOM: Final = "max volume count"
_ONE_POD: Final = "ReadWriteOncePod"
_NOT_STARTED: Final = frozenset({"ContainerCreating", "PodInitializing", ""})

DECLARATION: Final = ProbeDeclaration(
    name="volume-attachments",
    says="a row per storage volume of the pods in question that wait for their start: where it is attached, the"
    " driver's error and limit, the driver's pod on the node; and a row per pod for which every node is full",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "node": RowType.STRING,  # "" for a pod without a node
        "waits_s": RowType.INTEGER,
        "pvc": RowType.STRING,
        "volume": RowType.STRING,  # the PersistentVolume, or the pod's volume where it has none
        "driver": RowType.STRING,
        "source": RowType.STRING,
        "error": RowType.STRING,  # of the attachment to the pod's node
        "holder_node": RowType.STRING,  # another node that has the volume, which only one can have
        "holder_ready": RowType.STRING,  # its Ready condition; "gone" where there is no such node
        "holder_pod": RowType.STRING,
        "same_owner": RowType.BOOLEAN,  # that pod belongs to the same workload
        "detach_error": RowType.STRING,
        "limit": RowType.INTEGER,  # volumes of the driver that the node takes, -1 if it sets none
        "used": RowType.INTEGER,
        "registered": RowType.BOOLEAN,  # the kubelet knows the driver; true where that cannot be read
        "driver_pod": RowType.STRING,  # on the node
        "driver_trouble": RowType.STRING,
        "full": RowType.STRINGS,  # nodes that take no further volume, of a pod without a node
        "message": RowType.STRING,  # of the scheduler, of such a pod
    },
    permissions=(
        *READS_PODS,
        Permission(verb="get", resource="persistentvolumeclaims"),
        Permission(verb="get", resource="persistentvolumes"),
        Permission(verb="get", resource="nodes"),
        Permission(verb="list", group="storage.k8s.io", resource="volumeattachments"),
        Permission(verb="list", group="storage.k8s.io", resource="csinodes"),
    ),
)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads objects; what cannot be read becomes a gap."""

    look: Look
    gaps: list[Gap] = field(default_factory=list)

    async def find(self, kind: str, name: str, *, namespace: str = "") -> tuple[Json | None, bool]:
        """Return an object, and whether it could be read."""
        try:
            return await self.look.snapshot.find(kind, name, namespace=namespace), True
        except ClusterError as error:
            self.gaps.append(error.gap())
            return None, False

    async def list(self, kind: str, *, what: str, namespace: str = "", fields: str = "") -> tuple[Json, ...] | None:
        try:
            listing = await self.look.snapshot.list(kind, namespace=namespace, fields=fields)
        except ClusterError as error:
            self.gaps.append(error.gap(what))
            return None
        self.gaps += [gap] if (gap := listing.gap(what)) else []
        return listing.items


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storage:
    """The attachments and CSINodes of the cluster; `csi_nodes` is None where they could not be read."""

    attachments: tuple[Attachment, ...]
    csi_nodes: Mapping[str, Json] | None


async def read(look: Look) -> ProbeResult:
    """Read the volumes of the pods in question that wait for them."""
    suspects = await pods_or_claim_users(look)
    waiting = [pod for pod in suspects.pods if _waits_on_node(pod) or _is_refused(pod)][:MOST_PODS]
    reader = _Reader(look=look, gaps=list(suspects.gaps))
    rows: list[Row] = []
    if waiting:
        attachments, nodes = await asyncio.gather(
            reader.list("VolumeAttachment", what="VolumeAttachments"), reader.list("CSINode", what="CSINodes")
        )
        storage = _Storage(
            attachments=tuple(map(kube.attachment_in, attachments or ())),
            csi_nodes=None if nodes is None else {name_of(each): each for each in nodes},
        )
        for found in await asyncio.gather(*(_rows(pod, storage, reader) for pod in waiting)):
            rows += found
    return ProbeResult(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(reader.gaps)),
        missing=suspects.missing,
        looked_at=len(suspects.pods),
    )


def _waits_on_node(pod: Json) -> bool:
    if not node_name_of(pod) or phase_of(pod) != "Pending" or not kube.mounted_volumes(pod):
        return False
    return any(each.state in ("waiting", "") and each.reason in _NOT_STARTED for each in containers_in(pod))


def _is_refused(pod: Json) -> bool:
    return waits_for_node(pod) and any(each in _refusal(pod) for each in (_NO_ROOM, _ONE_POD))


def _refusal(pod: Json) -> str:
    return str(condition(pod, "PodScheduled").get("message") or "")


async def _rows(pod: Json, storage: _Storage, reader: _Reader) -> list[Row]:
    mounted = kube.mounted_volumes(pod)
    if waits_for_node(pod):
        if _ONE_POD in _refusal(pod):
            return [row for each in mounted for row in await _of_one_pod(pod, each, reader)]
        full = kube.full_nodes((storage.csi_nodes or {}).values(), storage.attachments)
        return [_row(pod, reader, {"full": full, "message": _refusal(pod)})]
    return list(await asyncio.gather(*(_of_volume(pod, each, storage, reader) for each in mounted)))


async def _of_volume(pod: Json, mounted: MountedVolume, storage: _Storage, reader: _Reader) -> Row:
    node, volume = node_name_of(pod), await _volume_of(pod, mounted, reader)
    spec = mounted.inline or spec_of(volume)
    driver, name = kube.driver_of(spec), name_of(volume)
    here = next((each for each in storage.attachments if (each.volume, each.node) == (name, node)), None)
    csi_node = None if storage.csi_nodes is None else storage.csi_nodes.get(node, {})
    served = await _driver_pod(node, driver, reader)
    values: dict[str, Value] = {
        "pvc": mounted.claim,
        "volume": name or mounted.volume,
        "driver": driver,
        "source": kube.source_of(spec),
        "error": here.attach_error if here and not here.attached else "",
        "limit": kube.limit_of(csi_node or {}, driver),
        "used": sum((each.node, each.driver) == (node, driver) for each in storage.attachments),
        "registered": not driver or csi_node is None or kube.is_registered(csi_node, driver),
        "driver_pod": f"{namespace_of(served)}/{name_of(served)}" if served else "",
        "driver_trouble": kube.trouble_of(served) if served else "",
    }
    elsewhere = [each for each in storage.attachments if each.volume == name and each.node != node]
    if name and kube.is_exclusive(volume) and elsewhere:
        values |= await _holder(pod, mounted.claim, elsewhere, reader)
    return _row(pod, reader, values)


async def _of_one_pod(pod: Json, mounted: MountedVolume, reader: _Reader) -> list[Row]:
    """Return a row where another pod mounts a claim that only one pod may mount."""
    claim, _ = await reader.find("PersistentVolumeClaim", mounted.claim, namespace=namespace_of(pod))
    if not claim or _ONE_POD not in (spec_of(claim).get("accessModes") or ()):
        return []
    user = next((each for each in await _users(pod, mounted.claim, reader) if node_name_of(each)), None)
    if user is None:
        return []
    values: dict[str, Value] = {"pvc": mounted.claim, "volume": volume_name_of(claim), "message": _refusal(pod)}
    return [_row(pod, reader, {**values, **await _held_by(pod, node_name_of(user), user, reader)})]


async def _volume_of(pod: Json, mounted: MountedVolume, reader: _Reader) -> Json:
    if not mounted.claim:
        return {}
    claim, _ = await reader.find("PersistentVolumeClaim", mounted.claim, namespace=namespace_of(pod))
    if not claim or not volume_name_of(claim):
        return {}
    volume, _ = await reader.find("PersistentVolume", volume_name_of(claim))
    return volume or {"metadata": {"name": volume_name_of(claim)}}


async def _driver_pod(node: str, driver: str, reader: _Reader) -> Json | None:
    if not driver:
        return None
    pods = await reader.list("Pod", what=f"pods of node {node}", fields=f"spec.nodeName={node}")
    return kube.driver_pod(pods or (), driver)


async def _holder(pod: Json, claim: str, elsewhere: Sequence[Attachment], reader: _Reader) -> dict[str, Value]:
    """Return the node that has the volume, its state, and the pod there that mounts the claim."""
    held = elsewhere[0]
    users = await _users(pod, claim, reader)
    user = next((each for each in users if node_name_of(each) == held.node), None)
    return {**await _held_by(pod, held.node, user, reader), "detach_error": held.detach_error}


async def _users(pod: Json, claim: str, reader: _Reader) -> list[Json]:
    """Return the other pods that mount a claim."""
    pods = await reader.list("Pod", what=f"pods in {namespace_of(pod)}", namespace=namespace_of(pod))
    others = (each for each in pods or () if name_of(each) != name_of(pod) and not has_ended(each))
    return [each for each in others if claim in claim_names(each)]


async def _held_by(pod: Json, node: str, user: Json | None, reader: _Reader) -> dict[str, Value]:
    found, was_read = await reader.find("Node", node)
    return {
        "holder_node": node,
        "holder_ready": _readiness(found) if found else "gone" if was_read else "",
        "holder_pod": f"{namespace_of(user)}/{name_of(user)}" if user else "",
        "same_owner": user is not None and owner_of(user) == owner_of(pod),
    }


def _readiness(node: Json) -> str:
    return str(condition(node, "Ready").get("status") or "Unknown")


def _row(pod: Json, reader: _Reader, values: Mapping[str, Value]) -> Row:
    namespace, name = namespace_of(pod), name_of(pod)
    since = condition(pod, "PodScheduled").get("lastTransitionTime") or created_at(pod)
    known: dict[str, Value] = {
        "namespace": namespace,
        "pod": name,
        "node": node_name_of(pod),
        "waits_s": age_s(reader.look.snapshot, since),
        "pvc": "",
        "volume": "",
        "driver": "",
        "source": "",
        "error": "",
        "holder_node": "",
        "holder_ready": "",
        "holder_pod": "",
        "same_owner": False,
        "detach_error": "",
        "limit": -1,
        "used": 0,
        "registered": True,
        "driver_pod": "",
        "driver_trouble": "",
        "full": (),
        "message": "",
    }
    return Row(
        values={**known, **values},
        subject=ref(pod, "Pod"),
        quote=str(values.get("error") or values.get("message") or ""),
        reproduce=f"kubectl get volumeattachments; kubectl -n {namespace} describe pod {name}",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
