"""PD's pods and TiKV's stores beside what their cluster asks for, and the volumes they keep their data on.

A member of PD in an old cluster on a volume that was made yesterday has lost its data. Failover replaces one member
at a time and leaves the others ready; members that lost their data crash, and the operator adds more pods beside them.

A store that is Offline or Tombstone is normal for a pod that was scaled in, and a fault for one that the cluster still
asks for. Old stores of a pod stay in PD's list as Tombstones: the last heartbeat decides which store counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.kube.objects import created_at, grouped, name_of, namespace_of, phase_of, ref, spec_of
from bot.kube.owners import ordinal_of
from bot.kube.pod_states import is_ready
from bot.kube.tidb_clusters import part, replicas_of
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import claim_names, reclaim_policy_of, volume_name_of
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.scope import claim_and_volume
from bot.probes.tidb_members import clusters
from bot.probes.tidb_members.clusters import Volume
from intents.domain import ArgDeclaration, Json, ProbeResult, Row

_PD: Final = "pd"
# Volumes of a new cluster are made within minutes; a provisioner may take its time.
_TOGETHER_S: Final = 3600


class _OfCluster(RowValues):
    """What every row of one cluster has in common."""

    cluster_age_s: int
    pods: int  # of PD, that there are
    not_ready: int
    failure_members: tuple[str, ...]  # names the operator has given up
    released: tuple[str, ...]  # volumes that PD's claims left behind: they may still hold data


class _PdMember(RowValues):
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


async def _pd_members(look: Look, cluster: Json) -> Sequence[Row]:
    """Return a row per PD pod of a cluster."""
    labels = f"app.kubernetes.io/component={_PD},app.kubernetes.io/instance={name_of(cluster)}"
    pods = sorted(await look.list("Pod", namespace=namespace_of(cluster), labels=labels), key=name_of)
    listed = await look.readable("PersistentVolume")
    volumes = None if listed is None else {name_of(each): each for each in listed}
    of_cluster = _of_cluster(look, cluster, pods, volumes or {})
    return await asyncio.gather(*(_pd_row(look, cluster, pod, volumes, of_cluster) for pod in pods))


def _of_cluster(look: Look, cluster: Json, pods: Sequence[Json], volumes: Mapping[str, Json]) -> _OfCluster:
    failed = clusters.entries(part(cluster, "status", _PD).get("failureMembers"))
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
        f"{_PD}-{name_of(cluster)}-{_PD}-"
    )


async def _pd_row(
    look: Look, cluster: Json, pod: Json, volumes: Mapping[str, Json] | None, of_cluster: _OfCluster
) -> Row:
    """Return the row of a pod; `volumes` is None where they are not readable."""
    namespace, name = namespace_of(pod), name_of(pod)
    pvc = next((each for each in claim_names(pod) if each.startswith(f"{_PD}-")), "")
    claim = (await look.find("PersistentVolumeClaim", pvc, namespace=namespace) if pvc else None) or {}
    phase, pv = phase_of(claim), volume_name_of(claim)
    volume = (volumes or {}).get(pv, {})
    member = _PdMember(
        of_cluster=of_cluster,
        extra=ordinal_of(name) >= replicas_of(cluster, _PD),
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
    kept_on = Volume(pvc=pvc, pv=pv, reclaim_policy=reclaim_policy_of(volume))
    return clusters.member(look, cluster, _PD, pod=name, its=pod, volume=kept_on).row(
        ref(pod, "Pod"),
        quote=f"{pvc}: {phase}, volume {pv or 'none'} creationTimestamp {created_at(volume) or 'unknown'}",
        reproduce=f"kubectl -n {namespace} get pod,pvc -l app.kubernetes.io/component=pd; kubectl get pv",
        more=member.values(),
    )


def _lost(member: _PdMember) -> str:
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


_TIKV: Final = "tikv"
_LABEL: Final = "tidb.pingcap.com/store-id"
_LEAVING_STATES: Final = frozenset({"Offline", "Tombstone"})


class _TikvStore(RowValues):
    """A store of TiKV as PD knows it."""

    store: str  # its id
    state: str  # Up, Disconnected, Down, Offline, Tombstone
    leaders: int
    heartbeat: str  # as the status writes it, "" for none
    newest: bool  # of the stores its pod has had, by heartbeat
    wanted: bool  # the TidbCluster asks for a pod of this ordinal
    up_stores: int  # of the cluster
    pod_exists: bool
    pod_ready: bool


_Store = Mapping[str, Any]


async def _tikv_stores(look: Look, cluster: Json, *, pod: str) -> Sequence[Row]:
    """Return a row per store of a cluster, only those of the pod named where one is."""
    known = _stores_in(cluster)
    chosen = [each for each in known if not pod or each["podName"] == pod]
    if not chosen:
        return ()
    labels = f"app.kubernetes.io/component={_TIKV}"
    pods = {name_of(each): each for each in await look.list("Pod", namespace=namespace_of(cluster), labels=labels)}
    newest = _newest(known)
    ordered = sorted(chosen, key=lambda each: (str(each["podName"]), _recency(each)))
    volumes = await asyncio.gather(
        *(_volume(look, store, cluster, pods.get(str(store["podName"]), {})) for store in ordered)
    )
    up_stores = sum(each.get("state") == "Up" for each in known)
    rows = []
    for store, volume in zip(ordered, volumes, strict=True):
        name, leaders = str(store["podName"]), store.get("leaderCount")
        its = pods.get(name)
        values = _TikvStore(
            store=str(store["id"]),
            state=str(store.get("state") or ""),
            leaders=leaders if isinstance(leaders, int) else UNKNOWN,
            heartbeat=str(store.get("lastHeartbeatTime") or ""),
            newest=newest[name] is store,
            wanted=ordinal_of(name) in clusters.wanted_ordinals(cluster, _TIKV),
            up_stores=up_stores,
            pod_exists=its is not None,
            pod_ready=its is not None and is_ready(its),
        )
        rows.append(_store_row(look, cluster, name, its, volume, values))
    return rows


def _stores_in(cluster: Json) -> list[_Store]:
    status = part(cluster, "status", _TIKV)
    found = [each for key in ("stores", "tombstoneStores") for _, each in clusters.entries(status.get(key))]
    # An operator of 1.1.0 listed fields of the StatefulSet's status here.
    return [each for each in found if each.get("podName") and each.get("id")]


def _newest(known: Sequence[_Store]) -> dict[str, _Store]:
    """Return the store each pod had last: by heartbeat, or by id where a Tombstone has none (ids only grow)."""
    return {
        pod: max(own, key=_recency if all(each.get("lastHeartbeatTime") for each in own) else _number)
        for pod, own in grouped(known, lambda store: str(store["podName"])).items()
    }


def _recency(store: _Store) -> tuple[str, int]:
    # RFC 3339 in UTC sorts as text.
    return str(store.get("lastHeartbeatTime") or ""), _number(store)


def _number(store: _Store) -> int:
    number = str(store["id"])
    return int(number) if number.isdecimal() else 0


async def _volume(look: Look, store: _Store, cluster: Json, pod: Json) -> Volume:
    """Return the volume of an Offline or Tombstone store: by the operator's label, else through the pod's claim."""
    if store.get("state") not in _LEAVING_STATES:
        return Volume()
    pvc = next((name for name in claim_names(pod) if name.startswith(f"{_TIKV}-")), "")
    labels = f"app.kubernetes.io/instance={name_of(cluster)},{_LABEL}={store['id']}"
    volume = min(await look.list("PersistentVolume", labels=labels), key=name_of, default=None)
    if volume is None and pvc:
        _, volume = await claim_and_volume(look, namespace_of(cluster), pvc)
    if not volume:
        return Volume(pvc=pvc)
    return Volume(pvc=pvc, pv=name_of(volume), reclaim_policy=reclaim_policy_of(volume))


def _store_row(look: Look, cluster: Json, pod: str, its: Json | None, volume: Volume, store: _TikvStore) -> Row:
    shown = f"{{podName: {pod}, state: {store.state}, lastHeartbeatTime: {store.heartbeat or 'null'}}}"
    return clusters.member(look, cluster, _TIKV, pod=pod, its=its or {}, volume=volume).row(
        ref(cluster, "TidbCluster"),
        quote=f'"{store.store}": {shown}',
        reproduce=f"kubectl -n {namespace_of(cluster)} get tidbcluster {name_of(cluster)} -o json | jq '.status.tikv'",
        more=store.values(),
    )


@probe(
    says="a row per PD pod, or per TiKV store, of the TidbClusters in question: its state, its pod and its volume",
    row=clusters.Member,
    args={
        "component": ArgDeclaration(
            says="pd: a row per PD pod; tikv: a row per store that PD knows",
            required=True,
            choices=("pd", "tikv"),
            fills={"pd": _PdMember.keys(), "tikv": _TikvStore.keys()},
        )
    },
    permissions=(
        *clusters.PERMISSIONS,
        *may("list", "pods"),
        *may("get", "persistentvolumeclaims"),
        *may("get list", "persistentvolumes"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the clusters in question, then the members of each."""
    component = str(look.args.get("component") or "")
    found, pod = await clusters.clusters_of(look, component)
    if component == _PD:
        members = (_pd_members(look, each) for each in found)
    else:
        members = (_tikv_stores(look, each, pod=pod) for each in found)
    return ProbeResult(rows=tuple(row for rows in await asyncio.gather(*members) for row in rows))
