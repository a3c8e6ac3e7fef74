"""PD's pods beside what their cluster asks for, and whether their volumes still hold what the members wrote.

A member of an old cluster on a volume that was made yesterday has lost its data. Failover replaces one member at a time
and leaves the others ready; members that lost their data crash, and the operator adds more pods beside them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.kube.containers import containers_in
from bot.kube.objects import created_at, name_of, namespace_of, phase_of, ref, spec_of
from bot.kube.owners import ordinal_of
from bot.kube.pod_states import is_ready
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import claim_names, reclaim_policy_of, volume_name_of
from bot.probes.contract import Look
from bot.probes.rows import RowValues
from bot.probes.tidb_members import clusters
from intents.domain import Json, Row

COMPONENT: Final = "pd"
# Volumes of a new cluster are made within minutes; a provisioner may take its time.
_TOGETHER_S: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfCluster(RowValues):
    """What every row of one cluster has in common."""

    cluster_age_s: int
    pods: int  # PD pods there are
    not_ready: int
    failure_members: tuple[str, ...]  # names the operator has given up
    released: tuple[str, ...]  # volumes that PD's claims left behind: they may still hold data


@dataclass(frozen=True, slots=True, kw_only=True)
class PdMember(RowValues):
    """A PD pod with its claim and its volume."""

    of_cluster: _OfCluster
    extra: bool  # beyond the replicas asked for: made by failover
    ready: bool
    pvc_phase: str  # Lost: its volume was deleted
    pvc_age_s: int
    pv_gone: bool  # the claim names a volume that does not exist
    pv_age_s: int
    lost: bool  # an original member whose data cannot be on its volume any more
    lost_why: str  # in words


async def members(look: Look, cluster: Json) -> Sequence[Row]:
    """Return a row per PD pod of a cluster."""
    labels = f"app.kubernetes.io/component={COMPONENT},app.kubernetes.io/instance={name_of(cluster)}"
    pods = sorted(await look.list("Pod", namespace=namespace_of(cluster), labels=labels), key=name_of)
    listing = await look.unless_refused(look.snapshot.list("PersistentVolume"), None)
    volumes = {name_of(each): each for each in listing.items} if listing else None
    of_cluster = _of_cluster(look, cluster, pods, volumes or {})
    return await asyncio.gather(*(_row(look, cluster, pod, volumes, of_cluster) for pod in pods))


def _of_cluster(look: Look, cluster: Json, pods: Sequence[Json], volumes: Mapping[str, Json]) -> _OfCluster:
    failed = clusters.entries(clusters.part(cluster, "status", COMPONENT).get("failureMembers"))
    return _OfCluster(
        cluster_age_s=look.age_s(created_at(cluster)),
        pods=len(pods),
        not_ready=sum(not is_ready(each) for each in pods),
        failure_members=tuple(str(each.get("podName") or key) for key, each in failed),
        released=tuple(
            name
            for name, volume in sorted(volumes.items())
            if phase_of(volume) == "Released" and _was_of(volume, cluster)
        ),
    )


def _was_of(volume: Json, cluster: Json) -> bool:
    """Tell whether a volume belonged to a claim of this cluster's PD."""
    claim = spec_of(volume).get("claimRef") or {}
    return claim.get("namespace") == namespace_of(cluster) and str(claim.get("name") or "").startswith(
        f"{COMPONENT}-{name_of(cluster)}-{COMPONENT}-"
    )


async def _row(look: Look, cluster: Json, pod: Json, volumes: Mapping[str, Json] | None, of_cluster: _OfCluster) -> Row:
    """Return the row of a pod; `volumes` is None where they are not readable."""
    namespace, name, containers = namespace_of(pod), name_of(pod), list(containers_in(pod))
    pvc = next((each for each in claim_names(pod) if each.startswith(f"{COMPONENT}-")), "")
    claim = (await look.find("PersistentVolumeClaim", pvc, namespace=namespace) if pvc else None) or {}
    phase, pv = phase_of(claim), volume_name_of(claim)
    volume = (volumes or {}).get(pv, {})
    replicas = clusters.replicas_of(cluster, COMPONENT)
    member = PdMember(
        of_cluster=of_cluster,
        extra=ordinal_of(name) >= replicas,
        ready=is_ready(pod),
        pvc_phase=phase,
        pvc_age_s=look.age_s(created_at(claim)),
        pv_gone=bool(pv) and volumes is not None and not volume,
        pv_age_s=look.age_s(created_at(volume)),
        lost=False,
        lost_why="",
    )
    if why := _lost(member):
        member = replace(member, lost=True, lost_why=why)
    return clusters.Member(
        namespace=namespace,
        cluster=name_of(cluster),
        replicas=replicas,
        pod=name,
        crash_looping=any(each.crash_looping(look.now) for each in containers),
        restarts=sum(each.restarts for each in containers),
        pvc=pvc,
        pv=pv,
        reclaim_policy=reclaim_policy_of(volume),
    ).row(
        ref(pod, "Pod"),
        quote=f"{pvc}: {phase}, volume {pv or 'none'} creationTimestamp {created_at(volume) or 'unknown'}",
        reproduce=f"kubectl -n {namespace} get pod,pvc -l app.kubernetes.io/component=pd; kubectl get pv",
        more=member.values(),
    )


def _lost(member: PdMember) -> str:
    """Return why the data of an original member cannot be on its volume; "" if it can."""
    cluster_age_s = member.of_cluster.cluster_age_s
    if member.extra:
        return ""
    if member.pvc_phase == "Lost" or member.pv_gone:
        return "its volume was deleted"
    if cluster_age_s == UNKNOWN:
        return ""
    # A local volume is older than any claim on it: the younger of the two tells since when this member writes here.
    youngest = min((age for age in (member.pvc_age_s, member.pv_age_s) if age != UNKNOWN), default=UNKNOWN)
    if youngest == UNKNOWN or youngest >= cluster_age_s - _TOGETHER_S:
        return ""
    return (
        "its volume is younger than the cluster"
        if youngest == member.pv_age_s
        else "its claim is younger than the cluster"
    )
