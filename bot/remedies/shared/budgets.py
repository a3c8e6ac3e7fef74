"""Which PodDisruptionBudgets cover the pods a remedy takes away: the write does not ask them, so people are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.placement import selects
from bot.probes.shared.scope import name_of
from intents.domain import Json, Permission, Text

PERMISSIONS: Final = (Permission(verb="list", group="policy", resource="poddisruptionbudgets"),)


async def budgets_over(snapshot: Snapshot, pods: Iterable[Json], *, namespace: str) -> tuple[Text, ...]:
    """What the budgets that cover these pods allow now, a sentence each; also that they could not be read."""
    try:
        budgets = (await snapshot.list("PodDisruptionBudget", namespace=namespace)).items
    except ClusterError as error:
        return (error.gap("PodDisruptionBudgets").says,)
    there = tuple(pods)
    covering = [each for each in budgets if any(covers(each, pod) for pod in there)]
    return tuple(_says(each) for each in sorted(covering, key=name_of))


def covers(budget: Json, pod: Json) -> bool:
    """Whether a budget counts a pod of its namespace."""
    return selects((budget.get("spec") or {}).get("selector"), (pod.get("metadata") or {}).get("labels") or {})


def _says(budget: Json) -> Text:
    status, name = budget.get("status") or {}, name_of(budget)
    allowed = int(status.get("disruptionsAllowed") or 0)
    healthy, desired = int(status.get("currentHealthy") or 0), int(status.get("desiredHealthy") or 0)
    return Text(
        en=(
            f"PodDisruptionBudget {name} covers it: {healthy} healthy, {desired} wanted, "
            f"{allowed} may be disrupted now; this write does not ask it"
        ),
        zh=(
            f"受 PodDisruptionBudget {name} 保护：健康 {healthy}，要求 {desired}，目前允许中断 {allowed}；"
            "此操作不会经过它的检查"
        ),
    )
