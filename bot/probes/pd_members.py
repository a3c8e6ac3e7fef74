"""PD's pods beside what their cluster wants, and whether their volumes still hold what the members wrote.

A member of an old cluster on a volume that was made yesterday has lost its data. Failover replaces one member at a time
and leaves the others ready; members that lost their data crash, and the operator adds more pods beside them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import containers_in
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import ordinal_of
from bot.kube.unready import is_ready
from bot.kube.volume_claims import claim_names, nodes_of
from bot.probes.contract import Look, Probe
from bot.probes.shared import tidb
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

_COMPONENT: Final = "pd"
# Volumes of a new cluster are made within minutes; a provisioner may take its time.
_TOGETHER_S: Final = 3600

DECLARATION: Final = ProbeDeclaration(
    name="pd-members",
    says="A row per PD pod of the TidbClusters in question: is it one too many, and can its volume hold its data",
    rows={
        "namespace": RowType.STRING,
        "cluster": RowType.STRING,
        "cluster_age_s": RowType.INTEGER,
        "replicas": RowType.INTEGER,  # of PD, as the TidbCluster wants them
        "pods": RowType.INTEGER,  # PD pods there are
        "not_ready": RowType.INTEGER,
        "failure_members": RowType.STRINGS,  # names the operator has given up
        "pod": RowType.STRING,
        "extra": RowType.BOOLEAN,  # beyond the replicas wanted: made by failover
        "ready": RowType.BOOLEAN,
        "crash_looping": RowType.BOOLEAN,
        "restarts": RowType.INTEGER,
        "node": RowType.STRING,
        "pvc": RowType.STRING,
        "pvc_phase": RowType.STRING,  # Lost: its volume was deleted
        "pvc_age_s": RowType.INTEGER,
        "pv": RowType.STRING,
        "pv_gone": RowType.BOOLEAN,  # the claim names a volume that does not exist
        "pv_age_s": RowType.INTEGER,
        "reclaim_policy": RowType.STRING,
        "local": RowType.BOOLEAN,
        "lost": RowType.BOOLEAN,  # an original member whose data cannot be on its volume any more
        "lost_why": RowType.STRING,  # in words
        "released": RowType.STRINGS,  # volumes that PD's claims left behind: they may still hold data
    },
    permissions=(
        *tidb.PERMISSIONS,
        Permission(verb="list", resource="pods"),
        Permission(verb="get", resource="persistentvolumeclaims"),
        Permission(verb="list", resource="persistentvolumes"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A PD pod with its claim and volume, {} where there is none."""

    pod: Json
    pvc: str
    claim: Json
    volume: Json
    volumes_read: bool
    gap: Gap | None = None


async def read(look: Look) -> Reading:
    clusters = await tidb.clusters_of(look, _COMPONENT)
    rows: list[Row] = []
    gaps = list(clusters.gaps)
    for found, more in await asyncio.gather(*(_members(look, each) for each in clusters.items)):
        rows += found
        gaps += more
    return Reading(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=clusters.missing,
        not_applicable=clusters.not_applicable,
    )


async def _members(look: Look, cluster: Json) -> tuple[list[Row], list[Gap]]:
    namespace = namespace_of(cluster)
    labels = f"app.kubernetes.io/component={_COMPONENT},app.kubernetes.io/instance={name_of(cluster)}"
    try:
        pods = sorted((await look.snapshot.list("Pod", namespace=namespace, labels=labels)).items, key=name_of)
    except ClusterError as error:
        return [], [error.gap(f"pods in {namespace}")]
    gaps: list[Gap] = []
    volumes: dict[str, Json] | None = None
    try:
        volumes = {name_of(each): each for each in (await look.snapshot.list("PersistentVolume")).items}
    except ClusterError as error:
        gaps.append(error.gap("the PersistentVolumes"))
    members = await asyncio.gather(*(_member(look, pod, volumes) for pod in pods))
    gaps += [each.gap for each in members if each.gap]
    shared = _shared(look, cluster, pods, volumes or {})
    return [_row(look, each, shared) for each in members], gaps


def _shared(look: Look, cluster: Json, pods: Sequence[Json], volumes: Mapping[str, Json]) -> dict[str, Value]:
    failed = tidb.entries(tidb.part(cluster, "status", _COMPONENT).get("failureMembers"))
    return {
        "namespace": namespace_of(cluster),
        "cluster": name_of(cluster),
        "cluster_age_s": age_s(look.snapshot, cluster["metadata"].get("creationTimestamp")),
        "replicas": tidb.replicas_of(cluster, _COMPONENT),
        "pods": len(pods),
        "not_ready": sum(not is_ready(each) for each in pods),
        "failure_members": tuple(str(each.get("podName") or key) for key, each in failed),
        "released": tuple(
            name
            for name, volume in sorted(volumes.items())
            if (volume.get("status") or {}).get("phase") == "Released" and _was_of(volume, cluster)
        ),
    }


def _was_of(volume: Json, cluster: Json) -> bool:
    """Whether a volume belonged to a claim of this cluster's PD."""
    claim = (volume.get("spec") or {}).get("claimRef") or {}
    return claim.get("namespace") == namespace_of(cluster) and str(claim.get("name") or "").startswith(
        f"{_COMPONENT}-{name_of(cluster)}-{_COMPONENT}-"
    )


async def _member(look: Look, pod: Json, volumes: Mapping[str, Json] | None) -> _Member:
    pvc = next((name for name in claim_names(pod) if name.startswith(f"{_COMPONENT}-")), "")
    claim: Json = {}
    gap = None
    try:
        found = await look.snapshot.find("PersistentVolumeClaim", pvc, namespace=namespace_of(pod)) if pvc else None
        claim = found or {}
    except ClusterError as error:
        gap = error.gap(f"claims in {namespace_of(pod)}")
    name = str((claim.get("spec") or {}).get("volumeName") or "")
    volume = (volumes or {}).get(name, {})
    return _Member(pod=pod, pvc=pvc, claim=claim, volume=volume, volumes_read=volumes is not None, gap=gap)


def _row(look: Look, member: _Member, shared: Mapping[str, Value]) -> Row:
    pod, name = member.pod, name_of(member.pod)
    containers = list(containers_in(pod))
    spec = member.volume.get("spec") or {}
    pv = str((member.claim.get("spec") or {}).get("volumeName") or "")
    phase = str((member.claim.get("status") or {}).get("phase") or "")
    ages = {"pvc_age_s": _age(look, member.claim), "pv_age_s": _age(look, member.volume)}
    extra = ordinal_of(name) >= int(str(shared["replicas"]))
    gone = bool(pv) and member.volumes_read and not member.volume
    why = "" if extra else _lost(phase=phase, gone=gone, cluster_age_s=int(str(shared["cluster_age_s"])), **ages)
    values: dict[str, Value] = {
        **shared,
        "pod": name,
        "extra": extra,
        "ready": is_ready(pod),
        "crash_looping": any(each.crash_looping(look.now) for each in containers),
        "restarts": sum(each.restarts for each in containers),
        "node": ", ".join(nodes_of(member.volume)) or str((pod.get("spec") or {}).get("nodeName") or ""),
        "pvc": member.pvc,
        "pvc_phase": phase,
        "pv": pv,
        "pv_gone": gone,
        "reclaim_policy": str(spec.get("persistentVolumeReclaimPolicy") or ""),
        "local": bool(spec.get("local") or spec.get("hostPath")),
        "lost": bool(why),
        "lost_why": why,
        **ages,
    }
    namespace = namespace_of(pod)
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=f"{member.pvc}: {phase}, volume {pv or 'none'} creationTimestamp {_created(member.volume)}",
        reproduce=f"kubectl -n {namespace} get pod,pvc -l app.kubernetes.io/component=pd; kubectl get pv",
    )


def _lost(*, phase: str, gone: bool, pvc_age_s: int, pv_age_s: int, cluster_age_s: int) -> str:
    """Why the data of an original member cannot be on its volume; "" if it can."""
    if phase == "Lost" or gone:
        return "its volume was deleted"
    if cluster_age_s == UNKNOWN:
        return ""
    # A local volume is older than any claim on it: the younger of the two tells since when this member writes here.
    youngest = min((age for age in (pvc_age_s, pv_age_s) if age != UNKNOWN), default=UNKNOWN)
    if youngest == UNKNOWN or youngest >= cluster_age_s - _TOGETHER_S:
        return ""
    return "its volume is younger than the cluster" if youngest == pv_age_s else "its claim is younger than the cluster"


def _age(look: Look, obj: Mapping[str, Any]) -> int:
    return age_s(look.snapshot, (obj.get("metadata") or {}).get("creationTimestamp"))


def _created(obj: Mapping[str, Any]) -> str:
    return str((obj.get("metadata") or {}).get("creationTimestamp") or "unknown")


PROBE: Final = Probe(declaration=DECLARATION, read=read)
