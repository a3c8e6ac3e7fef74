"""Delete a claim that nothing uses, or that was never bound: wrongly made ones are made anew from a corrected template.

A claim in use is not touched. It would stay Terminating until its pods end, whenever that is, and its data end then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, ref
from bot.kube.volume_claims import class_of
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import claims, workloads
from bot.remedies.shared.claims import Held, Maker
from bot.remedies.shared.custody import custodian_of
from bot.remedies.shared.kinds import permission
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, ObjectRef, Permission, Text

CLAIM: Final = "PersistentVolumeClaim"


class DeleteClaim:
    name = "delete-claim"
    undoable = False
    cures = True
    permissions: tuple[Permission, ...] = (permission("delete", CLAIM),)

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return self.permissions if target.kind == CLAIM else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        claim = await snapshot.get(CLAIM, target.name, namespace=target.namespace)
        volume = str((claim.get("spec") or {}).get("volumeName") or "")
        return {"uid": workloads.uid_of(claim), "volume": volume}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        claim = await snapshot.get(CLAIM, plan.target.name, namespace=plan.target.namespace)
        pods = await claims.mounting(snapshot, claim)
        if refusal := _in_use(claim, pods):
            return refusal
        one = await claims.held(snapshot, claim)
        maker = await claims.maker_of(snapshot, claim)
        step = Step(
            verb=Verb.DELETE,
            target=plan.target,
            says=Text(en=f"{plan.target} was deleted", zh=f"{plan.target} 已删除"),
        )
        outlook = Outlook(
            effects=(claims.fate(one), *_waiting(pods), _anew(maker)),
            warnings=_warnings(one, maker),
            # One that is made from a template has its labels, but is of no source.
            custodian=await custodian_of(snapshot, claim) if maker is None else None,
        )
        return Proposal(steps=(step,), outlook=outlook)

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        claim = await snapshot.find(CLAIM, plan.target.name, namespace=plan.target.namespace)
        if claim is None:
            return Settling(course=Course.WELL, says=Text(en="the claim is gone", zh="PVC 已删除"))
        if workloads.uid_of(claim) == applied.target.uid:
            names = ", ".join(map(name_of, await claims.mounting(snapshot, claim))) or "—"
            says = Text(
                en=f"the claim is Terminating until what mounts it ends: {names}",
                zh=f"PVC 处于 Terminating，等待挂载它的 Pod 结束：{names}",
            )
            return Settling(course=Course.MOVING, says=says)
        phase = claims.phase_of(claim)
        course = Course.WELL if phase == "Bound" else Course.FAILING if phase == "Lost" else Course.MOVING
        says = Text(en=f"the claim was made anew and is {phase}", zh=f"PVC 已重新创建，状态为 {phase}")
        return Settling(course=course, says=says)


def _in_use(claim: Json, pods: Sequence[Json]) -> Refusal | None:
    me = ref(claim, CLAIM)
    names = ", ".join(map(name_of, pods))
    if workloads.is_leaving(claim):
        return unsafe(
            f"{me} is being deleted already" + (f"; it goes once these pods have ended: {names}" if names else ""),
            f"{me} 已在删除中" + (f"；待以下 Pod 结束后才会消失：{names}" if names else ""),
        )
    using = ", ".join(name_of(pod) for pod in pods if claims.on_a_node(pod))
    if using and claims.phase_of(claim) != "Pending":
        return unsafe(
            f"{me} is mounted by {using}: it would stay Terminating until they end, and its data would go then. Stop "
            "what uses it first, or rebuild the pod together with its claim",
            f"{me} 正被 {using} 挂载：它会一直处于 Terminating，直到这些 Pod 结束，届时数据才被处理。"
            "请先停止使用它的工作负载，或将 Pod 连同 PVC 一起重建",
        )
    return None


def _waiting(pods: Sequence[Json]) -> tuple[Text, ...]:
    """What of the pods that name the claim, none of which runs on it."""
    if not pods:
        return (Text(en="No pod names it: none is affected", zh="没有 Pod 使用它：不影响任何 Pod"),)
    names = ", ".join(map(name_of, pods))
    if any(map(claims.on_a_node, pods)):
        return (
            Text(
                en=f"It stays Terminating until {names} has been deleted too",
                zh=f"在 {names} 也被删除之前，它会处于 Terminating",
            ),
        )
    return (
        Text(
            en=f"{names} waits for it, and goes on waiting until a claim of this name exists again",
            zh=f"{names} 正在等待它，并会继续等待，直到同名的 PVC 再次存在",
        ),
    )


def _anew(maker: Maker | None) -> Text:
    if maker is None:
        return Text(
            en="Nothing in the cluster is known to make it anew: whoever made it has to",
            zh="未发现集群中有控制器会重新创建它：需由创建者重新创建",
        )
    me, template = ref(maker.workload), name_of(maker.template)
    if not maker.makes_anew:
        return Text(
            en=f"{me} does not want pod number {maker.number} now: the claim is made anew only once it is scaled up",
            zh=f"{me} 目前不需要编号为 {maker.number} 的 Pod：扩容之后才会重新创建该 PVC",
        )
    return Text(
        en=f"{me} makes a new claim from its template {template}; if none appears, delete its pod too",
        zh=f"{me} 会按其模板 {template} 创建新的 PVC；若没有出现，请同时删除对应的 Pod",
    )


def _warnings(one: Held, maker: Maker | None) -> tuple[Text, ...]:
    if maker is None or not maker.makes_anew or one.volume_name or not maker.same_again(one.claim):
        return ()
    named = class_of(one.claim)
    asks = Text.same(f"storageClassName {named}") if named else Text(en="no StorageClass", zh="未指定 StorageClass")
    return (
        Text(
            en=f"The template asks for the same ({asks.en}): correct it first, or the new claim waits as this one does",
            zh=f"模板的要求相同（{asks.zh}）：请先改正模板，否则新的 PVC 会同样等待",
        ),
    )


ACTION: Final = DeleteClaim()
