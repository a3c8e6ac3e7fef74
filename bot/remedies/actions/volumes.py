"""What is done to a PersistentVolume itself: offer a Released one again, or say what becomes of it after its claim.

Offering it again removes the whole claimRef. Without its uid alone the volume would be kept for a claim of the same
name, which is safer for the data and frees nothing: whoever waits for a volume mostly has another name. So whoever
fits may get it, with the old data on it, and that is what people are told before.
"""

from __future__ import annotations

from typing import ClassVar, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of
from bot.kube.volume_claims import class_of, misfit
from bot.remedies.contract import Applied, Course, Plan, Refusal, Settling
from bot.remedies.shared import claims, workloads
from bot.remedies.shared.patching import Patch, Patching
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, ObjectRef, Text

VOLUME: Final = "PersistentVolume"
_POLICIES: Final = ("Retain", "Delete")
_TOLD: Final = 5


class ClearClaimRef(Patching):
    name: ClassVar[str] = "clear-claim-ref"
    kinds: ClassVar[tuple[str, ...]] = (VOLUME,)

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        volume = await snapshot.get(VOLUME, target.name)
        return {"uid": workloads.uid_of(volume), "claim": str(claims.claim_named_by(volume).get("uid") or "")}

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        holder = claims.claim_named_by(obj)
        if refusal := _not_left_behind(plan.target, obj):
            return refusal
        there = await snapshot.find("PersistentVolumeClaim", str(holder["name"]), namespace=str(holder["namespace"]))
        if there is not None and holder.get("uid") == workloads.uid_of(there):
            return unsafe(
                f"claim {claims.called(holder)}, which {plan.target} names, still exists: the volume is its own",
                f"{plan.target} 所指的 PVC {claims.called(holder)} 仍然存在：该卷归它所有",
            )
        at, size = claims.place_of(obj), ((obj.get("spec") or {}).get("capacity") or {}).get("storage", "")
        storage_class = (obj.get("spec") or {}).get("storageClassName") or "—"
        return Patch(
            body={"spec": {"claimRef": None}},
            says=Text(en=f"{plan.target} is offered to claims again", zh=f"{plan.target} 已重新可供 PVC 使用"),
            effects=(
                Text(
                    en=(
                        f"What {claims.called(holder)} wrote stays on the volume ({size}{at.en}) as it is, and the "
                        f"next claim of class {storage_class} that fits gets it with that data"
                    ),
                    zh=(
                        f"{claims.called(holder)} 写入的数据会原样保留在该卷（{size}{at.zh}）上，"
                        f"下一个匹配的 {storage_class} 类 PVC 会连同数据一起得到它"
                    ),
                ),
                await _waiting(snapshot, obj),
            ),
        )

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        settling = await super().settled(snapshot, plan, applied)
        volume = await snapshot.find(VOLUME, plan.target.name)
        if settling.course is not Course.WELL or volume is None:
            return settling
        phase, holder = claims.phase_of(volume), claims.claim_named_by(volume)
        if phase == "Bound":
            said = claims.called(holder)
            return Settling(course=Course.WELL, says=Text(en=f"it is bound to {said}", zh=f"已绑定到 {said}"))
        course = Course.WELL if phase == "Available" else Course.MOVING
        return Settling(course=course, says=Text(en=f"the volume is {phase}", zh=f"该卷的状态为 {phase}"))


def _not_left_behind(me: ObjectRef, volume: Json) -> Refusal | None:
    phase, holder = claims.phase_of(volume), claims.claim_named_by(volume)
    if phase == "Bound":
        return unsafe(
            f"{me} is Bound to {claims.called(holder)}: without the claimRef two claims could end up on one volume",
            f"{me} 已绑定到 {claims.called(holder)}：清除 claimRef 可能导致两个 PVC 使用同一个卷",
        )
    if phase != "Released" or not holder.get("name") or not holder.get("namespace"):
        return unsafe(
            f"{me} is {phase or 'without a phase'}, not Released: no old claim keeps it from being used",
            f"{me} 的状态为 {phase or '未知'}，不是 Released：并没有旧的 PVC 占用它",
        )
    if claims.policy_of(volume) == "Delete":
        return unsafe(
            f"{me} has reclaim policy Delete: its provisioner is to delete it, and might do so under the next claim. "
            "See why it has not, or set the policy to Retain first",
            f"{me} 的回收策略为 Delete：其 provisioner 将删除它，可能在下一个 PVC 使用时删除。"
            "请查明为何尚未删除，或先将策略改为 Retain",
        )
    return None


async def _waiting(snapshot: Snapshot, volume: Json) -> Text:
    """Who would get the volume at once."""
    try:
        pending = (await snapshot.list("PersistentVolumeClaim")).items
    except ClusterError as error:
        return error.gap("PersistentVolumeClaims").says
    wanted = (volume.get("spec") or {}).get("storageClassName") or ""
    fitting = [
        f"{namespace_of(each)}/{name_of(each)}"
        for each in pending
        if claims.phase_of(each) == "Pending"
        and not (each.get("spec") or {}).get("volumeName")
        and (class_of(each) or "") == wanted
        and not misfit(volume, each)
    ]
    if not fitting:
        return Text(en="No claim waits for such a volume now", zh="目前没有 PVC 在等待这样的卷")
    more = f" (+{len(fitting) - _TOLD})" if len(fitting) > _TOLD else ""
    names = ", ".join(sorted(fitting)[:_TOLD]) + more
    return Text(
        en=f"Waiting for such a volume now, and may get it at once: {names}",
        zh=f"目前正在等待这样的卷、可能立即得到它的 PVC：{names}",
    )


class SetReclaimPolicy(Patching):
    name: ClassVar[str] = "set-reclaim-policy"
    kinds: ClassVar[tuple[str, ...]] = (VOLUME,)
    cures: ClassVar[bool] = False

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        policy = plan.args.get("policy")
        if policy not in _POLICIES:
            return unsafe(
                f"{policy!r} is no reclaim policy; it is Retain or Delete",
                f"{policy!r} 不是有效的回收策略；应为 Retain 或 Delete",
            )
        if claims.policy_of(obj) == policy:
            return unsafe(
                f"{plan.target} has reclaim policy {policy} already", f"{plan.target} 的回收策略已是 {policy}"
            )
        ending = _ending(obj) if policy == "Delete" else ()
        return Patch(
            body={"spec": {"persistentVolumeReclaimPolicy": policy}},
            says=Text(en=f"{plan.target} has reclaim policy {policy}", zh=f"{plan.target} 的回收策略已改为 {policy}"),
            effects=(_meaning(obj, policy),),
            warnings=(*ending, *claims.operator_decides(obj)),
        )


def _meaning(volume: Json, policy: str) -> Text:
    holder, at = claims.claim_named_by(volume), claims.place_of(volume)
    whose = Text.same(claims.called(holder)) if holder.get("name") else Text(en="its claim", zh="其 PVC")
    size = ((volume.get("spec") or {}).get("capacity") or {}).get("storage", "")
    if policy == "Retain":
        return Text(
            en=(
                f"Once {whose.en} is deleted, the volume ({size}{at.en}) and its data stay as Released, until somebody "
                "cleans up. Nothing changes for what uses it now"
            ),
            zh=(
                f"{whose.zh} 被删除后，该卷（{size}{at.zh}）及其数据会保留为 Released，直到有人清理。"
                "对当前使用者没有影响"
            ),
        )
    return Text(
        en=(
            f"Once {whose.en} is deleted, the volume ({size}{at.en}) is deleted with all its data, for good. Nothing "
            "changes for what uses it now"
        ),
        zh=f"{whose.zh} 被删除后，该卷（{size}{at.zh}）及其全部数据会被永久删除。对当前使用者没有影响",
    )


def _ending(volume: Json) -> tuple[Text, ...]:
    if claims.phase_of(volume) not in ("Released", "Failed"):
        return ()
    return (
        Text(
            en="DATA LOST for good: its claim is gone already, so it is deleted at once. This cannot be undone then",
            zh="数据将永久丢失：其 PVC 已不存在，因此该卷会立即被删除，且无法撤销",
        ),
    )


CLEAR_CLAIM_REF: Final = ClearClaimRef()
SET_RECLAIM_POLICY: Final = SetReclaimPolicy()
