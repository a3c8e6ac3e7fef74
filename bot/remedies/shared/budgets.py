"""The PodDisruptionBudgets over the pods that a remedy removes: a delete ignores them, so the preview warns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.cluster.errors import ClusterError, Throttled
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of
from bot.kube.placement import selects
from intents.domain import Json, ObjectRef, Permission, Text

PERMISSIONS: Final = (Permission(verb="list", group="policy", resource="poddisruptionbudgets"),)


async def budgets_over(snapshot: Snapshot, pods: Iterable[Json], *, namespace: str) -> tuple[Text, ...]:
    """Return one sentence for each budget that covers these pods; or that none does, or that they could not be read."""
    there = tuple(pods)
    if not there:
        return ()
    try:
        budgets = (await snapshot.list("PodDisruptionBudget", namespace=namespace)).items
    except ClusterError as error:
        return (error.gap("PodDisruptionBudgets").says,)
    covering = [each for each in budgets if any(covers(each, pod) for pod in there)]
    none = Text(en="No PodDisruptionBudget covers it", zh="没有 PodDisruptionBudget 保护它")
    return tuple(_says(each) for each in sorted(covering, key=name_of)) or (none,)


def covers(budget: Json, pod: Json) -> bool:
    """Tell whether a budget selects a pod of its namespace."""
    return selects((budget.get("spec") or {}).get("selector"), (pod.get("metadata") or {}).get("labels") or {})


async def blocked_by(snapshot: Snapshot, target: ObjectRef, error: Throttled) -> Text:
    """Say which budget blocks the eviction of a pod now, with its numbers as far as they can be read."""
    try:
        pod = await snapshot.find(target.kind, target.name, namespace=target.namespace) or {}
        budgets = (await snapshot.list("PodDisruptionBudget", namespace=target.namespace)).items
    except ClusterError:
        return Text.same(error.detail)
    for budget in budgets:
        status = budget.get("status") or {}
        if covers(budget, pod) and not status.get("disruptionsAllowed"):
            place = f"PodDisruptionBudget {target.namespace}/{name_of(budget)}"
            needs, has = (int(status.get(key) or 0) for key in ("desiredHealthy", "currentHealthy"))
            return Text(
                en=f"{place} needs {needs} healthy pods and has {has}",
                zh=f"{place} 要求 {needs} 个健康的 Pod，目前有 {has} 个",
            )
    return Text.same(error.detail)


def _says(budget: Json) -> Text:
    status, name = budget.get("status") or {}, name_of(budget)
    allowed = int(status.get("disruptionsAllowed") or 0)
    healthy, desired = int(status.get("currentHealthy") or 0), int(status.get("desiredHealthy") or 0)
    return Text(
        en=(
            f"PodDisruptionBudget {name} covers it ({healthy} healthy, {desired} required, {allowed} disruptions "
            "allowed now) but does not block this action"
        ),
        zh=(
            f"受 PodDisruptionBudget {name} 保护（健康 {healthy}，要求 {desired}，目前允许中断 {allowed}），"
            "但它不会阻止此操作"
        ),
    )
