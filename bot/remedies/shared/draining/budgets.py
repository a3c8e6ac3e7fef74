"""The PodDisruptionBudgets over pods that are to go: what they allow, and which never will."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import namespace_of
from bot.remedies.contract import Refusal
from bot.remedies.shared import workloads
from bot.remedies.shared.budgets import covers
from bot.remedies.shared.draining.pods import called
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A PodDisruptionBudget over pods that are to go."""

    name: str
    covers: tuple[str, ...]  # their uids
    allows: int
    healthy: int
    needs: int
    of: int

    @property
    def never(self) -> bool:
        """As it stands it allows no disruption even if all is well: a drain waits in vain."""
        return self.allows == 0 and 0 < self.of <= self.needs


async def budgets_of(snapshot: Snapshot, going: Sequence[Json]) -> tuple[Budget, ...]:
    found = []
    for budget in (await snapshot.list("PodDisruptionBudget")).items if going else ():
        status = budget.get("status") or {}
        covered = tuple(
            workloads.uid_of(pod) for pod in going if namespace_of(pod) == namespace_of(budget) and covers(budget, pod)
        )
        keys = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
        allows, has, needs, of = (int(status.get(key) or 0) for key in keys)
        if covered:
            found.append(Budget(name=called(budget), covers=covered, allows=allows, healthy=has, needs=needs, of=of))
    return tuple(sorted(found, key=lambda each: each.name))


def covered_twice(going: Iterable[Json], budgets: Sequence[Budget]) -> Refusal | None:
    """The API server evicts no pod that two budgets cover, whatever they allow."""
    for pod in going:
        over = [each.name for each in budgets if workloads.uid_of(pod) in each.covers]
        if len(over) > 1:
            return unsafe(
                f"Pod {called(pod)} is covered by {len(over)} PodDisruptionBudgets ({', '.join(over)}), and the API "
                "server evicts no such pod: make one of them not select it first",
                f"Pod {called(pod)} 受 {len(over)} 个 PodDisruptionBudget 保护（{'、'.join(over)}），API server "
                "不会驱逐这样的 Pod：请先让其中一个不再选中它",
            )
    return None


def told(budgets: Sequence[Budget]) -> tuple[Text, ...]:
    """What the budgets allow now, one sentence for all."""
    en, zh = [], []
    for each in budgets:
        count, has, needs, allows = len(each.covers), each.healthy, each.needs, each.allows
        en.append(f"{each.name} covers {count} of them, has {has} healthy, needs {needs}, allows {allows} to go now")
        zh.append(f"{each.name} 保护其中 {count} 个，健康 {has}，要求 {needs}，目前允许中断 {allows}")
    if not budgets:
        return (Text(en="No PodDisruptionBudget covers them", zh="没有 PodDisruptionBudget 保护它们"),)
    return (Text(en="PodDisruptionBudgets: " + "; ".join(en), zh="PodDisruptionBudget：" + "；".join(zh)),)
