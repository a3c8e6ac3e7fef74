"""The PodDisruptionBudgets over the pods that a remedy removes: a delete ignores them, so the preview warns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, Throttled
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import full_name, labels_of, namespace_of, spec_of, status_of, uid_of
from bot.kube.placement import selects
from bot.remedies.contract import one_text
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, ObjectRef, Permission, Text

_ALL: Final = Text(en="PodDisruptionBudgets: {}", zh="PodDisruptionBudget：{}")
_COVERS: Final = Text(
    en="{} covers {} of them ({} healthy, {} required, {} evictions allowed now)",
    zh="{} 保护其中 {} 个（健康 {}，要求 {}，目前允许驱逐 {}）",
)
PERMISSIONS: Final = (Permission(verb="list", group="policy", resource="poddisruptionbudgets"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A PodDisruptionBudget over pods to remove, as namespace/name: the uids it covers, and its numbers."""

    name: str
    covers: tuple[str, ...]
    allows: int
    healthy: int
    required: int
    expected: int

    @property
    def never_allows(self) -> bool:
        """Tell whether it allows no disruption even if all pods are healthy: a drain would never end."""
        return self.allows == 0 and 0 < self.expected <= self.required


async def budgets_of(snapshot: Snapshot, pods: Sequence[Json], *, namespace: str = "") -> tuple[Budget, ...]:
    """Return the budgets that cover any of these pods, by name. Raises ClusterError."""
    found = []
    for budget in (await snapshot.list("PodDisruptionBudget", namespace=namespace)).items if pods else ():
        home, selector = namespace_of(budget), spec_of(budget).get("selector")
        covered = tuple(uid_of(pod) for pod in pods if namespace_of(pod) == home and selects(selector, labels_of(pod)))
        keys = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        allows, healthy, required, expected = (int(status_of(budget).get(key) or 0) for key in keys)
        if covered:
            found.append(
                Budget(
                    name=full_name(budget),
                    covers=covered,
                    allows=allows,
                    healthy=healthy,
                    required=required,
                    expected=expected,
                )
            )
    return tuple(sorted(found, key=lambda each: each.name))


async def budgets_over(snapshot: Snapshot, pods: Sequence[Json], *, namespace: str) -> tuple[Text, ...]:
    """Return one sentence for each budget that covers these pods; or that none does, or that they could not be read."""
    try:
        budgets = await budgets_of(snapshot, pods, namespace=namespace)
    except ClusterError as error:
        return (error.gap("PodDisruptionBudgets").says,)
    none = Text(en="No PodDisruptionBudget covers it", zh="没有 PodDisruptionBudget 保护它")
    return tuple(map(_says, budgets)) or ((none,) if pods else ())


async def blocked_by(snapshot: Snapshot, target: ObjectRef, error: Throttled) -> Text:
    """Say which budget blocks the eviction of a pod now, with its numbers as far as they can be read."""
    try:
        pod = await snapshot.find(target.kind, target.name, namespace=target.namespace)
        covered = pod or {"metadata": {"namespace": target.namespace}}
        budgets = await budgets_of(snapshot, (covered,), namespace=target.namespace)
    except ClusterError:
        return Text.same(error.detail)
    for each in budgets:
        if not each.allows:
            return Text(
                en=f"PodDisruptionBudget {each.name} needs {each.required} healthy pods and has {each.healthy}",
                zh=f"PodDisruptionBudget {each.name} 要求 {each.required} 个健康的 Pod，目前有 {each.healthy} 个",
            )
    return Text.same(error.detail)


def _says(budget: Budget) -> Text:
    name = budget.name.rpartition("/")[2]
    return Text(
        en=(
            f"PodDisruptionBudget {name} covers it ({budget.healthy} healthy, {budget.required} required, "
            f"{budget.allows} disruptions allowed now) but does not block this action"
        ),
        zh=(
            f"受 PodDisruptionBudget {name} 保护（健康 {budget.healthy}，要求 {budget.required}，"
            f"目前允许中断 {budget.allows}），但它不会阻止此操作"
        ),
    )


def check_covered_once(evicted: Iterable[Json], budgets: Sequence[Budget]) -> None:
    """Refuse a pod that several budgets cover: the API server never evicts it."""
    for pod in evicted:
        over = [each.name for each in budgets if uid_of(pod) in each.covers]
        if len(over) > 1:
            raise unsafe(
                f"Pod {full_name(pod)} is covered by {len(over)} PodDisruptionBudgets ({', '.join(over)}), and the API "
                "server does not evict such a pod: change the selector of one of them first",
                f"Pod {full_name(pod)} 受 {len(over)} 个 PodDisruptionBudget 保护（{'、'.join(over)}），API server "
                "不会驱逐这样的 Pod：请先修改其中一个的 selector",
            )


def budget_effects(budgets: Sequence[Budget]) -> tuple[Text, ...]:
    """Say in one sentence what the budgets allow now."""
    if not budgets:
        return one_text("No PodDisruptionBudget covers them", "没有 PodDisruptionBudget 保护它们")
    told = (_COVERS.filled(each.name, len(each.covers), each.healthy, each.required, each.allows) for each in budgets)
    return (_ALL.filled(Text.joined(told, by=Text(en="; ", zh="；"))),)
