"""Make a Released PersistentVolume available again by removing its claimRef.

The whole claimRef is removed. Without only its uid the volume would be reserved for a claim of the same name, which is
safer for the data but frees nothing: a waiting claim mostly has another name. So any fitting claim may get the volume
with the old data on it; the preview warns about that.
"""

from __future__ import annotations

from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import full_name, phase_of, uid_of
from bot.kube.volumes import claim_reference, class_of, class_of_volume, misfit, volume_name_of
from bot.remedies.action import permissions_to
from bot.remedies.contract import EffectState, EffectStatus, Plan, effect
from bot.remedies.shared import claims
from bot.remedies.shared.claims import VOLUME
from bot.remedies.shared.patch_action import Patch, PatchAction
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration
from intents.catalog.schema import Risk
from intents.domain import Json, ObjectRef, Text
from responses.words import ActionWords

_NAMED: Final = 5


class ClearClaimRef(PatchAction):
    """Removes the claimRef of a Released volume."""

    declaration = ActionDeclaration(
        name="clear-claim-ref", kinds=(VOLUME,), least_risk=Risk.DATA_LOSS, only_configures=True
    )
    words = ActionWords(
        verb=Text(en="Clear claim reference", zh="清除 PVC 引用"),
        does=Text(
            en="Clears the claim reference of this volume. The next matching claim gets the volume and its data.",
            zh="清除此卷对旧 PVC 的引用。下一个匹配的 PVC 会绑定此卷，并得到其中的数据。",
        ),
    )
    writes = permissions_to("patch", (VOLUME,))

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        volume = await snapshot.get(VOLUME, target.name)
        return {"uid": uid_of(volume), "claim": str(claim_reference(volume).get("uid") or "")}

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch:
        holder = claim_reference(obj)
        _check_released(plan.target, obj)
        there = await snapshot.find("PersistentVolumeClaim", str(holder["name"]), namespace=str(holder["namespace"]))
        if there is not None and holder.get("uid") == uid_of(there):
            raise unsafe(
                f"the claim {claims.key_of(holder)} in the claimRef of {plan.target} still exists: the volume belongs "
                "to it",
                f"{plan.target} 所引用的 PVC {claims.key_of(holder)} 仍然存在：该卷归它所有",
            )
        at, size = claims.place_of(obj), ((obj.get("spec") or {}).get("capacity") or {}).get("storage", "")
        storage_class = class_of_volume(obj) or "—"
        return Patch(
            body={"spec": {"claimRef": None}},
            says=Text(en=f"{plan.target} was made available to claims", zh=f"{plan.target} 已重新可供 PVC 使用"),
            effects=(
                Text(
                    en=(
                        f"The data of {claims.key_of(holder)} stays on the volume ({size}{at.en}), and the next claim "
                        f"of class {storage_class} that fits gets it with that data"
                    ),
                    zh=(
                        f"{claims.key_of(holder)} 写入的数据会原样保留在该卷（{size}{at.zh}）上，"
                        f"下一个匹配的 {storage_class} 类 PVC 会连同数据一起得到它"
                    ),
                ),
                await _waiting(snapshot, obj),
            ),
        )

    async def effect_on(self, snapshot: Snapshot, obj: Json) -> EffectStatus:
        phase, holder = phase_of(obj), claims.key_of(claim_reference(obj))
        if phase == "Bound":
            return effect(EffectState.HEALTHY, f"it is bound to {holder}", f"已绑定到 {holder}")
        state = EffectState.HEALTHY if phase == "Available" else EffectState.PENDING
        return effect(state, f"the volume is {phase}", f"该卷的状态为 {phase}")


def _check_released(me: ObjectRef, volume: Json) -> None:
    phase, holder = phase_of(volume), claim_reference(volume)
    if phase == "Bound":
        raise unsafe(
            f"{me} is Bound to {claims.key_of(holder)}: without the claimRef two claims could end up on one volume",
            f"{me} 已绑定到 {claims.key_of(holder)}：清除 claimRef 可能导致两个 PVC 使用同一个卷",
        )
    if phase != "Released" or not holder.get("name") or not holder.get("namespace"):
        raise unsafe(
            f"{me} is {phase or 'without a phase'}, not Released: no old claim reserves it",
            f"{me} 的状态为 {phase or '未知'}，不是 Released：并没有旧的 PVC 占用它",
        )
    if claims.policy_of(volume) == "Delete":
        raise unsafe(
            f"{me} has reclaim policy Delete: its provisioner will delete it, perhaps while the next claim uses it. "
            "Find out why it still exists, or set the policy to Retain first",
            f"{me} 的回收策略为 Delete：其 provisioner 将删除它，可能在下一个 PVC 使用时删除。"
            "请查明为何尚未删除，或先将策略改为 Retain",
        )


async def _waiting(snapshot: Snapshot, volume: Json) -> Text:
    """Say which claims may get the volume at once."""
    try:
        pending = (await snapshot.list("PersistentVolumeClaim")).items
    except ClusterError as error:
        return error.gap("PersistentVolumeClaims").says
    fitting = [
        full_name(each)
        for each in pending
        if phase_of(each) == "Pending"
        and not volume_name_of(each)
        and (class_of(each) or "") == class_of_volume(volume)
        and not misfit(volume, each)
    ]
    if not fitting:
        return Text(en="No claim waits for such a volume now", zh="目前没有 PVC 在等待这样的卷")
    more = f" (+{len(fitting) - _NAMED})" if len(fitting) > _NAMED else ""
    names = ", ".join(sorted(fitting)[:_NAMED]) + more
    return Text(
        en=f"These claims wait for such a volume and may get it at once: {names}",
        zh=f"目前正在等待这样的卷、可能立即得到它的 PVC：{names}",
    )
