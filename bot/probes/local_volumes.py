"""Whether a waiting pod's claims find volumes where nobody makes them: local disks, or volumes made by hand.

Such a claim is bound only to a volume that is there, free, large enough and on a node that takes the pod, and all
claims of one pod must find theirs on the same node. Volumes that a provisioner would make are none of this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.placement import refusal
from bot.kube.volume_claims import (
    NO_PROVISIONER,
    capacity_bytes,
    claim_names,
    class_of,
    default_class,
    is_free_for,
    misfit,
    nodes_of,
    reaches,
    wanted_bytes,
)
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import age_s
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Gap, GapReason, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

# More waiting pods, or more volumes of a class, make no readable answer. The counts are over all volumes.
MOST_PODS: Final = 4
MOST_VOLUMES: Final = 40

DECLARATION: Final = ProbeDeclaration(
    name="local-volumes",
    says="For each waiting pod asked about whose claims need volumes that nobody makes: a row per volume of the class",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "pvc": RowType.STRING,  # the claim the volume is held against
        "waiting_claims": RowType.INTEGER,  # of the pod
        "storage_class": RowType.STRING,
        "class_exists": RowType.BOOLEAN,
        "provisioner": RowType.STRING,
        "wants": RowType.INTEGER,  # bytes
        "volumes": RowType.INTEGER,  # of the class
        "available": RowType.INTEGER,
        "bound": RowType.INTEGER,
        "released": RowType.INTEGER,
        "too_small": RowType.INTEGER,  # of the available ones
        "usable": RowType.INTEGER,  # free, fitting, on a node that takes the pod
        "open_nodes": RowType.INTEGER,  # that take the pod and have a volume for every waiting claim of it
        "open_node": RowType.STRING,  # the first of them
        "pv": RowType.STRING,  # "" where the class has no volume at all
        "phase": RowType.STRING,
        "capacity": RowType.INTEGER,
        "node": RowType.STRING,
        "claim": RowType.STRING,  # namespace/name of what holds it
        "reclaim_policy": RowType.STRING,
        "local": RowType.BOOLEAN,
        "age_s": RowType.INTEGER,
        "why_not": RowType.STRING,  # "" if it could be used now
        "reusable": RowType.BOOLEAN,  # Released, and would be usable if it were not
    },
    permissions=(
        *READS_PODS,
        Permission(verb="list", resource="nodes"),
        Permission(verb="get", resource="persistentvolumeclaims"),
        Permission(verb="list", resource="persistentvolumes"),
        Permission(verb="list", group="storage.k8s.io", resource="storageclasses"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """What there is. `nodes` is None where nodes may not be read: then any node may be the right one."""

    classes: Mapping[str, Json]
    default: str
    volumes: tuple[Json, ...]
    nodes: tuple[Json, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A pod without a node, and its claims."""

    pod: Json
    claims: tuple[Json, ...]

    def unmade(self, cluster: _Cluster) -> tuple[Json, ...]:
        """Its unbound claims for which nobody makes volumes."""
        return tuple(each for each in self.claims if not _is_bound(each) and _is_static(each, cluster))


async def read(look: Look) -> Reading:
    suspects = await pods_of(look)
    gaps = list(suspects.gaps)
    pods = [pod for pod in suspects.pods if _waits(pod) and claim_names(pod)]
    if not pods:
        return Reading(missing=suspects.missing, gaps=tuple(gaps))
    cluster, more = await _cluster(look)
    gaps += more
    if cluster is None:
        return Reading(missing=suspects.missing, gaps=tuple(dict.fromkeys(gaps)))
    if len(pods) > MOST_PODS:
        detail = f"only {MOST_PODS} of {len(pods)} waiting pods were looked at"
        gaps.append(Gap(what="volumes for every waiting pod", reason=GapReason.TRUNCATED, detail=detail))
    rows: list[Row] = []
    for waiting, found in await asyncio.gather(*(_waiting(look, pod) for pod in pods[:MOST_PODS])):
        gaps += found
        rows += _rows(look, waiting, cluster)
    return Reading(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


def _waits(pod: Json) -> bool:
    return not (pod.get("spec") or {}).get("nodeName") and (pod.get("status") or {}).get("phase") in ("Pending", None)


async def _cluster(look: Look) -> tuple[_Cluster | None, list[Gap]]:
    """What can be read; None where volumes or classes cannot, because without them nothing can be said."""
    gaps: list[Gap] = []
    found: dict[str, tuple[Json, ...]] = {}
    kinds = {"StorageClass": "the StorageClasses", "PersistentVolume": "the PersistentVolumes", "Node": "the nodes"}
    for kind, listing in zip(
        kinds, await asyncio.gather(*map(look.snapshot.list, kinds), return_exceptions=True), strict=True
    ):
        if isinstance(listing, ClusterError):
            gaps.append(listing.gap(kinds[kind]))
        elif isinstance(listing, BaseException):
            raise listing
        else:
            found[kind] = listing.items
            if gap := listing.gap(kinds[kind]):
                gaps.append(gap)
    if "PersistentVolume" not in found or "StorageClass" not in found:
        return None, gaps
    classes = found["StorageClass"]
    cluster = _Cluster(
        classes={name_of(each): each for each in classes},
        default=default_class(classes),
        volumes=tuple(sorted(found["PersistentVolume"], key=name_of)),
        nodes=found.get("Node"),
    )
    return cluster, gaps


async def _waiting(look: Look, pod: Json) -> tuple[_Waiting, list[Gap]]:
    namespace = namespace_of(pod)
    names = claim_names(pod)
    gaps: list[Gap] = []
    claims: list[Json] = []
    reads = (look.snapshot.find("PersistentVolumeClaim", name, namespace=namespace) for name in names)
    for claim in await asyncio.gather(*reads, return_exceptions=True):
        if isinstance(claim, ClusterError):
            gaps.append(claim.gap())
        elif isinstance(claim, BaseException):
            raise claim
        elif claim is not None:
            claims.append(claim)
    return _Waiting(pod=pod, claims=tuple(claims)), gaps


def _is_bound(claim: Json) -> bool:
    return (claim.get("status") or {}).get("phase") == "Bound"


def _class(claim: Json, cluster: _Cluster) -> str:
    named = class_of(claim)
    return cluster.default if named is None else named


def _is_static(claim: Json, cluster: _Cluster) -> bool:
    """Whether only volumes that are already there can serve the claim.

    A class that does not exist is often only a label that claims and volumes made by hand share.
    """
    name = _class(claim, cluster)
    if name in cluster.classes:
        return bool(cluster.classes[name].get("provisioner") == NO_PROVISIONER)
    return any(_class_of_volume(each) == name for each in cluster.volumes)


def _class_of_volume(volume: Json) -> str:
    return str((volume.get("spec") or {}).get("storageClassName") or "")


def _rows(look: Look, waiting: _Waiting, cluster: _Cluster) -> list[Row]:
    claims = waiting.unmade(cluster)
    if not claims:
        return []
    open_nodes = _open_nodes(waiting, claims, cluster)
    rows: list[Row] = []
    # Claims of one class and size are one question.
    asked = {(_class(each, cluster), wanted_bytes(each)): each for each in reversed(claims)}
    for claim in sorted(asked.values(), key=name_of):
        volumes = [each for each in cluster.volumes if _class_of_volume(each) == _class(claim, cluster)]
        why = {name_of(each): _why_not(each, claim, waiting.pod, cluster) for each in volumes}
        shared = _shared(waiting, claim, volumes, why, cluster, claims=len(claims), open_nodes=open_nodes)
        shown = sorted(volumes, key=lambda each: (_rank(each, claim), name_of(each)))[:MOST_VOLUMES]
        rows += [_row(look, claim, each, waiting, cluster, shared=shared, why=why) for each in shown]
        if not volumes:
            rows.append(_row(look, claim, {}, waiting, cluster, shared=shared, why=why))
    return rows


def _rank(volume: Json, claim: Json) -> int:
    """What could be freed for the claim first, then what is free, then what is taken."""
    phase = (volume.get("status") or {}).get("phase")
    if misfit(volume, claim):
        return 3
    return {"Released": 0, "Available": 1}.get(str(phase), 2)


def _why_not(volume: Json, claim: Json, pod: Json, cluster: _Cluster) -> str:
    if not is_free_for(volume, claim):
        phase = str((volume.get("status") or {}).get("phase") or "").lower()
        return (
            "is being deleted"
            if volume["metadata"].get("deletionTimestamp")
            else f"{phase or 'held'} {_holder(volume)}".strip()
        )
    return misfit(volume, claim) or _unreachable(volume, pod, cluster)


def _unreachable(volume: Json, pod: Json, cluster: _Cluster) -> str:
    """Why no node that has the volume takes the pod; "" if one does, or nodes cannot be read."""
    if cluster.nodes is None:
        return ""
    having = [node for node in cluster.nodes if reaches(volume, node)]
    refusals = [refusal(pod, node) for node in having]
    if not having:
        return "its node is gone"
    return "" if "" in refusals else f"node {name_of(having[0])}: {refusals[0]}"


def _holder(volume: Json) -> str:
    holder = (volume.get("spec") or {}).get("claimRef") or {}
    return f"{holder.get('namespace', '')}/{holder.get('name', '')}" if holder.get("name") else ""


def _open_nodes(waiting: _Waiting, claims: Sequence[Json], cluster: _Cluster) -> tuple[str, ...]:
    """The nodes that take the pod, reach its bound volumes and have a volume of its own for each waiting claim."""
    bound = {str((each.get("spec") or {}).get("volumeName") or "") for each in waiting.claims if _is_bound(each)}
    kept = [each for each in cluster.volumes if name_of(each) in bound]
    if cluster.nodes is None:
        return ("some node",) if _all_found(claims, cluster.volumes, cluster) else ()
    return tuple(
        sorted(
            name_of(node)
            for node in cluster.nodes
            if not refusal(waiting.pod, node)
            and all(reaches(each, node) for each in kept)
            and _all_found(claims, [each for each in cluster.volumes if reaches(each, node)], cluster)
        )
    )


def _all_found(claims: Sequence[Json], volumes: Sequence[Json], cluster: _Cluster) -> bool:
    """Whether each claim gets its own volume: the smallest claim takes the smallest that fits, as the binder does."""
    left = sorted(volumes, key=lambda each: (capacity_bytes(each), name_of(each)))
    for claim in sorted(claims, key=wanted_bytes):
        name = _class(claim, cluster)
        taken = next(
            (
                each
                for each in left
                if _class_of_volume(each) == name and is_free_for(each, claim) and not misfit(each, claim)
            ),
            None,
        )
        if taken is None:
            return False
        left.remove(taken)
    return True


def _shared(
    waiting: _Waiting,
    claim: Json,
    volumes: Sequence[Json],
    why: Mapping[str, str],
    cluster: _Cluster,
    *,
    claims: int,
    open_nodes: tuple[str, ...],
) -> dict[str, Value]:
    """What every row of one claim says alike."""
    phases = [str((each.get("status") or {}).get("phase") or "") for each in volumes]
    free = [each for each in volumes if is_free_for(each, claim)]
    name = _class(claim, cluster)
    owner = owner_of(waiting.pod)
    return {
        "namespace": namespace_of(waiting.pod),
        "pod": name_of(waiting.pod),
        "owner_kind": owner.kind,
        "owner": owner.name,
        "pvc": name_of(claim),
        "waiting_claims": claims,
        "storage_class": name,
        "class_exists": name in cluster.classes,
        "provisioner": str(cluster.classes.get(name, {}).get("provisioner") or ""),
        "wants": wanted_bytes(claim),
        "volumes": len(volumes),
        "available": phases.count("Available"),
        "bound": phases.count("Bound"),
        "released": phases.count("Released"),
        "too_small": sum(misfit(each, claim) == "too small" for each in free),
        "usable": sum(not reason for reason in why.values()),
        "open_nodes": len(open_nodes),
        "open_node": open_nodes[0] if open_nodes else "",
    }


def _row(
    look: Look,
    claim: Json,
    volume: Json,
    waiting: _Waiting,
    cluster: _Cluster,
    *,
    shared: Mapping[str, Value],
    why: Mapping[str, str],
) -> Row:
    name, spec = name_of(volume), volume.get("spec") or {}
    phase = str((volume.get("status") or {}).get("phase") or "")
    freed = phase == "Released" and not misfit(volume, claim) and not volume["metadata"].get("deletionTimestamp")
    values: dict[str, Value] = {
        **shared,
        "pv": name,
        "phase": phase,
        "capacity": capacity_bytes(volume),
        "node": ", ".join(nodes_of(volume)),
        "claim": _holder(volume),
        "reclaim_policy": str(spec.get("persistentVolumeReclaimPolicy") or ""),
        "local": bool(spec.get("local") or spec.get("hostPath")),
        "age_s": age_s(look.snapshot, (volume.get("metadata") or {}).get("creationTimestamp")),
        "why_not": why.get(name, ""),
        "reusable": freed and not _unreachable(volume, waiting.pod, cluster),
    }
    where = f"kubectl get pv {name} -o yaml" if name else "kubectl get pv"
    return Row(
        values=values,
        subject=ref(volume, "PersistentVolume") if name else ref(claim, "PersistentVolumeClaim"),
        quote=f"{name}: {phase} {_holder(volume)}".strip() if name else "",
        reproduce=f"{where}; kubectl -n {shared['namespace']} describe pod {shared['pod']}",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
