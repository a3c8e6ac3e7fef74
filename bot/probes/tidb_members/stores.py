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

from bot.kube.containers import containers_in
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import ordinal_of
from bot.kube.pod_states import is_ready
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import claim_names, reclaim_policy_of, volume_name_of
from bot.probes.contract import Look
from bot.probes.rows import RowValues
from bot.probes.tidb_members import clusters
from intents.domain import Json, Row

COMPONENT: Final = "tikv"
_LABEL: Final = "tidb.pingcap.com/store-id"
_LEAVING_STATES: Final = frozenset({"Offline", "Tombstone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TikvStore(RowValues):
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


Store = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Volume:
    """The volume of a store with its claim; empty names where it was not looked for or not found."""

    pvc: str = ""
    pv: str = ""
    reclaim_policy: str = ""


async def stores(look: Look, cluster: Json, *, pod: str) -> Sequence[Row]:
    """Return a row per store of a cluster, only those of the pod named where one is."""
    known = _stores_in(cluster)
    chosen = [each for each in known if not pod or each["podName"] == pod]
    if not chosen:
        return ()
    labels = f"app.kubernetes.io/component={COMPONENT}"
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
        values = TikvStore(
            store=str(store["id"]),
            state=str(store.get("state") or ""),
            leaders=leaders if isinstance(leaders, int) else UNKNOWN,
            heartbeat=str(store.get("lastHeartbeatTime") or ""),
            newest=newest[name] is store,
            wanted=ordinal_of(name) in clusters.wanted_ordinals(cluster, COMPONENT),
            up_stores=up_stores,
            pod_exists=its is not None,
            pod_ready=its is not None and is_ready(its),
        )
        rows.append(_row(look, cluster, name, its, volume, values))
    return rows


def _stores_in(cluster: Json) -> list[Store]:
    status = clusters.part(cluster, "status", COMPONENT)
    found = [each for key in ("stores", "tombstoneStores") for _, each in clusters.entries(status.get(key))]
    # An operator of 1.1.0 listed fields of the StatefulSet's status here.
    return [each for each in found if each.get("podName") and each.get("id")]


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


async def _volume(look: Look, store: Store, cluster: Json, pod: Json) -> _Volume:
    """Return the volume of an Offline or Tombstone store: by the operator's label, else through the pod's claim."""
    if store.get("state") not in _LEAVING_STATES:
        return _Volume()
    pvc = next((name for name in claim_names(pod) if name.startswith(f"{COMPONENT}-")), "")
    labels = f"app.kubernetes.io/instance={name_of(cluster)},{_LABEL}={store['id']}"
    volume = min(await look.list("PersistentVolume", labels=labels), key=name_of, default=None)
    if volume is None and pvc:
        claim = await look.find("PersistentVolumeClaim", pvc, namespace=namespace_of(cluster))
        name = volume_name_of(claim or {})
        volume = await look.find("PersistentVolume", name) if name else None
    if volume is None:
        return _Volume(pvc=pvc)
    return _Volume(pvc=pvc, pv=name_of(volume), reclaim_policy=reclaim_policy_of(volume))


def _row(look: Look, cluster: Json, pod: str, its: Json | None, volume: _Volume, store: TikvStore) -> Row:
    containers = list(containers_in(its or {}))
    shown = f"{{podName: {pod}, state: {store.state}, lastHeartbeatTime: {store.heartbeat or 'null'}}}"
    return clusters.Member(
        namespace=namespace_of(cluster),
        cluster=name_of(cluster),
        replicas=clusters.replicas_of(cluster, COMPONENT),
        pod=pod,
        crash_looping=any(each.crash_looping(look.now) for each in containers),
        restarts=sum(each.restarts for each in containers),
        pvc=volume.pvc,
        pv=volume.pv,
        reclaim_policy=volume.reclaim_policy,
    ).row(
        ref(cluster, "TidbCluster"),
        quote=f'"{store.store}": {shown}',
        reproduce=f"kubectl -n {namespace_of(cluster)} get tidbcluster {name_of(cluster)} -o json | jq '.status.tikv'",
        more=store.values(),
    )
