"""What the focused pods keep their data on, and whether it is older than the cluster of pods that uses it.

A volume that was there before its cluster was holds, or may hold, what an earlier one wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster import owners
from bot.cluster.errors import ClusterError
from bot.kube.containers import containers_in, trouble_order
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.volume_claims import claim_names, nodes_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.shared.holders import suspects_of
from bot.probes.shared.log_lines import BadPattern, compile_pattern
from bot.probes.shared.scope import READS_PODS
from intents.domain import (
    ArgDeclaration,
    Gap,
    GapReason,
    Json,
    ObjectRef,
    Permission,
    ProbeDeclaration,
    Reading,
    Row,
    RowType,
)

# A claim and its cluster are created within moments of each other, in either order.
_TOGETHER_S: Final = 60
# A request about no object in particular must not read every volume of a cluster.
MOST_CLAIMS: Final = 24

DECLARATION: Final = ProbeDeclaration(
    name="volumes",
    says="The claims of the pods in question with their volumes, and the age of the cluster they serve",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "crash_looping": RowType.BOOLEAN,  # a container of the pod is
        "pvc": RowType.STRING,
        "phase": RowType.STRING,
        "pvc_age_s": RowType.INTEGER,
        "pv": RowType.STRING,
        "storage_class": RowType.STRING,
        "reclaim_policy": RowType.STRING,
        "pv_age_s": RowType.INTEGER,
        "data_age_s": RowType.INTEGER,  # of claim or volume, whichever is older
        "cluster_kind": RowType.STRING,  # the topmost owner of the pod
        "cluster": RowType.STRING,
        "cluster_age_s": RowType.INTEGER,
        "older_than_cluster": RowType.BOOLEAN,
        "local": RowType.BOOLEAN,
        "node": RowType.STRING,  # where a local volume lies, else where the pod runs
    },
    args={
        "among": ArgDeclaration(
            says="RE2 pattern: where the request names no object, only containers whose pod, name or image contains it"
        )
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                Permission(verb="get", resource="persistentvolumeclaims"),
                Permission(verb="get", resource="persistentvolumes"),
                Permission(verb="get", group="coordination.k8s.io", resource="leases"),
                Permission(verb="list", group="coordination.k8s.io", resource="leases"),
                *owners.PERMISSIONS,
            )
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """A claim of a pod, as far as it could be read: {} where it could not."""

    pod: Json
    name: str
    claim: Json
    volume: Json
    top: owners.Top
    gaps: tuple[Gap, ...]


async def read(look: Look) -> Reading:
    try:
        among = compile_pattern(look.args.get("among"))
    except BadPattern as error:
        return Reading(gaps=(Gap(what="volumes", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    suspects = await suspects_of(look)
    containers = [each for pod in suspects.pods for each in containers_in(pod)]
    if not look.focus.names_object:
        containers = [each for each in containers if among.search(each.described)]
    containers.sort(key=lambda each: trouble_order(each, look.now))
    pods = {(namespace_of(each.pod), name_of(each.pod)): each.pod for each in containers}
    claims = [(pod, name) for pod in pods.values() for name in claim_names(pod)]
    found = await asyncio.gather(*(_claimed(look, pod, name) for pod, name in claims[:MOST_CLAIMS]))
    gaps = [*suspects.gaps, *(gap for claimed in found for gap in claimed.gaps)]
    if len(claims) > len(found):
        detail = f"only those of {len(found)} of {len(claims)} claims were read"
        gaps.append(Gap(what="all volumes", reason=GapReason.TRUNCATED, detail=detail))
    rows = tuple(_row(look, claimed) for claimed in found)
    return Reading(rows=rows, gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


async def _claimed(look: Look, pod: Json, name: str) -> _Claimed:
    namespace = namespace_of(pod)
    top = await owners.topmost(look.snapshot, pod)
    gaps = [top.gap] if top.gap else []
    claim, gap = await _object(look, "PersistentVolumeClaim", name, namespace)
    gaps += [gap] if gap else []
    volume: Json = {}
    if volume_name := str((claim.get("spec") or {}).get("volumeName") or ""):
        volume, gap = await _object(look, "PersistentVolume", volume_name)
        gaps += [gap] if gap else []
    return _Claimed(pod=pod, name=name, claim=claim, volume=volume, top=top, gaps=tuple(gaps))


async def _object(look: Look, kind: str, name: str, namespace: str = "") -> tuple[Json, Gap | None]:
    try:
        return await look.snapshot.find(kind, name, namespace=namespace) or {}, None
    except ClusterError as error:
        return {}, error.gap()


def _row(look: Look, claimed: _Claimed) -> Row:
    claim, volume, pod = claimed.claim, claimed.volume, claimed.pod
    claim_spec, volume_spec = claim.get("spec") or {}, volume.get("spec") or {}
    namespace, nodes = namespace_of(pod), nodes_of(volume)
    # A pod is no cluster: only what owns it can be older or younger than its data.
    owned = claimed.top.ref.kind != "Pod"
    ages = {
        "pvc_age_s": _age(look, claim),
        "pv_age_s": _age(look, volume),
        "cluster_age_s": _age(look, claimed.top.manifest or {}) if owned else UNKNOWN,
    }
    phase = str((claim.get("status") or {}).get("phase") or "")
    pv = name_of(volume) or str(claim_spec.get("volumeName") or "")
    claim_ref = ref(claim, "PersistentVolumeClaim") if claim else None
    created = (volume or claim).get("metadata", {}).get("creationTimestamp", "")
    return Row(
        values={
            "namespace": namespace,
            "pod": name_of(pod),
            "crash_looping": any(each.crash_looping(look.now) for each in containers_in(pod)),
            "pvc": claimed.name,
            "phase": phase,
            "pv": pv,
            "storage_class": str(claim_spec.get("storageClassName") or volume_spec.get("storageClassName") or ""),
            "reclaim_policy": str(volume_spec.get("persistentVolumeReclaimPolicy") or ""),
            "cluster_kind": claimed.top.ref.kind if owned else "",
            "cluster": claimed.top.ref.name if owned else "",
            "older_than_cluster": _is_older(**ages),
            "local": bool(volume_spec.get("local") or volume_spec.get("hostPath")),
            # A volume of several nodes says of none.
            "node": nodes[0] if len(nodes) == 1 else str((pod.get("spec") or {}).get("nodeName") or ""),
            "data_age_s": max(ages["pvc_age_s"], ages["pv_age_s"]),
            **ages,
        },
        subject=claim_ref or ObjectRef(kind="PersistentVolumeClaim", namespace=namespace, name=claimed.name),
        quote=f"{pv or claimed.name} creationTimestamp: {created}" if created else "",
        reproduce=f"kubectl -n {namespace} get pvc {claimed.name} -o yaml"
        + (f"; kubectl get pv {pv} -o yaml" if pv else ""),
    )


def _age(look: Look, obj: Mapping[str, Any]) -> int:
    return age_s(look.snapshot, (obj.get("metadata") or {}).get("creationTimestamp"))


def _is_older(*, pvc_age_s: int, pv_age_s: int, cluster_age_s: int) -> bool:
    return cluster_age_s != UNKNOWN and max(pvc_age_s, pv_age_s) > cluster_age_s + _TOGETHER_S


PROBE: Final = Probe(declaration=DECLARATION, read=read)
