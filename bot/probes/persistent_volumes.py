"""The PersistentVolumes that could serve a waiting pod's claims where nobody provisions volumes on demand.

These are local disks and volumes made by hand. Such a claim binds only to a volume that exists, is free, large enough
and on a node that takes the pod, and all claims of one pod must find theirs on the same node. A claim that no pod
mounts is bound on any node, unless its class waits for a pod.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.kube.objects import full_name, is_terminating, name_of, namespace_of, phase_of, ref, waits_for_node
from bot.kube.placement import refusal
from bot.kube.volumes import (
    NO_PROVISIONER,
    capacity_bytes,
    claim_names,
    class_of,
    class_of_volume,
    default_class,
    holder_of,
    is_free_for,
    misfit,
    nodes_of,
    reaches,
    reclaim_policy_of,
    volume_name_of,
    wanted_bytes,
)
from bot.probes.contract import Look, RowValues, at_most, may, probe
from bot.probes.shared.scope import READS_PODS, Suspects, pods_of
from intents.domain import Json, ProbeResult, Row

# More waiting pods, or more volumes of a class, make no readable answer. The counts are over all volumes.
MOST_PODS: Final = 4
MOST_VOLUMES: Final = 40


class _OfPod(RowValues):
    """What every row of one pod has in common."""

    namespace: str
    pod: str  # "" for a claim that no waiting pod mounts
    waiting_claims: int
    open_nodes: int  # that take the pod and have a volume for every waiting claim of it
    open_node: str  # the first of them


class _OfClass(RowValues):
    """What every row of one claim has in common."""

    pvc: str  # the claim the volume is held against
    storage_class: str
    wants: int  # bytes
    volumes: int  # of the class
    available: int
    bound: int
    released: int
    usable: int  # free, fitting, on a node that takes the pod


class _Volume(RowValues):
    of_pod: _OfPod
    of_class: _OfClass
    pv: str  # "" where the class has no volume at all
    phase: str
    capacity: int
    node: str
    claim: str  # namespace/name of the claim that holds it
    reclaim_policy: str
    why_not: str  # "" if it could be used now
    reusable: bool  # Released, and would be usable if it were not
    of_namesake: bool  # it is reserved for an earlier claim of the same name, by its uid


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """The classes, volumes and nodes. `nodes` is None where nodes may not be read: then any node may do."""

    classes: Mapping[str, Json]
    default: str
    volumes: tuple[Json, ...]
    nodes: tuple[Json, ...] | None

    def class_of(self, claim: Json) -> str:
        named = class_of(claim)
        return self.default if named is None else named

    def volumes_of(self, name: str) -> list[Json]:
        return [each for each in self.volumes if class_of_volume(each) == name]

    def is_static(self, claim: Json) -> bool:
        """Tell whether only existing volumes can serve the claim.

        A class that does not exist is often only a label that claims and volumes made by hand share.
        """
        name = self.class_of(claim)
        if volume_name_of(claim):
            return True
        if name in self.classes:
            return bool(self.classes[name].get("provisioner") == NO_PROVISIONER)
        return bool(self.volumes_of(name))

    def waits_for_pod(self, claim: Json) -> bool:
        """Tell whether the claim is bound only once a pod that mounts it is scheduled."""
        return bool(self.classes.get(self.class_of(claim), {}).get("volumeBindingMode") == "WaitForFirstConsumer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _UnscheduledPod:
    """A pod without a node, and its claims; or a claim alone, whose `pod` has only the namespace."""

    pod: Json
    claims: tuple[Json, ...]

    def unserved(self, cluster: _Cluster) -> tuple[Json, ...]:
        """Return its unbound claims that only existing volumes can serve."""
        return tuple(each for each in self.claims if _is_pending(each) and cluster.is_static(each))


@probe(
    says="for each waiting pod in question, or the claim in question, that needs volumes that nobody provisions:"
    " a row per volume of the class",
    row=_Volume,
    permissions=(
        *READS_PODS,
        *may("list", "nodes", "persistentvolumes", "storageclasses.storage.k8s.io"),
        *may("get", "persistentvolumeclaims"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the waiting pods in question, their claims, and the classes, volumes and nodes of the cluster."""
    alone = look.focus.kind == "PersistentVolumeClaim" and look.focus.name and look.focus.namespace
    return await (_of_claim(look) if alone else _of_pods(look, await pods_of(look)))


async def _of_claim(look: Look) -> ProbeResult:
    """Read the waiting pods that mount the claim in question; without any, the volumes that could serve it alone."""
    focus = look.focus
    claim = await look.in_question()
    pods = (await look.snapshot.list("Pod", namespace=focus.namespace)).items if _is_pending(claim) else ()
    mounting = tuple(pod for pod in pods if focus.name in claim_names(pod) and waits_for_node(pod))
    if mounting or not _is_pending(claim):
        return await _of_pods(look, Suspects(pods=mounting), looked_at=1)
    cluster = await _cluster(look)
    if cluster is None or cluster.waits_for_pod(claim):
        return ProbeResult(looked_at=0 if cluster is None else 1)
    waiting = _UnscheduledPod(pod={"metadata": {"namespace": focus.namespace}}, claims=(claim,))
    return ProbeResult(rows=tuple(_rows(waiting, replace(cluster, nodes=None))), looked_at=1)


async def _of_pods(look: Look, suspects: Suspects, *, looked_at: int = 0) -> ProbeResult:
    """Read the volumes for those of the pods that wait."""
    looked_at = looked_at or len(suspects.pods)
    pods = [pod for pod in suspects.pods if waits_for_node(pod) and claim_names(pod)]
    if not pods:
        return ProbeResult(missing=suspects.missing, looked_at=looked_at)
    cluster = await _cluster(look)
    if cluster is None:
        return ProbeResult(missing=suspects.missing)
    chosen = at_most(MOST_PODS, pods, what="volumes for every waiting pod", says="waiting pods were looked at")
    found = await asyncio.gather(*(_waiting(look, pod) for pod in chosen))
    rows = tuple(row for waiting in found for row in _rows(waiting, cluster))
    return ProbeResult(rows=rows, missing=suspects.missing, looked_at=looked_at)


async def _cluster(look: Look) -> _Cluster | None:
    """Return what can be read; None where volumes or classes cannot, because without them nothing can be said."""
    classes, volumes, nodes = await asyncio.gather(*map(look.readable, ("StorageClass", "PersistentVolume", "Node")))
    if classes is None or volumes is None:
        return None
    return _Cluster(
        classes={name_of(each): each for each in classes},
        default=default_class(classes),
        volumes=tuple(sorted(volumes, key=name_of)),
        nodes=nodes,
    )


async def _waiting(look: Look, pod: Json) -> _UnscheduledPod:
    found = (look.find("PersistentVolumeClaim", name, namespace=namespace_of(pod)) for name in claim_names(pod))
    claims = await asyncio.gather(*found)
    return _UnscheduledPod(pod=pod, claims=tuple(filter(None, claims)))


def _is_pending(claim: Json) -> bool:
    # A new claim has no phase yet.
    return phase_of(claim) in ("", "Pending")


def _rows(waiting: _UnscheduledPod, cluster: _Cluster) -> list[Row]:
    claims = waiting.unserved(cluster)
    if not claims:
        return []
    open_nodes = _open_nodes(waiting, claims, cluster)
    of_pod = _OfPod(
        namespace=namespace_of(waiting.pod),
        pod=name_of(waiting.pod),
        waiting_claims=len(claims),
        open_nodes=len(open_nodes),
        open_node=next(iter(open_nodes), ""),
    )
    rows: list[Row] = []
    # Claims of one class and size are one question.
    distinct = {(cluster.class_of(each), wanted_bytes(each)): each for each in reversed(claims)}
    for claim in sorted(distinct.values(), key=name_of):
        volumes = cluster.volumes_of(cluster.class_of(claim))
        why = {name_of(each): _why_not(each, claim, waiting.pod, cluster) for each in volumes}
        of_class = _of_class(claim, volumes, cluster, usable=sum(not reason for reason in why.values()))
        shown = sorted(volumes, key=lambda each: (_rank(each, claim), name_of(each)))[:MOST_VOLUMES]
        for volume in shown or [{}]:
            free = _could_be_reused(volume, claim, waiting.pod, cluster)
            why_not = why.get(name_of(volume), "")
            rows.append(_row(claim, volume, of_pod, of_class, why_not=why_not, reusable=free))
    return rows


def _rank(volume: Json, claim: Json) -> int:
    """Return the order of volumes: those that could be freed for the claim, then free ones, then others."""
    if misfit(volume, claim):
        return 3
    return {"Released": 0, "Available": 1}.get(phase_of(volume), 2)


def _why_not(volume: Json, claim: Json, pod: Json, cluster: _Cluster) -> str:
    if not is_free_for(volume, claim):
        if is_terminating(volume):
            return "is being deleted"
        return f"{phase_of(volume).lower() or 'held'} {holder_of(volume)}".strip()
    return misfit(volume, claim) or _unreachable(volume, pod, cluster)


def _unreachable(volume: Json, pod: Json, cluster: _Cluster) -> str:
    """Return why no node that has the volume takes the pod; "" if one does, or nodes cannot be read."""
    if cluster.nodes is None:
        return ""
    having = [node for node in cluster.nodes if reaches(volume, node)]
    refusals = [refusal(pod, node) for node in having]
    if not having:
        return "its node is gone"
    return "" if "" in refusals else f"node {name_of(having[0])}: {refusals[0]}"


def _could_be_reused(volume: Json, claim: Json, pod: Json, cluster: _Cluster) -> bool:
    released = phase_of(volume) == "Released" and not is_terminating(volume)
    return released and not misfit(volume, claim) and not _unreachable(volume, pod, cluster)


def _open_nodes(waiting: _UnscheduledPod, claims: Sequence[Json], cluster: _Cluster) -> tuple[str, ...]:
    """Return the nodes that take the pod, reach its bound volumes and have a volume for each waiting claim."""
    if cluster.nodes is None:
        return ("some node",) if _all_found(claims, cluster.volumes, cluster) else ()
    bound = {volume_name_of(each) for each in waiting.claims if phase_of(each) == "Bound"}
    kept = [each for each in cluster.volumes if name_of(each) in bound]
    found = []
    for node in cluster.nodes:
        reached = [each for each in cluster.volumes if reaches(each, node)]
        takes = not refusal(waiting.pod, node) and all(each in reached for each in kept)
        if takes and _all_found(claims, reached, cluster):
            found.append(name_of(node))
    return tuple(sorted(found))


def _all_found(claims: Sequence[Json], volumes: Sequence[Json], cluster: _Cluster) -> bool:
    """Tell whether each claim gets its own volume; the smallest claim takes the smallest one, as the binder does."""
    left = sorted(volumes, key=lambda each: (capacity_bytes(each), name_of(each)))
    for claim in sorted(claims, key=wanted_bytes):
        fitting = (each for each in left if class_of_volume(each) == cluster.class_of(claim))
        taken = next((each for each in fitting if is_free_for(each, claim) and not misfit(each, claim)), None)
        if taken is None:
            return False
        left.remove(taken)
    return True


def _of_class(claim: Json, volumes: Sequence[Json], cluster: _Cluster, *, usable: int) -> _OfClass:
    phases = [phase_of(each) for each in volumes]
    return _OfClass(
        pvc=name_of(claim),
        storage_class=cluster.class_of(claim),
        wants=wanted_bytes(claim),
        volumes=len(volumes),
        available=phases.count("Available"),
        bound=phases.count("Bound"),
        released=phases.count("Released"),
        usable=usable,
    )


def _row(claim: Json, volume: Json, of_pod: _OfPod, of_class: _OfClass, *, why_not: str, reusable: bool) -> Row:
    name, phase = name_of(volume), phase_of(volume)
    where = f"kubectl get pv {name} -o yaml" if name else "kubectl get pv"
    mounted_by = f"pod {of_pod.pod}" if of_pod.pod else f"pvc {name_of(claim)}"
    return _Volume(
        of_pod=of_pod,
        of_class=of_class,
        pv=name,
        phase=phase,
        capacity=capacity_bytes(volume),
        node=", ".join(nodes_of(volume)),
        claim=holder_of(volume),
        reclaim_policy=reclaim_policy_of(volume),
        why_not=why_not,
        reusable=reusable,
        of_namesake=holder_of(volume) == full_name(claim) and not is_free_for(volume, claim),
    ).row(
        ref(volume, "PersistentVolume") if name else ref(claim, "PersistentVolumeClaim"),
        quote=f"{name}: {phase} {holder_of(volume)}".strip() if name else "",
        reproduce=f"{where}; kubectl -n {of_pod.namespace} describe {mounted_by}",
    )
