"""PD's pods beside what their cluster asks for, and whether their volumes still hold what the members wrote.

A member of an old cluster on a volume that was made yesterday has lost its data. Failover replaces one member at a time
and leaves the others ready; members that lost their data crash, and the operator adds more pods beside them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import containers_in
from bot.kube.objects import created_at, name_of, namespace_of, phase_of, ref, spec_of
from bot.kube.owners import ordinal_of
from bot.kube.pod_readiness import is_ready
from bot.kube.volume_claims import claim_names, reclaim_policy_of, volume_name_of
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.tidb_members import clusters
from intents.domain import Gap, Json, Row, RowType, Value

COMPONENT: Final = "pd"
# Volumes of a new cluster are made within minutes; a provisioner may take its time.
_TOGETHER_S: Final = 3600

KEYS: Final[Mapping[str, RowType]] = {
    "cluster_age_s": RowType.INTEGER,
    "pods": RowType.INTEGER,  # PD pods there are
    "not_ready": RowType.INTEGER,
    "failure_members": RowType.STRINGS,  # names the operator has given up
    "extra": RowType.BOOLEAN,  # beyond the replicas asked for: made by failover
    "ready": RowType.BOOLEAN,
    "pvc_phase": RowType.STRING,  # Lost: its volume was deleted
    "pvc_age_s": RowType.INTEGER,
    "pv_gone": RowType.BOOLEAN,  # the claim names a volume that does not exist
    "pv_age_s": RowType.INTEGER,
    "lost": RowType.BOOLEAN,  # an original member whose data cannot be on its volume any more
    "lost_why": RowType.STRING,  # in words
    "released": RowType.STRINGS,  # volumes that PD's claims left behind: they may still hold data
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A PD pod with its claim and volume, {} where there is none."""

    pod: Json
    pvc: str
    claim: Json
    volume: Json
    volumes_read: bool
    gap: Gap | None = None

    @property
    def pv(self) -> str:
        return volume_name_of(self.claim)

    @property
    def is_volume_gone(self) -> bool:
        return bool(self.pv) and self.volumes_read and not self.volume


async def members(look: Look, cluster: Json) -> tuple[list[Row], list[Gap]]:
    """Return a row per PD pod of a cluster."""
    namespace = namespace_of(cluster)
    labels = f"app.kubernetes.io/component={COMPONENT},app.kubernetes.io/instance={name_of(cluster)}"
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
    found = await asyncio.gather(*(_member(look, pod, volumes) for pod in pods))
    gaps += [each.gap for each in found if each.gap]
    shared = _shared(look, cluster, pods, volumes or {})
    return [_row(look, each, shared) for each in found], gaps


def _shared(look: Look, cluster: Json, pods: Sequence[Json], volumes: Mapping[str, Json]) -> dict[str, Value]:
    """Return what every row of one cluster has in common."""
    failed = clusters.entries(clusters.part(cluster, "status", COMPONENT).get("failureMembers"))
    return {
        "namespace": namespace_of(cluster),
        "cluster": name_of(cluster),
        "cluster_age_s": age_s(look.snapshot, created_at(cluster)),
        "replicas": clusters.replicas_of(cluster, COMPONENT),
        "pods": len(pods),
        "not_ready": sum(not is_ready(each) for each in pods),
        "failure_members": tuple(str(each.get("podName") or key) for key, each in failed),
        "released": tuple(
            name
            for name, volume in sorted(volumes.items())
            if phase_of(volume) == "Released" and _was_of(volume, cluster)
        ),
    }


def _was_of(volume: Json, cluster: Json) -> bool:
    """Tell whether a volume belonged to a claim of this cluster's PD."""
    claim = spec_of(volume).get("claimRef") or {}
    return claim.get("namespace") == namespace_of(cluster) and str(claim.get("name") or "").startswith(
        f"{COMPONENT}-{name_of(cluster)}-{COMPONENT}-"
    )


async def _member(look: Look, pod: Json, volumes: Mapping[str, Json] | None) -> _Member:
    pvc = next((name for name in claim_names(pod) if name.startswith(f"{COMPONENT}-")), "")
    claim: Json = {}
    gap = None
    try:
        found = await look.snapshot.find("PersistentVolumeClaim", pvc, namespace=namespace_of(pod)) if pvc else None
        claim = found or {}
    except ClusterError as error:
        gap = error.gap(f"claims in {namespace_of(pod)}")
    volume = (volumes or {}).get(volume_name_of(claim), {})
    return _Member(pod=pod, pvc=pvc, claim=claim, volume=volume, volumes_read=volumes is not None, gap=gap)


def _row(look: Look, member: _Member, shared: Mapping[str, Value]) -> Row:
    pod, name, volume = member.pod, name_of(member.pod), member.volume
    containers = list(containers_in(pod))
    namespace, phase = namespace_of(pod), phase_of(member.claim)
    pvc_age_s = age_s(look.snapshot, created_at(member.claim))
    pv_age_s = age_s(look.snapshot, created_at(volume))
    extra = ordinal_of(name) >= int(str(shared["replicas"]))
    cluster_age_s = int(str(shared["cluster_age_s"]))
    why = "" if extra else _lost(member, pvc_age_s=pvc_age_s, pv_age_s=pv_age_s, cluster_age_s=cluster_age_s)
    values: dict[str, Value] = {
        **shared,
        "pod": name,
        "extra": extra,
        "ready": is_ready(pod),
        "crash_looping": any(each.crash_looping(look.now) for each in containers),
        "restarts": sum(each.restarts for each in containers),
        "pvc": member.pvc,
        "pvc_phase": phase,
        "pvc_age_s": pvc_age_s,
        "pv": member.pv,
        "pv_gone": member.is_volume_gone,
        "pv_age_s": pv_age_s,
        "reclaim_policy": reclaim_policy_of(volume),
        "lost": bool(why),
        "lost_why": why,
    }
    created = created_at(volume) or "unknown"
    return Row(
        values=values,
        subject=ref(pod, "Pod"),
        quote=f"{member.pvc}: {phase}, volume {member.pv or 'none'} creationTimestamp {created}",
        reproduce=f"kubectl -n {namespace} get pod,pvc -l app.kubernetes.io/component=pd; kubectl get pv",
    )


def _lost(member: _Member, *, pvc_age_s: int, pv_age_s: int, cluster_age_s: int) -> str:
    """Return why the data of an original member cannot be on its volume; "" if it can."""
    if phase_of(member.claim) == "Lost" or member.is_volume_gone:
        return "its volume was deleted"
    if cluster_age_s == UNKNOWN:
        return ""
    # A local volume is older than any claim on it: the younger of the two tells since when this member writes here.
    youngest = min((age for age in (pvc_age_s, pv_age_s) if age != UNKNOWN), default=UNKNOWN)
    if youngest == UNKNOWN or youngest >= cluster_age_s - _TOGETHER_S:
        return ""
    return "its volume is younger than the cluster" if youngest == pv_age_s else "its claim is younger than the cluster"
