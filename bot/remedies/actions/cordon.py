"""Cordon a node: it gets no new pods, and running pods stay."""

from __future__ import annotations

from typing import ClassVar

from bot.cluster.snapshot import Snapshot
from bot.kube.placement import is_cordoned
from bot.remedies.action import permissions_to
from bot.remedies.contract import Plan, one_text
from bot.remedies.shared import node_drain
from bot.remedies.shared.patch_action import Patch, PatchAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, Text
from responses.words import ActionWords


class Cordon(PatchAction):
    """Keeps new pods off a node."""

    declaration = ActionDeclaration(name="cordon", kinds=("Node",), ends_incident=False)
    words = ActionWords(
        verb=Text(en="Cordon node", zh="禁止调度"),
        does=Text(
            en="Keeps new pods off this node; running pods are not affected.",
            zh="禁止新 Pod 调度到此节点；已运行的 Pod 不受影响。",
        ),
        asked_by=("cordon", "unschedulable", "stop scheduling", "禁止", "停止调度"),
    )
    writes = permissions_to("patch", ("Node",))
    ignoring: ClassVar[tuple[str, ...]] = node_drain.IGNORED

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        if is_cordoned(obj):
            raise unsafe(f"{plan.target} is already cordoned", f"{plan.target} 已被禁止调度")
        return Patch(
            body=node_drain.CORDON,
            says=node_drain.cordoned(plan.target),
            effects=one_text(
                "No new pod is scheduled to it, except those of DaemonSets; running pods stay",
                "除 DaemonSet 外不再有新 Pod 调度到该节点；已在运行的 Pod 不受影响",
            ),
        )
