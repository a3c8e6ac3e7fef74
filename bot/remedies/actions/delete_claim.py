"""Delete a PersistentVolumeClaim that nothing uses or that was never bound, so that a corrected template recreates it.

A claim in use is not deleted: it would stay Terminating until its pods end, whenever that is, and lose its data then.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.cluster.origins import custodian_of
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_terminating, name_of, node_name_of, phase_of, ref, uid_of
from bot.kube.volumes import class_of, volume_name_of
from bot.remedies.action import Action, permissions_to
from bot.remedies.contract import Applied, EffectState, EffectStatus, Outlook, Plan, Proposal, effect, one_text
from bot.remedies.shared import claims
from bot.remedies.shared.claims import CLAIM, BoundClaim, ClaimOwner
from bot.remedies.shared.refusal import deletion, unsafe
from intents.catalog.actions import ActionDeclaration
from intents.catalog.schema import Risk
from intents.domain import Json, ObjectRef, Text
from responses.words import ActionWords


class DeleteClaim(Action):
    """Deletes one unused claim."""

    declaration = ActionDeclaration(name="delete-claim", kinds=(CLAIM,), least_risk=Risk.DATA_LOSS, undoable=False)
    words = ActionWords(
        verb=Text(en="Delete claim", zh="删除 PVC"),
        does=Text(
            en="Deletes this claim. The reclaim policy of its volume decides whether the data is kept.",
            zh="删除此 PVC。数据是否保留取决于其卷的回收策略。",
        ),
    )
    writes = permissions_to("delete", (CLAIM,))

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        claim = await snapshot.get(CLAIM, target.name, namespace=target.namespace)
        return {"uid": uid_of(claim), "volume": volume_name_of(claim)}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        claim = await snapshot.get(CLAIM, plan.target.name, namespace=plan.target.namespace)
        pods = await claims.mounting(snapshot, claim)
        _check_unused(claim, pods)
        bound = await claims.with_volume(snapshot, claim)
        owner = await claims.owner_of_claim(snapshot, claim)
        outlook = Outlook(
            effects=(claims.data_after_delete(bound), *_waiting(pods), _recreated(owner)),
            warnings=_warnings(bound, owner),
            # A claim from a template has the labels of its StatefulSet, but no GitOps tool applies it.
            custodian=await custodian_of(snapshot, claim) if owner is None else None,
        )
        return Proposal(steps=(deletion(plan.target),), outlook=outlook)

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        claim = await snapshot.find(CLAIM, plan.target.name, namespace=plan.target.namespace)
        if claim is None:
            return effect(EffectState.HEALTHY, "the claim is gone", "PVC 已删除")
        if uid_of(claim) == applied.target.uid:
            names = ", ".join(map(name_of, await claims.mounting(snapshot, claim))) or "—"
            return effect(
                EffectState.PENDING,
                f"the claim is Terminating until the pods that mount it end: {names}",
                f"PVC 处于 Terminating，等待挂载它的 Pod 结束：{names}",
            )
        phase = phase_of(claim)
        states = {"Bound": EffectState.HEALTHY, "Lost": EffectState.FAILING}
        return effect(
            states.get(phase, EffectState.PENDING),
            f"the claim was recreated and is {phase}",
            f"PVC 已重新创建，状态为 {phase}",
        )


def _check_unused(claim: Json, pods: Sequence[Json]) -> None:
    me = ref(claim, CLAIM)
    names = ", ".join(map(name_of, pods))
    if is_terminating(claim):
        raise unsafe(
            f"{me} is already being deleted" + (f"; it is gone once these pods have ended: {names}" if names else ""),
            f"{me} 已在删除中" + (f"；待以下 Pod 结束后才会消失：{names}" if names else ""),
        )
    using = ", ".join(name_of(pod) for pod in pods if node_name_of(pod))
    if using and phase_of(claim) != "Pending":
        raise unsafe(
            f"{me} is mounted by {using}: it would stay Terminating until they end, and its data would be handled only "
            "then. Stop the workload first, or rebuild the pod together with its claim",
            f"{me} 正被 {using} 挂载：它会一直处于 Terminating，直到这些 Pod 结束，届时数据才被处理。"
            "请先停止使用它的工作负载，或将 Pod 连同 PVC 一起重建",
        )


def _waiting(pods: Sequence[Json]) -> tuple[Text, ...]:
    """Say what happens to the pods that reference the claim, none of which runs with it."""
    if not pods:
        return (Text(en="No pod references it, so no pod is affected", zh="没有 Pod 引用它，不影响任何 Pod"),)
    names = ", ".join(map(name_of, pods))
    if any(map(node_name_of, pods)):
        return one_text(
            f"It stays Terminating until {names} has been deleted too", f"在 {names} 也被删除之前，它会处于 Terminating"
        )
    return one_text(
        f"{names} waits for it, and keeps waiting until a claim of this name exists again",
        f"{names} 正在等待它，并会继续等待，直到同名的 PVC 再次存在",
    )


def _recreated(owner: ClaimOwner | None) -> Text:
    if owner is None:
        return Text(
            en="No controller in the cluster recreates it: its creator has to",
            zh="未发现集群中有控制器会重新创建它：需由创建者重新创建",
        )
    me, template = ref(owner.workload), name_of(owner.template)
    if not owner.recreates:
        return Text(
            en=f"{me} does not want the pod with ordinal {owner.ordinal} now: the claim is recreated after a scale-up",
            zh=f"{me} 目前不需要编号为 {owner.ordinal} 的 Pod：扩容之后才会重新创建该 PVC",
        )
    return Text(
        en=f"{me} creates a new claim from its template {template}; if none appears, delete its pod too",
        zh=f"{me} 会按其模板 {template} 创建新的 PVC；若没有出现，请同时删除对应的 Pod",
    )


def _warnings(bound: BoundClaim, owner: ClaimOwner | None) -> tuple[Text, ...]:
    if owner is None or not owner.recreates or bound.volume_name or not owner.same_class(bound.claim):
        return ()
    named = class_of(bound.claim)
    asks = Text.same(f"storageClassName {named}") if named else Text(en="no StorageClass", zh="未指定 StorageClass")
    return one_text(
        f"The template requests the same ({asks.en}): correct it first, or the new claim stays pending too",
        f"模板的要求相同（{asks.zh}）：请先改正模板，否则新的 PVC 会同样等待",
    )
