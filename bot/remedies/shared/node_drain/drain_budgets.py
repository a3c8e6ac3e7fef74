"""The PodDisruptionBudgets over pods to evict: what they allow now, and which never allow an eviction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import namespace_of, uid_of
from bot.remedies.contract import Refusal
from bot.remedies.shared.budgets import covers
from bot.remedies.shared.node_drain.node_pods import key_of
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, Text


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


def covered_twice(evicted: Iterable[Json], budgets: Sequence[Budget]) -> Refusal | None:
    """Refuse a pod that several budgets cover: the API server never evicts it."""
    for pod in evicted:
        over = [each.name for each in budgets if uid_of(pod) in each.covers]
        if len(over) > 1:
            return unsafe(
                f"Pod {key_of(pod)} is covered by {len(over)} PodDisruptionBudgets ({', '.join(over)}), and the API "
                "server does not evict such a pod: change the selector of one of them first",
                f"Pod {key_of(pod)} 受 {len(over)} 个 PodDisruptionBudget 保护（{'、'.join(over)}），API server "
                "不会驱逐这样的 Pod：请先修改其中一个的 selector",
            )
    return None


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
