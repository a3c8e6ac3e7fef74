"""The workloads in question: what they want and have, why their pods do not get ready, who scaled or paused them.

A row per Deployment, StatefulSet and DaemonSet, those in trouble first. Pods are read where some are not ready, or
where the workload itself is in question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.kube.autoscaling import target_of
from bot.kube.objects import condition, created_at, name_of, namespace_of, ref, spec_of, status_of
from bot.kube.owners import last_written, ordinal_of
from bot.kube.pod_states import failure_of, is_ready, wanted_node
from bot.kube.rollouts import Rollout, is_owned, is_paused, replicas_of, rollout_of, says_on_purpose, scales_to_zero
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, at_most, may, probe
from bot.probes.shared.questioned import READS_WORKLOADS, pods_of_workload, workloads_of
from intents.domain import Json, ProbeResult, Row

_MOST_ROWS: Final = 200
# A namespace can have many workloads in trouble: the pods of so many are read.
_MOST_READ: Final = 20
_MOST_PODS: Final = 20
# The controllers create missing pods at once; so long after, something refuses them.
_CREATION_S: Final = 60
_HOUR_S: Final = 3600


class _Workload(RowValues):
    of_subject = ("kind", "namespace", "name")

    desired: int
    ready: int
    updated: int
    stuck: bool  # pods are missing or not ready, and will not get ready by themselves
    overdue_s: int  # since its progress deadline passed, -1 for none
    refusal: str  # why the API server refuses its pods
    pods: tuple[str, ...]  # those that are not ready
    failing: tuple[str, ...]  # of those, the ones that are not just starting, with the reason
    pod: str  # of a StatefulSet: the one that holds the rest
    pod_reason: str
    waiting: int  # pods that are not created, or not updated, before that one is ready
    updating: bool  # of a StatefulSet: its pods are of two revisions
    nodes: tuple[str, ...]  # where its pods are not ready
    recovered_s: int  # since when it is well after trouble, -1 if it had none
    paused: bool  # with a template that no pod has yet
    on_purpose: bool  # an autoscaler, an operator or an annotation accounts for no replicas
    scaled_by: str  # the field manager that wrote spec.replicas, or spec.paused of a paused one
    scaled_s: int
    service: str  # the Service in question, or behind the Ingress in question, that selects its pods
    ingress: str  # the Ingress in question


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A workload with its pods, None where they were not read."""

    workload: Json
    rollout: Rollout
    pods: tuple[Json, ...] | None = None
    refusal: str = ""
    autoscaled: bool = False


@probe(
    says="a row per Deployment, StatefulSet and DaemonSet in question: its pods that do not get ready and why, what"
    " holds its rollout, and who set its replicas",
    row=_Workload,
    permissions=(*READS_WORKLOADS, *may("list", "events", "horizontalpodautoscalers.autoscaling")),
)
async def read(look: Look) -> ProbeResult:
    """Read the workloads in question, and the pods of those in trouble."""
    found = await workloads_of(look)
    order = sorted(found.workloads, key=lambda each: not _is_in_trouble(look, each))
    chosen = at_most(_MOST_ROWS, order, what="workloads", says="were judged, those in trouble first")
    judged = await asyncio.gather(*(_judge(look, each, number) for number, each in enumerate(chosen)))
    rows = tuple(_row(look, each, service=found.services.get(ref(each.workload), "")) for each in judged)
    return ProbeResult(rows=rows, missing=found.missing)


def _is_in_trouble(look: Look, workload: Json) -> bool:
    count = replicas_of(workload)
    return count.ready < count.desired or rollout_of(workload, look.now).rolling or count.desired == 0


async def _judge(look: Look, workload: Json, number: int) -> _Judged:
    rollout, count = rollout_of(workload, look.now), replicas_of(workload)
    itself = (look.focus.kind, look.focus.name) == (workload.get("kind"), name_of(workload))
    wanted = itself or count.ready < count.desired or rollout.rolling
    pods: tuple[Json, ...] | None = None
    refusal, autoscaled = rollout.refusal, False
    if wanted and number < _MOST_READ and count.desired:
        pods = await look.unless_refused(pods_of_workload(look, workload), None)
        refusal = refusal or (await _refusal(look, workload, pods) if pods is not None else "")
    if count.desired == 0 and workload.get("kind") != "DaemonSet" and number < _MOST_READ:
        autoscaled = await _is_autoscaled(look, workload)
    return _Judged(workload=workload, rollout=rollout, pods=pods, refusal=refusal, autoscaled=autoscaled)


async def _refusal(look: Look, workload: Json, pods: Sequence[Json]) -> str:
    """Return why pods are missing, from the newest event; StatefulSets and DaemonSets have no condition for it."""
    if workload.get("kind") == "Deployment" or len(pods) >= replicas_of(workload).desired:
        return ""
    if not all(map(is_ready, pods)) and workload.get("kind") == "StatefulSet":
        return ""
    return await look.newest_message(ref(workload), "FailedCreate")


async def _is_autoscaled(look: Look, workload: Json) -> bool:
    """Tell whether an autoscaler that may scale to zero targets a workload."""
    for scaler in await look.list("HorizontalPodAutoscaler", namespace=namespace_of(workload)):
        if target_of(scaler) == (workload.get("kind"), name_of(workload)):
            return spec_of(scaler).get("minReplicas") == 0 or name_of(scaler).startswith("keda-hpa-")
    return False


def _row(look: Look, judged: _Judged, *, service: str) -> Row:
    workload, count = judged.workload, replicas_of(judged.workload)
    unready = [pod for pod in judged.pods or () if not is_ready(pod)]
    reasons = {name_of(pod): why for pod in unready if (why := failure_of(pod, look.now))}
    holder = _holder(workload, unready)
    paused = is_paused(workload)
    written = last_written(workload, ("spec", "paused" if paused else "replicas"))
    values = _Workload(
        desired=count.desired,
        ready=count.ready,
        updated=int(status_of(workload).get("updatedReplicas") or 0),
        stuck=_is_stuck(judged, reasons, holder),
        overdue_s=judged.rollout.overdue_s,
        refusal=judged.refusal,
        pods=tuple(name_of(pod) for pod in unready[:_MOST_PODS]),
        failing=tuple(f"{pod}: {why}" for pod, why in list(reasons.items())[:_MOST_PODS]),
        pod=holder,
        pod_reason=reasons.get(holder, ""),
        waiting=_waiting(workload, holder),
        updating=_is_updating(workload),
        nodes=tuple(sorted({node for pod in unready if (node := wanted_node(pod))}))[:_MOST_PODS],
        recovered_s=_recovered_s(look, judged),
        paused=paused,
        on_purpose=judged.autoscaled
        or is_owned(workload)
        or scales_to_zero(written.manager)
        or says_on_purpose(workload),
        scaled_by=written.manager,
        scaled_s=look.age_s(written.time),
        service=service,
        ingress=look.focus.name if service and look.focus.kind == "Ingress" else "",
    )
    return values.row(ref(workload), quote=_quote(values, workload))


def _is_stuck(judged: _Judged, reasons: dict[str, str], holder: str) -> bool:
    kind, rollout = judged.workload.get("kind"), judged.rollout
    if not rollout.rolling:
        return False
    if kind == "StatefulSet":
        return holder in reasons or bool(judged.refusal)
    return rollout.overdue_s != UNKNOWN or bool(judged.refusal) or bool(reasons)


def _holder(workload: Json, unready: Sequence[Json]) -> str:
    """Return the pod of a StatefulSet that holds the rest.

    Pods are created from the lowest ordinal up and updated from the highest down: an update waits for the highest
    updated pod that is not ready.
    """
    if workload.get("kind") != "StatefulSet" or not unready:
        return ""
    furthest = max if _is_updating(workload) else min
    return furthest(map(name_of, unready), key=ordinal_of)


def _is_updating(workload: Json) -> bool:
    status = status_of(workload)
    current, update = status.get("currentRevision"), status.get("updateRevision")
    return workload.get("kind") == "StatefulSet" and bool(current and update) and current != update


def _waiting(workload: Json, holder: str) -> int:
    """Return how many pods wait for the one that holds them."""
    if not holder or spec_of(workload).get("podManagementPolicy") == "Parallel":
        return 0
    count, updated = replicas_of(workload), int(status_of(workload).get("updatedReplicas") or 0)
    return count.desired - (updated if _is_updating(workload) else count.created)


def _recovered_s(look: Look, judged: _Judged) -> int:
    """Return since when a workload is well again: its rollout went on, or its last pod got ready late."""
    if judged.rollout.recovered_s != UNKNOWN or judged.rollout.rolling:
        return judged.rollout.recovered_s
    late = [
        since
        for pod in judged.pods or ()
        if (since := look.age_s(condition(pod, "Ready").get("lastTransitionTime"))) < _HOUR_S
        and look.age_s(created_at(pod)) - since > _CREATION_S * 5
        and is_ready(pod)
    ]
    return min(late, default=UNKNOWN)


def _quote(values: _Workload, workload: Json) -> str:
    progress = condition(workload, "Progressing")
    told = ": ".join(str(progress[key]) for key in ("reason", "message") if progress.get(key))
    return f"{values.ready}/{values.desired} ready, {values.updated} updated{'; ' if told else ''}{told}"[:300]
