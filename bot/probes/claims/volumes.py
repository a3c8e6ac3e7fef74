"""The volumes that the pods in question keep their data on, and whether these are older than the cluster of pods.

A volume that is older than its cluster may hold the data of an earlier one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.cluster.owners import Top
from bot.kube.containers import containers_in, trouble_order
from bot.kube.objects import created_at, name_of, namespace_of, node_name_of, phase_of, place_of, ref, spec_of
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import claim_names, is_local, nodes_of, reclaim_policy_of, volume_name_of
from bot.probes.claims.in_question import MOST_CLAIMS, ClaimRow
from bot.probes.contract import Look, at_most
from bot.probes.rows import RowValues
from bot.probes.shared.holders import suspects_of
from bot.probes.shared.log_lines import BadPattern, compile_pattern
from intents.domain import Gap, GapReason, Json, ObjectRef, ProbeResult, Row

# A claim and its cluster are created within moments of each other, in either order.
_TOGETHER_S: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ages(RowValues):
    """The ages of a volume and of the cluster of pods that it serves."""

    data_age_s: int  # of claim or volume, whichever is older
    cluster_kind: str  # the topmost owner of the pod
    cluster: str
    cluster_age_s: int
    older_than_cluster: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeShown(RowValues):
    """A claim of a pod in question with its volume."""

    crash_looping: bool  # a container of the pod is
    pv: str
    reclaim_policy: str
    local: bool
    node: str  # where a local volume lies, else where the pod runs
    ages: _Ages


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """A claim of a pod and its volume, {} for what could not be read."""

    pod: Json
    name: str
    claim: Json
    volume: Json
    top: Top


async def read(look: Look) -> ProbeResult:
    """Read the claims of the pods in question, those of containers in trouble first."""
    try:
        among = compile_pattern(look.args.get("among"))
    except BadPattern as error:
        return ProbeResult(gaps=(Gap(what="volumes", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    suspects = await suspects_of(look)
    containers = [each for pod in suspects.pods for each in containers_in(pod)]
    if not look.focus.names_object:
        containers = [each for each in containers if among.search(each.described)]
    containers.sort(key=lambda each: trouble_order(each, look.now))
    pods = {place_of(each.pod): each.pod for each in containers}
    claims = [(pod, name) for pod in pods.values() for name in claim_names(pod)]
    chosen = at_most(MOST_CLAIMS, claims, what="all volumes", says="claims were read")
    found = await asyncio.gather(*(_claimed(look, pod, name) for pod, name in chosen))
    return ProbeResult(rows=tuple(_row(look, each) for each in found), missing=suspects.missing)


async def _claimed(look: Look, pod: Json, name: str) -> _Claimed:
    top = await look.topmost(pod)
    claim = await look.find("PersistentVolumeClaim", name, namespace=namespace_of(pod)) or {}
    volume_name = volume_name_of(claim)
    volume = await look.find("PersistentVolume", volume_name) if volume_name else None
    return _Claimed(pod=pod, name=name, claim=claim, volume=volume or {}, top=top)


def _row(look: Look, claimed: _Claimed) -> Row:
    claim, volume, pod = claimed.claim, claimed.volume, claimed.pod
    namespace, pv = namespace_of(pod), name_of(volume) or volume_name_of(claim)
    created = created_at(volume or claim)
    about = ClaimRow(
        namespace=namespace,
        pod=name_of(pod),
        pvc=claimed.name,
        phase=phase_of(claim),
        storage_class=_storage_class(claim) or _storage_class(volume),
    )
    shown = VolumeShown(
        crash_looping=any(each.crash_looping(look.now) for each in containers_in(pod)),
        pv=pv,
        reclaim_policy=reclaim_policy_of(volume),
        local=is_local(volume),
        node=_node(volume, pod),
        ages=_ages(look, claimed),
    )
    named = ObjectRef(kind="PersistentVolumeClaim", namespace=namespace, name=claimed.name)
    return about.row(
        ref(claim, "PersistentVolumeClaim") if claim else named,
        quote=f"{pv or claimed.name} creationTimestamp: {created}" if created else "",
        reproduce=f"kubectl -n {namespace} get pvc {claimed.name} -o yaml"
        + (f"; kubectl get pv {pv} -o yaml" if pv else ""),
        more=shown.values(),
    )


def _storage_class(obj: Json) -> str:
    return str(spec_of(obj).get("storageClassName") or "")


def _node(volume: Json, pod: Json) -> str:
    """Return the one node of the volume, else the pod's: a volume of several nodes points to none."""
    nodes = nodes_of(volume)
    return nodes[0] if len(nodes) == 1 else node_name_of(pod)


def _ages(look: Look, claimed: _Claimed) -> _Ages:
    """Return the ages of claim, volume and cluster. A pod is no cluster: only its owner has an age to compare with."""
    top = claimed.top
    owned = top.ref.kind != "Pod"
    cluster_age_s = look.age_s(created_at(top.manifest or {})) if owned else UNKNOWN
    data_age_s = max(look.age_s(created_at(each)) for each in (claimed.claim, claimed.volume))
    return _Ages(
        data_age_s=data_age_s,
        cluster_kind=top.ref.kind if owned else "",
        cluster=top.ref.name if owned else "",
        cluster_age_s=cluster_age_s,
        older_than_cluster=cluster_age_s != UNKNOWN and data_age_s > cluster_age_s + _TOGETHER_S,
    )
