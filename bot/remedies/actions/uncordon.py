"""Uncordon a node: new pods may be scheduled to it again."""

from __future__ import annotations

from typing import ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.placement import is_cordoned
from bot.remedies.contract import Plan, Refusal
from bot.remedies.shared import cordons
from bot.remedies.shared.kinds import permissions_to
from bot.remedies.shared.patch_action import Patch, PatchAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, Text
from responses.action_words import ActionWords


class Uncordon(PatchAction):
    """Lets new pods onto a node again."""

    declaration = ActionDeclaration(name="uncordon", kinds=("Node",), only_configures=True)
    words = ActionWords(
        verb=Text(en="Uncordon node", zh="恢复调度"),
        does=Text(en="Allows new pods on this node again.", zh="允许新 Pod 重新调度到此节点。"),
    )
    writes = permissions_to("patch", ("Node",))
    ignoring: ClassVar[tuple[str, ...]] = cordons.IGNORED

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        if not is_cordoned(obj):
            return unsafe(f"{plan.target} is not cordoned", f"{plan.target} 并未被禁止调度")
        return Patch(
            body=cordons.UNCORDON,
            says=Text(
                en=f"{plan.target} was uncordoned and gets new pods again",
                zh=f"{plan.target} 已恢复调度，可接收新的 Pod",
            ),
            effects=(
                Text(
                    en="Pending pods may be scheduled to it at once; running pods stay",
                    zh="等待中的 Pod 可能会立即调度到该节点；已在运行的 Pod 不受影响",
                ),
            ),
            warnings=(
                Text(
                    en="Somebody cordoned it: make sure that the maintenance is finished",
                    zh="之前有人将其禁止调度：请先确认维护已结束",
                ),
            ),
        )


ACTION: Final = Uncordon()
