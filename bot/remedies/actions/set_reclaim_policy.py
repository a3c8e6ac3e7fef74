"""Set the reclaim policy of a PersistentVolume: whether it is kept or deleted after its claim."""

from __future__ import annotations

from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import phase_of
from bot.kube.volumes import claim_reference
from bot.remedies.action import permissions_to
from bot.remedies.contract import Plan, one_text
from bot.remedies.shared import claims
from bot.remedies.shared.claims import VOLUME
from bot.remedies.shared.patch_action import Patch, PatchAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration, Argument
from intents.domain import Json, Text
from responses.words import ActionWords

_POLICIES: Final = ("Retain", "Delete")
_DELETED_NOW: Final = one_text(
    "DATA LOST permanently: its claim no longer exists, so the volume is deleted at once, and undo is impossible",
    "数据将永久丢失：其 PVC 已不存在，因此该卷会立即被删除，且无法撤销",
)


class SetReclaimPolicy(PatchAction):
    """Writes `spec.persistentVolumeReclaimPolicy`."""

    declaration = ActionDeclaration(
        name="set-reclaim-policy",
        kinds=(VOLUME,),
        args={"policy": Argument(says="the new reclaim policy", required=True, choices=_POLICIES)},
        ends_incident=False,
    )
    words = ActionWords(
        verb=Text(en="Set reclaim policy", zh="设置回收策略"),
        does=Text(
            en="Changes what happens to this volume after its claim is deleted.",
            zh="修改此卷在其 PVC 被删除后的处理方式。",
        ),
    )
    writes = permissions_to("patch", (VOLUME,))

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        policy = plan.args.get("policy")
        if policy not in _POLICIES:
            raise unsafe(
                f"{policy!r} is not a reclaim policy; expected Retain or Delete",
                f"{policy!r} 不是有效的回收策略；应为 Retain 或 Delete",
            )
        if claims.policy_of(obj) == policy:
            raise unsafe(f"{plan.target} already has reclaim policy {policy}", f"{plan.target} 的回收策略已是 {policy}")
        deleted_now = policy == "Delete" and phase_of(obj) in ("Released", "Failed")
        return Patch(
            body={"spec": {"persistentVolumeReclaimPolicy": policy}},
            says=Text(
                en=f"{plan.target} was set to reclaim policy {policy}", zh=f"{plan.target} 的回收策略已改为 {policy}"
            ),
            effects=(_meaning(obj, policy),),
            warnings=(*(_DELETED_NOW if deleted_now else ()), *claims.operator_decides(obj)),
        )


def _meaning(volume: Json, policy: str) -> Text:
    holder, at = claim_reference(volume), claims.place_of(volume)
    whose = Text.same(claims.key_of(holder)) if holder.get("name") else Text(en="its claim", zh="其 PVC")
    size = ((volume.get("spec") or {}).get("capacity") or {}).get("storage", "")
    if policy == "Retain":
        return Text(
            en=(
                f"After {whose.en} is deleted, the volume ({size}{at.en}) and its data are kept as Released until "
                "somebody cleans up. Nothing changes for its current user"
            ),
            zh=(
                f"{whose.zh} 被删除后，该卷（{size}{at.zh}）及其数据会保留为 Released，直到有人清理。"
                "对当前使用者没有影响"
            ),
        )
    return Text(
        en=(
            f"After {whose.en} is deleted, the volume ({size}{at.en}) is deleted permanently with all its data. "
            "Nothing changes for its current user"
        ),
        zh=f"{whose.zh} 被删除后，该卷（{size}{at.zh}）及其全部数据会被永久删除。对当前使用者没有影响",
    )
