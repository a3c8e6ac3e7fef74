"""Keep new pods off a node, or let them onto it again. What runs there goes on."""

from __future__ import annotations

from typing import ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared.patch_action import Patch, Patching
from bot.remedies.shared.refusal import unsafe
from intents.domain import Json, Text


class Cordon(Patching):
    name: ClassVar[str] = "cordon"
    kinds: ClassVar[tuple[str, ...]] = ("Node",)
    cures: ClassVar[bool] = False
    # The node controller answers with a taint.
    ignoring: ClassVar[tuple[str, ...]] = ("spec.taints",)

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        if (obj.get("spec") or {}).get("unschedulable"):
            return unsafe(f"{plan.target} is cordoned already", f"{plan.target} 已被禁止调度")
        return Patch(
            body={"spec": {"unschedulable": True}},
            says=Text(en=f"{plan.target} takes no new pods", zh=f"{plan.target} 不再接收新的 Pod"),
            effects=(
                Text(
                    en="No new pod is scheduled to it, DaemonSets' aside; the pods that run there go on",
                    zh="除 DaemonSet 外不再有新 Pod 调度到该节点；已在运行的 Pod 不受影响",
                ),
            ),
        )


class Uncordon(Patching):
    name: ClassVar[str] = "uncordon"
    kinds: ClassVar[tuple[str, ...]] = ("Node",)
    # The node controller takes its taint away: that is no reason not to take this back.
    ignoring: ClassVar[tuple[str, ...]] = ("spec.taints",)

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        if not (obj.get("spec") or {}).get("unschedulable"):
            return unsafe(f"{plan.target} is not cordoned", f"{plan.target} 并未被禁止调度")
        return Patch(
            body={"spec": {"unschedulable": None}},
            says=Text(en=f"{plan.target} takes new pods again", zh=f"{plan.target} 重新接收新的 Pod"),
            effects=(
                Text(
                    en="Pods that wait for room may be scheduled to it at once; what runs there goes on",
                    zh="等待资源的 Pod 可能会立即调度到该节点；已在运行的 Pod 不受影响",
                ),
            ),
            warnings=(
                Text(
                    en="Somebody cordoned it: make sure that the work on it is over",
                    zh="之前有人将其禁止调度：请先确认维护已结束",
                ),
            ),
        )


CORDON: Final = Cordon()
UNCORDON: Final = Uncordon()
