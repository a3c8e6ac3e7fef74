"""Restart all pods of a workload as `kubectl rollout restart` does: by an annotation on its pod template.

The controller replaces the pods by the workload's update strategy; nothing else in the template changes.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

from bot.cluster.snapshot import Snapshot
from bot.kube.rollouts import RESTARTED_AT, replicas_of
from bot.remedies.action import WORKLOADS, permissions_to
from bot.remedies.contract import Plan
from bot.remedies.shared.patch_action import Patch, PatchAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, Text
from responses.words import ActionWords


class RolloutRestart(PatchAction):
    """Replaces all pods of a workload by new ones of the same template."""

    declaration = ActionDeclaration(name="rollout-restart", kinds=WORKLOADS, undoable=False)
    words = ActionWords(
        verb=Text(en="Restart all pods", zh="滚动重启"),
        does=Text(
            en="Replaces the pods of this workload step by step, following its update strategy.",
            zh="按更新策略逐步替换此工作负载的 Pod。",
        ),
        asked_by=("restart", "bounce", "recycle", "reboot", "重启", "重新启动"),
    )
    writes = permissions_to("patch", WORKLOADS)
    ignoring: ClassVar[tuple[str, ...]] = ("spec.replicas",)

    def rolls_out(self, plan: Plan) -> bool:
        return True

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        if obj.get("kind") != "DaemonSet" and replicas_of(obj).desired == 0:
            raise unsafe(
                f"{plan.target} is scaled to 0: it has no pods to restart",
                f"{plan.target} 已缩容到 0：没有可重启的 Pod",
            )
        return Patch(
            body={"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: restarted_at(plan)}}}}},
            type="strategic",
            says=Text(en=f"{plan.target} was restarted", zh=f"已触发 {plan.target} 滚动重启"),
            effects=(Text(en="Nothing else in its pod template changes", zh="Pod 模板的其他内容不变"),),
        )


def restarted_at(plan: Plan) -> str:
    """Return the timestamp that this plan writes; the fraction of the second is its own.

    A step that runs twice recognises its own write, and two plans of the same second differ.
    """
    fraction = int(hashlib.sha256(plan.id.encode()).hexdigest(), 16) % 1_000_000
    return f"{plan.created:%Y-%m-%dT%H:%M:%S}.{fraction:06d}Z"
