"""The volumes of claims: those that pods keep their data on, those that are gone, and the claims that do not exist.

A volume that is older than its cluster of pods may hold the data of an earlier one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.cluster.owners import Top
from bot.kube.containers import containers_in, trouble_order
from bot.kube.objects import created_at, full_name, name_of, namespace_of, node_name_of, phase_of, place_of, ref
from bot.kube.owners import owner_of
from bot.kube.timestamps import UNKNOWN
from bot.kube.volumes import (
    claim_names,
    class_of_volume,
    holder_of,
    is_local,
    nodes_of,
    reclaim_policy_of,
    volume_name_of,
)
from bot.probes.claims.in_question import MOST_CLAIMS, ClaimRow, ClaimsInQuestion, claims_in_question, phase
from bot.probes.contract import Look, RowValues, at_most, beside_the_verdict, probe
from bot.probes.shared.holders import suspects_of
from bot.probes.shared.log_lines import BadPattern, compile_pattern
from bot.probes.shared.scope import claim_and_volume, pods_or_claim_users
from intents.domain import Gap, GapReason, Json, ObjectRef, ProbeResult, Row
from intents.spelling import closest

# A claim and its cluster are created within moments of each other, in either order.
_TOGETHER_S: Final = 60


class _Ages(RowValues):
    """The ages of a volume and of the cluster of pods that it serves."""

    data_age_s: int  # of claim or volume, whichever is older
    cluster_kind: str  # the topmost owner of the pod
    cluster: str
    cluster_age_s: int
    older_than_cluster: bool


class VolumeShown(ClaimRow):
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


@probe(says="the claims of the pods in question, and the age of the cluster they serve", row=VolumeShown)
async def read_volumes(look: Look) -> ProbeResult:
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
    return ProbeResult(rows=tuple(_volume_row(look, each) for each in found), missing=suspects.missing)


async def _claimed(look: Look, pod: Json, name: str) -> _Claimed:
    top = await look.topmost(pod)
    claim, volume = await claim_and_volume(look, namespace_of(pod), name)
    return _Claimed(pod=pod, name=name, claim=claim, volume=volume, top=top)


def _volume_row(look: Look, claimed: _Claimed) -> Row:
    claim, volume, pod = claimed.claim, claimed.volume, claimed.pod
    namespace, pv = namespace_of(pod), name_of(volume) or volume_name_of(claim)
    created = created_at(volume or claim)
    named = ObjectRef(kind="PersistentVolumeClaim", namespace=namespace, name=claimed.name)
    return VolumeShown(
        pod=name_of(pod),
        pvc=claimed.name,
        phase=phase_of(claim),
        storage_class=class_of_volume(claim) or class_of_volume(volume),
        crash_looping=any(each.crash_looping(look.now) for each in containers_in(pod)),
        pv=pv,
        reclaim_policy=reclaim_policy_of(volume),
        local=is_local(volume),
        node=_node(volume, pod),
        ages=_ages(look, claimed),
    ).row(
        ref(claim, "PersistentVolumeClaim") if claim else named,
        quote=f"{pv or claimed.name} creationTimestamp: {created}" if created else "",
        reproduce=f"kubectl -n {namespace} get pvc {claimed.name} -o yaml"
        + (f"; kubectl get pv {pv} -o yaml" if pv else ""),
    )


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


# The pods of one owner name the same claim.
MOST_PODS: Final = 8
_MOST_LISTED: Final = 500


class MissingShown(ClaimRow):
    """A claim that a pod names and that does not exist."""

    age_s: int  # of the pod
    owner_kind: str
    owner: str
    nearest: str
    elsewhere: tuple[str, ...]  # namespaces that have a claim of this name


@probe(says="those that waiting pods name and that do not exist", row=MissingShown)
async def read_missing(look: Look) -> ProbeResult:
    """Read the claims that the pods in question name, as far as these pods wait for their start."""
    suspects = await pods_or_claim_users(look)
    waiting = [pod for pod in suspects.pods if phase_of(pod) == "Pending" and claim_names(pod)][:MOST_PODS]
    named = [(pod, name) for pod in waiting for name in claim_names(pod)]
    finds = (look.snapshot.find("PersistentVolumeClaim", name, namespace=namespace_of(pod)) for pod, name in named)
    found = await asyncio.gather(*(look.unless_refused(find, {}) for find in finds))
    absent = [one for one, claim in zip(named, found, strict=True) if claim is None]
    rows = await asyncio.gather(*(_missing_row(look, pod, name) for pod, name in absent))
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=len(suspects.pods))


async def _missing_row(look: Look, pod: Json, name: str) -> Row:
    namespace, owner = namespace_of(pod), owner_of(pod)
    with beside_the_verdict():  # Other claims are told only as what may be meant.
        own, same = await asyncio.gather(
            look.list("PersistentVolumeClaim", namespace=namespace, limit=_MOST_LISTED),
            look.list("PersistentVolumeClaim", fields=f"metadata.name={name}"),
        )
    return MissingShown(
        pod=name_of(pod),
        pvc=name,
        age_s=look.age_s(created_at(pod)),
        owner_kind=owner.kind,
        owner=owner.name,
        nearest=closest(name, map(name_of, own)),
        elsewhere=tuple(sorted(map(namespace_of, same))),
    ).row(
        ref(pod, "Pod"),
        quote=f'persistentvolumeclaim "{name}" not found',
        reproduce=f"kubectl -n {namespace} get pvc; kubectl -n {namespace} describe pod {name_of(pod)}",
    )


class LostShown(RowValues):
    """The volume that a claim lost."""

    pv: str
    volume: str  # what became of it: gone, taken, there; "" if it could not be read
    holder: str  # the claim that a volume is bound to instead
    kept: tuple[str, ...]  # Released volumes that were bound to a claim of this name


@probe(says="those whose volume is gone or bound to another claim", row=LostShown)
async def read_lost(look: Look) -> ProbeResult:
    """Read the claims in question that are Lost, and the volumes they name."""
    question = await claims_in_question(look)
    lost = [each for each in question.claims if phase(each) == "Lost"]
    return question.result(await asyncio.gather(*(_lost_row(look, each, question) for each in lost)))


async def _lost_row(look: Look, claim: Json, question: ClaimsInQuestion) -> Row:
    pv, same = volume_name_of(claim), full_name(claim)
    became, holder = await look.unless_refused(_fate_of(look, pv, same), ("", ""))
    volumes = await look.list("PersistentVolume")
    kept = (name_of(each) for each in volumes if phase_of(each) == "Released" and holder_of(each) == same)
    return question.row(
        claim,
        LostShown(pv=pv, volume=became, holder=holder, kept=tuple(sorted(kept))),
        quote=f"phase: Lost, volumeName: {pv}",
        reproduce=f"kubectl -n {place_of(claim)[0]} get pvc {name_of(claim)}; kubectl get pv {pv}",
    )


async def _fate_of(look: Look, name: str, claim: str) -> tuple[str, str]:
    volume = await look.snapshot.find("PersistentVolume", name)
    if volume is None:
        return "gone", ""
    holder = holder_of(volume)
    return ("there", "") if holder in ("", claim) else ("taken", holder)
