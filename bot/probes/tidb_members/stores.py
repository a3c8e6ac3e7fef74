"""TiKV's stores as PD knows them beside the pods they live in.

A store that is Offline or Tombstone is normal for a pod that was scaled in, and a fault for one that the cluster still
asks for. Old stores of a pod stay in PD's list as Tombstones: the last heartbeat decides which store counts.
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
from bot.kube.pod_readiness import is_ready
from bot.kube.volume_claims import claim_names, reclaim_policy_of, volume_name_of
from bot.probes.contract import Look
from bot.probes.shared.ages import UNKNOWN
from bot.probes.tidb_members import clusters
from intents.domain import Gap, Json, Row, RowType, Value

COMPONENT: Final = "tikv"
_LABEL: Final = "tidb.pingcap.com/store-id"
_LEAVING_STATES: Final = frozenset({"Offline", "Tombstone"})

KEYS: Final[Mapping[str, RowType]] = {
    "store": RowType.STRING,  # its id
    "state": RowType.STRING,  # Up, Disconnected, Down, Offline, Tombstone
    "leaders": RowType.INTEGER,
    "heartbeat": RowType.STRING,  # as the status writes it, "" for none
    "newest": RowType.BOOLEAN,  # of the stores its pod has had, by heartbeat
    "wanted": RowType.BOOLEAN,  # the TidbCluster asks for a pod of this ordinal
    "up_stores": RowType.INTEGER,  # of the cluster
    "pod_exists": RowType.BOOLEAN,
    "pod_ready": RowType.BOOLEAN,
}

Store = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Volume:
    """The volume of a store with its claim; empty names where it was not looked for or not found."""

    pvc: str = ""
    pv: str = ""
    reclaim_policy: str = ""


async def stores(look: Look, cluster: Json, *, pod: str) -> tuple[list[Row], list[Gap]]:
    """Return a row per store of a cluster, only those of the pod named where one is."""
    known = _stores_in(cluster)
    chosen = [each for each in known if not pod or each["podName"] == pod]
    if not chosen:
        return [], []
    pods, gaps = await _pods(look, namespace_of(cluster))
    newest = _newest(known)
    shared = _shared(cluster, known)
    rows = []
    ordered = sorted(chosen, key=lambda each: (str(each["podName"]), _recency(each)))
    volumes = await asyncio.gather(
        *(_volume(look, store, cluster, pods.get(str(store["podName"]), {})) for store in ordered)
    )
    for store, (volume, more) in zip(ordered, volumes, strict=True):
        name = str(store["podName"])
        gaps += more
        facts: dict[str, Value] = {
            "newest": newest[name] is store,
            "wanted": ordinal_of(name) in clusters.wanted_ordinals(cluster, COMPONENT),
        }
        rows.append(_row(look, cluster, store, pods.get(name), volume, {**shared, **facts}))
    return rows, gaps


def _stores_in(cluster: Json) -> list[Store]:
    status = clusters.part(cluster, "status", COMPONENT)
    found = [each for key in ("stores", "tombstoneStores") for _, each in clusters.entries(status.get(key))]
    # An operator of 1.1.0 listed fields of the StatefulSet's status here.
    return [each for each in found if each.get("podName") and each.get("id")]


async def _pods(look: Look, namespace: str) -> tuple[dict[str, Json], list[Gap]]:
    try:
        labels = f"app.kubernetes.io/component={COMPONENT}"
        listing = await look.snapshot.list("Pod", namespace=namespace, labels=labels)
    except ClusterError as error:
        return {}, [error.gap(f"pods in {namespace}")]
    return {name_of(each): each for each in listing.items}, []


def _shared(cluster: Json, known: Sequence[Store]) -> dict[str, Value]:
    """Return what every row of one cluster has in common."""
    return {
        "namespace": namespace_of(cluster),
        "cluster": name_of(cluster),
        "replicas": clusters.replicas_of(cluster, COMPONENT),
        "up_stores": sum(each.get("state") == "Up" for each in known),
    }


def _newest(known: Sequence[Store]) -> dict[str, Store]:
    """Return the store each pod had last: by heartbeat, or by id where a Tombstone has none (ids only grow)."""
    of_pod: dict[str, list[Store]] = defaultdict(list)
    for store in known:
        of_pod[str(store["podName"])].append(store)
    return {
        pod: max(own, key=_recency if all(each.get("lastHeartbeatTime") for each in own) else _number)
        for pod, own in of_pod.items()
    }


def _recency(store: Store) -> tuple[str, int]:
    # RFC 3339 in UTC sorts as text.
    return str(store.get("lastHeartbeatTime") or ""), _number(store)


def _number(store: Store) -> int:
    number = str(store["id"])
    return int(number) if number.isdecimal() else 0


async def _volume(look: Look, store: Store, cluster: Json, pod: Json) -> tuple[_Volume, list[Gap]]:
    """Return the volume of an Offline or Tombstone store: by the operator's label, else through the pod's claim."""
    if store.get("state") not in _LEAVING_STATES:
        return _Volume(), []
    pvc = next((name for name in claim_names(pod) if name.startswith(f"{COMPONENT}-")), "")
    labels = f"app.kubernetes.io/instance={name_of(cluster)},{_LABEL}={store['id']}"
    try:
        if found := (await look.snapshot.list("PersistentVolume", labels=labels)).items:
            return _with_volume(pvc, sorted(found, key=name_of)[0]), []
        claim = await look.snapshot.find("PersistentVolumeClaim", pvc, namespace=namespace_of(cluster)) if pvc else None
        name = volume_name_of(claim or {})
        volume = await look.snapshot.find("PersistentVolume", name) if name else None
    except ClusterError as error:
        return _Volume(pvc=pvc), [error.gap()]
    return (_with_volume(pvc, volume) if volume else _Volume(pvc=pvc)), []


def _with_volume(pvc: str, volume: Json) -> _Volume:
    policy = reclaim_policy_of(volume)
    return _Volume(pvc=pvc, pv=name_of(volume), reclaim_policy=policy)


def _row(
    look: Look,
    cluster: Json,
    store: Store,
    pod: Json | None,
    volume: _Volume,
    known: Mapping[str, Value],
) -> Row:
    name, state = str(store["podName"]), str(store.get("state") or "")
    heartbeat, leaders = store.get("lastHeartbeatTime"), store.get("leaderCount")
    values: dict[str, Value] = {
        **known,
        "store": str(store["id"]),
        "pod": name,
        "state": state,
        "leaders": leaders if isinstance(leaders, int) else UNKNOWN,
        "heartbeat": str(heartbeat or ""),
        **_of_pod(look, pod),
        "pvc": volume.pvc,
        "pv": volume.pv,
        "reclaim_policy": volume.reclaim_policy,
    }
    return Row(
        values=values,
        subject=ref(cluster, "TidbCluster"),
        quote=f'"{store["id"]}": {{podName: {name}, state: {state}, lastHeartbeatTime: {heartbeat or "null"}}}',
        reproduce=f"kubectl -n {namespace_of(cluster)} get tidbcluster {name_of(cluster)} -o json | jq '.status.tikv'",
    )


def _of_pod(look: Look, pod: Json | None) -> dict[str, Value]:
    containers = list(containers_in(pod or {}))
    return {
        "pod_exists": pod is not None,
        "pod_ready": pod is not None and is_ready(pod),
        "restarts": sum(each.restarts for each in containers),
        "crash_looping": any(each.crash_looping(look.now) for each in containers),
    }
