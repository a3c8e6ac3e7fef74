"""The PodDisruptionBudgets over the pods that a remedy removes: a delete ignores them, so the preview warns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, Throttled
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of, uid_of
from bot.kube.placement import selects
from bot.remedies.shared.refusal import unsafe
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


def key_of(pod: Json) -> str:
    """Return namespace/name of a pod."""
    return f"{namespace_of(pod)}/{name_of(pod)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A PodDisruptionBudget over pods to evict: the uids it covers, and its numbers."""

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


async def budgets_of(snapshot: Snapshot, evicted: Sequence[Json]) -> tuple[Budget, ...]:
    """Return the budgets that cover any of these pods, by name. Raises ClusterError."""
    found = []
    for budget in (await snapshot.list("PodDisruptionBudget")).items if evicted else ():
        status = budget.get("status") or {}
        covered = tuple(
            uid_of(pod) for pod in evicted if namespace_of(pod) == namespace_of(budget) and covers(budget, pod)
        )
        keys = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        allows, healthy, required, expected = (int(status.get(key) or 0) for key in keys)
        if covered:
            found.append(
                Budget(
                    name=key_of(budget),
                    covers=covered,
                    allows=allows,
                    healthy=healthy,
                    required=required,
                    expected=expected,
                )
            )
    return tuple(sorted(found, key=lambda each: each.name))


def check_covered_once(evicted: Iterable[Json], budgets: Sequence[Budget]) -> None:
    """Refuse a pod that several budgets cover: the API server never evicts it."""
    for pod in evicted:
        over = [each.name for each in budgets if uid_of(pod) in each.covers]
        if len(over) > 1:
            raise unsafe(
                f"Pod {key_of(pod)} is covered by {len(over)} PodDisruptionBudgets ({', '.join(over)}), and the API "
                "server does not evict such a pod: change the selector of one of them first",
                f"Pod {key_of(pod)} 受 {len(over)} 个 PodDisruptionBudget 保护（{'、'.join(over)}），API server "
                "不会驱逐这样的 Pod：请先修改其中一个的 selector",
            )


def budget_effects(budgets: Sequence[Budget]) -> tuple[Text, ...]:
    """Say in one sentence what the budgets allow now."""
    en, zh = [], []
    for each in budgets:
        count = len(each.covers)
        en.append(
            f"{each.name} covers {count} of them ({each.healthy} healthy, {each.required} required, {each.allows} "
            "evictions allowed now)"
        )
        zh.append(
            f"{each.name} 保护其中 {count} 个（健康 {each.healthy}，要求 {each.required}，目前允许驱逐 {each.allows}）"
        )
    if not budgets:
        return (Text(en="No PodDisruptionBudget covers them", zh="没有 PodDisruptionBudget 保护它们"),)
    return (Text(en="PodDisruptionBudgets: " + "; ".join(en), zh="PodDisruptionBudget：" + "；".join(zh)),)
