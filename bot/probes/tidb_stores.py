"""TiKV's stores as PD knows them beside the pods they live in.

A store that is Offline or Tombstone is normal for a pod that was scaled in, and a fault for one that is meant to be
there. Which of a pod's stores counts is told by the last heartbeat: old ones stay in the list as Tombstones.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import containers_in
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import ordinal_of
from bot.kube.unready import is_ready
from bot.kube.volume_claims import claim_names
from bot.probes.contract import Look, Probe
from bot.probes.shared import tidb
from bot.probes.shared.ages import UNKNOWN, age_s
from intents.domain import Gap, Json, Permission, ProbeDeclaration, Reading, Row, RowType, Value

_COMPONENT: Final = "tikv"
_LABEL: Final = "tidb.pingcap.com/store-id"

DECLARATION: Final = ProbeDeclaration(
    name="tidb-stores",
    says="A row per TiKV store of the TidbClusters in question: its state in PD, its pod, whether that is wanted",
    rows={
        "namespace": RowType.STRING,
        "cluster": RowType.STRING,
        "store": RowType.STRING,  # its id
        "pod": RowType.STRING,
        "state": RowType.STRING,  # Up, Disconnected, Down, Offline, Tombstone
        "leaders": RowType.INTEGER,
        "heartbeat": RowType.STRING,  # as the status writes it, "" for none
        "heartbeat_age_s": RowType.INTEGER,
        "since_s": RowType.INTEGER,  # since when it is in this state
        "newest": RowType.BOOLEAN,  # of the stores its pod has had, by heartbeat
        "failed": RowType.BOOLEAN,  # the operator lists it among failureStores
        "wanted": RowType.BOOLEAN,  # the TidbCluster wants a pod of this ordinal
        "replicas": RowType.INTEGER,
        "ready_pods": RowType.INTEGER,
        "up_stores": RowType.INTEGER,  # of the cluster
        "pod_exists": RowType.BOOLEAN,
        "pod_ready": RowType.BOOLEAN,
        "pod_phase": RowType.STRING,
        "pod_age_s": RowType.INTEGER,
        "restarts": RowType.INTEGER,
        "crash_looping": RowType.BOOLEAN,
        "pvc": RowType.STRING,  # of TiKV's data
        "pv": RowType.STRING,
        "pv_found_by": RowType.STRING,  # label (tidb.pingcap.com/store-id) or claim
        "reclaim_policy": RowType.STRING,
    },
    permissions=(
        *tidb.PERMISSIONS,
        Permission(verb="list", resource="pods"),
        Permission(verb="get", resource="persistentvolumeclaims"),
        Permission(verb="list", resource="persistentvolumes"),
        Permission(verb="get", resource="persistentvolumes"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Volume:
    pvc: str = ""
    pv: str = ""
    found_by: str = ""
    reclaim_policy: str = ""


async def read(look: Look) -> Reading:
    clusters = await tidb.clusters_of(look, _COMPONENT)
    rows: list[Row] = []
    gaps = list(clusters.gaps)
    for found, more in await asyncio.gather(*(_stores(look, each, pod=clusters.pod) for each in clusters.items)):
        rows += found
        gaps += more
    return Reading(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=clusters.missing,
        not_applicable=clusters.not_applicable,
    )


async def _stores(look: Look, cluster: Json, *, pod: str) -> tuple[list[Row], list[Gap]]:
    status = tidb.part(cluster, "status", _COMPONENT)
    stores = [each for key in ("stores", "tombstoneStores") for _, each in tidb.entries(status.get(key))]
    # An operator of 1.1.0 listed fields of the StatefulSet's status here.
    stores = [each for each in stores if each.get("podName") and each.get("id")]
    newest = _newest(stores)
    chosen = [each for each in stores if not pod or each["podName"] == pod]
    if not chosen:
        return [], []
    namespace, gaps = namespace_of(cluster), []
    pods: dict[str, Json] = {}
    try:
        labels = f"app.kubernetes.io/component={_COMPONENT}"
        listing = await look.snapshot.list("Pod", namespace=namespace, labels=labels)
        pods = {name_of(each): each for each in listing.items}
    except ClusterError as error:
        gaps.append(error.gap(f"pods in {namespace}"))
    failed = {str(each.get("storeID") or key) for key, each in tidb.entries(status.get("failureStores"))}
    shared: dict[str, Value] = {
        "namespace": namespace,
        "cluster": name_of(cluster),
        "replicas": tidb.replicas_of(cluster, _COMPONENT),
        "ready_pods": sum(
            is_ready(each) for name, each in pods.items() if name.startswith(f"{name_of(cluster)}-{_COMPONENT}-")
        ),
        "up_stores": sum(each.get("state") == "Up" for each in stores),
    }
    rows = []
    for store in sorted(chosen, key=lambda each: (str(each["podName"]), _recency(each))):
        name = str(store["podName"])
        volume, more = await _volume(look, store, cluster, pods.get(name, {}))
        gaps += more
        facts: dict[str, Value] = {
            "newest": newest[name] is store,
            "failed": str(store["id"]) in failed,
            "wanted": ordinal_of(name) in tidb.wanted_ordinals(cluster, _COMPONENT),
        }
        rows.append(_row(look, cluster, store, pods.get(name), volume, {**shared, **facts}))
    return rows, gaps


def _newest(stores: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The store each pod had last: by heartbeat, or by id where a Tombstone has lost its heartbeat (ids only grow)."""
    of_pod: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for store in stores:
        of_pod[str(store["podName"])].append(store)
    return {
        pod: max(own, key=_recency if all(each.get("lastHeartbeatTime") for each in own) else _number)
        for pod, own in of_pod.items()
    }


def _recency(store: Mapping[str, Any]) -> tuple[str, int]:
    # RFC 3339 in UTC sorts as text.
    return str(store.get("lastHeartbeatTime") or ""), _number(store)


def _number(store: Mapping[str, Any]) -> int:
    number = str(store["id"])
    return int(number) if number.isdecimal() else 0


async def _volume(look: Look, store: Mapping[str, Any], cluster: Json, pod: Json) -> tuple[_Volume, list[Gap]]:
    """The volume of a store that is going or gone: by the operator's label, else through the pod's claim."""
    if store.get("state") not in ("Offline", "Tombstone"):
        return _Volume(), []
    pvc = next((name for name in claim_names(pod) if name.startswith(f"{_COMPONENT}-")), "")
    labels = f"app.kubernetes.io/instance={name_of(cluster)},{_LABEL}={store['id']}"
    try:
        if found := (await look.snapshot.list("PersistentVolume", labels=labels)).items:
            return _with_volume(pvc, sorted(found, key=name_of)[0], "label"), []
        claim = await look.snapshot.find("PersistentVolumeClaim", pvc, namespace=namespace_of(cluster)) if pvc else None
        name = str(((claim or {}).get("spec") or {}).get("volumeName") or "")
        volume = await look.snapshot.find("PersistentVolume", name) if name else None
    except ClusterError as error:
        return _Volume(pvc=pvc), [error.gap()]
    return (_with_volume(pvc, volume, "claim") if volume else _Volume(pvc=pvc)), []


def _with_volume(pvc: str, volume: Json, found_by: str) -> _Volume:
    policy = str((volume.get("spec") or {}).get("persistentVolumeReclaimPolicy") or "")
    return _Volume(pvc=pvc, pv=name_of(volume), found_by=found_by, reclaim_policy=policy)


def _row(
    look: Look,
    cluster: Json,
    store: Mapping[str, Any],
    pod: Json | None,
    volume: _Volume,
    known: Mapping[str, Value],
) -> Row:
    name, state = str(store["podName"]), str(store.get("state") or "")
    containers = list(containers_in(pod or {}))
    heartbeat = store.get("lastHeartbeatTime")
    leaders = store.get("leaderCount")
    values: dict[str, Value] = {
        **known,
        "store": str(store["id"]),
        "pod": name,
        "state": state,
        "leaders": leaders if isinstance(leaders, int) else UNKNOWN,
        "heartbeat": str(heartbeat or ""),
        "heartbeat_age_s": age_s(look.snapshot, heartbeat),
        "since_s": age_s(look.snapshot, store.get("lastTransitionTime")),
        "pod_exists": pod is not None,
        "pod_ready": pod is not None and is_ready(pod),
        "pod_phase": str(((pod or {}).get("status") or {}).get("phase") or ""),
        "pod_age_s": age_s(look.snapshot, ((pod or {}).get("metadata") or {}).get("creationTimestamp")),
        "restarts": sum(each.restarts for each in containers),
        "crash_looping": any(each.crash_looping(look.now) for each in containers),
        "pvc": volume.pvc,
        "pv": volume.pv,
        "pv_found_by": volume.found_by,
        "reclaim_policy": volume.reclaim_policy,
    }
    namespace = namespace_of(cluster)
    return Row(
        values=values,
        subject=ref(cluster, "TidbCluster"),
        quote=f'"{store["id"]}": {{podName: {name}, state: {state}, lastHeartbeatTime: {heartbeat or "null"}}}',
        reproduce=f"kubectl -n {namespace} get tidbcluster {name_of(cluster)} -o json | jq '.status.tikv'",
    )


PROBE: Final = Probe(declaration=DECLARATION, read=read)
