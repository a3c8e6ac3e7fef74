"""Uncordon a node: new pods may be scheduled to it again.

Where a person or a drain cordoned it, the node's name must be typed: the maintenance may still go on.
"""

from __future__ import annotations

from typing import ClassVar

from bot.cluster.snapshot import Snapshot
from bot.kube.owners import LastWrite, is_by_hand, last_written
from bot.kube.placement import is_cordoned
from bot.kube.timestamps import UNKNOWN, seconds_since
from bot.remedies.action import permissions_to
from bot.remedies.contract import CORDONED_BY, Plan, one_text
from bot.remedies.shared import node_drain
from bot.remedies.shared.patch_action import Patch, PatchAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration
from intents.domain import Json, ObjectRef, Text
from intents.templates import duration
from responses.words import ActionWords


class Uncordon(PatchAction):
    """Lets new pods onto a node again."""

    declaration = ActionDeclaration(name="uncordon", kinds=("Node",), only_configures=True)
    words = ActionWords(
        verb=Text(en="Uncordon node", zh="恢复调度"),
        does=Text(en="Allows new pods on this node again.", zh="允许新 Pod 重新调度到此节点。"),
        asked_by=("uncordon", "schedulable again", "恢复调度", "允许调度", "解除", "恢复", "允许"),
    )
    writes = permissions_to("patch", ("Node",))
    ignoring: ClassVar[tuple[str, ...]] = node_drain.IGNORED

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        found = await super().basis(snapshot, target)
        written = _cordon_of(await snapshot.get(target.kind, target.name))
        return {**found, CORDONED_BY: written.manager} if is_by_hand(written.manager) else found

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        if not is_cordoned(obj):
            raise unsafe(f"{plan.target} is not cordoned", f"{plan.target} 并未被禁止调度")
        return Patch(
            body=node_drain.UNCORDON,
            says=Text(
                en=f"{plan.target} was uncordoned and gets new pods again",
                zh=f"{plan.target} 已恢复调度，可接收新的 Pod",
            ),
            effects=one_text(
                "Pending pods may be scheduled to it at once; running pods stay",
                "等待中的 Pod 可能会立即调度到该节点；已在运行的 Pod 不受影响",
            ),
            warnings=(_warning(_cordon_of(obj), snapshot),),
        )


def _cordon_of(node: Json) -> LastWrite:
    return last_written(node, ("spec", "unschedulable"))


def _warning(cordon: LastWrite, snapshot: Snapshot) -> Text:
    """Say who cordoned the node, and when. The field may be older than the manager's last write."""
    age = seconds_since(cordon.time or None, snapshot.now)
    since = Text(en="", zh="")
    if age != UNKNOWN:
        since = Text(
            en=f" at least {duration(age)} ago, at {cordon.time}", zh=f"至少在 {duration(age)} 前（{cordon.time}）"
        )
    who = Text(en=cordon.manager or "Somebody", zh=cordon.manager or "之前有人")
    return Text(
        en=f"{who.en} cordoned it{since.en}: make sure that the maintenance is finished",
        zh=f"{who.zh}{since.zh}将其禁止调度：请先确认维护已结束",
    )
