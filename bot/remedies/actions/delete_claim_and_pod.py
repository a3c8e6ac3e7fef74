"""Rebuild a pod of a StatefulSet on new, empty volumes: delete its claims, then the pod; both are recreated.

The order matters: a claim that its pod mounts stays Terminating (pvc-protection) until the pod is gone, so the new pod
cannot start on the old volume. If the pod went first, its replacement would mount the claim that is to be deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_terminating, name_of, namespace_of, node_name_of, phase_of, ref, spec_of, uid_of
from bot.kube.owners import ordinal_of
from bot.kube.pod_states import is_ready
from bot.kube.volumes import claim_names, claim_reference, claim_templates_of, volumes_by_claim
from bot.remedies.action import Action, for_kind, permission
from bot.remedies.changes import diff_lines
from bot.remedies.contract import Applied, EffectState, EffectStatus, Plan, Proposal, Step, Verb
from bot.remedies.shared import claims, pod_replacement
from bot.remedies.shared.claims import CLAIM, VOLUME, BoundClaim, local_data_loss
from bot.remedies.shared.pod_replacement import PodReplacement
from bot.remedies.shared.refusal import deletion, unsafe
from intents.catalog.actions import ActionDeclaration, Argument
from intents.catalog.schema import Risk
from intents.domain import Json, ObjectRef, Permission, Text
from responses.words import ActionWords

ALL: Final = "all"
_DELETE: Final = "Delete"
_DELETES: Final = (permission("delete", "Pod"), permission("delete", CLAIM))
_RECLAIMS: Final = (permission("patch", VOLUME),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """The claims to delete with the pod. `reclaim`: the volumes' policy is set to Delete first."""

    claims: tuple[BoundClaim, ...]
    reclaim: bool

    def policy_of(self, one: BoundClaim) -> str:
        return _DELETE if self.reclaim else one.policy

    def changes_policy(self, one: BoundClaim) -> bool:
        return self.reclaim and one.volume is not None and one.policy != _DELETE


class DeleteClaimAndPod(Action):
    """Deletes claims and then their pod."""

    declaration = ActionDeclaration(
        name="delete-claim-and-pod",
        kinds=("Pod",),
        args={
            "claims": Argument(says="one of the pod's claims, or `all`", required=True),
            "reclaim": Argument(says="set on the volumes first, so that they are deleted too", choices=(_DELETE,)),
        },
        least_risk=Risk.DATA_LOSS,
        undoable=False,
    )
    words = ActionWords(
        verb=Text(en="Recreate pod, lose data", zh="重建 Pod 并丢弃数据"),
        does=Text(
            en="Deletes this pod and its claims. Both are recreated; the new claims are empty.",
            zh="删除此 Pod 及其 PVC。两者都会重建，新的 PVC 为空。",
        ),
    )
    writes = for_kind("Pod", *_DELETES, *_RECLAIMS)

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        needed = super().needs(target, args)
        return needed if args.get("reclaim") else tuple(each for each in needed if each not in _RECLAIMS)

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        pod = await snapshot.get("Pod", target.name, namespace=target.namespace)
        return {**await pod_replacement.basis_of(snapshot, pod), "claims": await _mounted(snapshot, pod)}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        replacement = await pod_replacement.replacement_of(snapshot, plan.target)
        pod = replacement.pod
        selection = await _selection(snapshot, plan, replacement)
        fates = (claims.data_after_delete(one, policy=selection.policy_of(one)) for one in selection.claims)
        outlook = await replacement.outlook(
            snapshot,
            effects=(*fates, _replaced(replacement)),
            losses=local_data_loss(spec_of(pod)),
            warnings=tuple(_warnings(replacement, selection)),
        )
        return Proposal(steps=_steps(plan, selection), outlook=outlook, shown=_shown(pod, selection))

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        effect = await pod_replacement.replacement_effect(snapshot, plan.target, applied)
        new = next((each for each in effect.replacements if each.name == plan.target.name), None)
        if effect.state is EffectState.HEALTHY or new is None:
            return effect
        pod = await snapshot.find("Pod", new.name, namespace=new.namespace)
        return await _waiting_for_claims(snapshot, pod, effect) if pod else effect


# --- which claims are deleted ---


async def _mounted(snapshot: Snapshot, pod: Json) -> str:
    """Return the pod's claims and their volumes with uids: recreated ones hold other data than was judged."""
    identities = []
    for name in volumes_by_claim(pod):
        claim = await snapshot.find(CLAIM, name, namespace=namespace_of(pod))
        one = await claims.with_volume(snapshot, claim) if claim else None
        there = [each for each in (one.claim, one.volume) if each] if one else []
        identities.append(" ".join((name, *map(uid_of, there))))
    return ", ".join(identities)


async def _selection(snapshot: Snapshot, plan: Plan, replacement: PodReplacement) -> _Selection:
    pod = replacement.pod
    reclaim = plan.args.get("reclaim") or ""
    if reclaim not in ("", _DELETE):
        raise unsafe(f"reclaim is {reclaim!r}; it can only be Delete", f"reclaim 为 {reclaim!r}；只能为 Delete")
    names = _named(plan, pod)
    _check_recreated(pod, replacement.owners.manifests[0], names)
    selected = []
    for name in names:
        claim = await snapshot.find(CLAIM, name, namespace=namespace_of(pod))
        # A terminating claim is gone with the pod in any case.
        if claim is None:
            continue
        one = await claims.with_volume(snapshot, claim)
        await _check_unshared(snapshot, pod, one)
        selected.append(one)
    if not selected:
        raise unsafe(
            f"none of the claims {', '.join(names)} exists: restarting the pod is enough",
            f"PVC {', '.join(names)} 均不存在：只需重启该 Pod",
        )
    return _Selection(claims=tuple(selected), reclaim=reclaim == _DELETE)


def _named(plan: Plan, pod: Json) -> tuple[str, ...]:
    wanted, has = plan.args.get("claims"), tuple(volumes_by_claim(pod))
    if not has:
        raise unsafe(f"{plan.target} mounts no claim", f"{plan.target} 没有挂载 PVC")
    if wanted == ALL:
        return has
    if not isinstance(wanted, str) or wanted not in has:
        mounts = ", ".join(has)
        raise unsafe(
            f"{plan.target} mounts no claim {wanted!r}; it mounts {mounts}",
            f"{plan.target} 没有挂载 PVC {wanted!r}；它挂载的是 {mounts}",
        )
    return (wanted,)


def _check_recreated(pod: Json, owner: Json, names: Sequence[str]) -> None:
    """Refuse a claim that nothing would create again."""
    templates, volumes = claim_templates_of(owner), volumes_by_claim(pod)
    without = [name for name in names if volumes[name] not in templates or name != f"{volumes[name]}-{name_of(pod)}"]
    if not without:
        return
    me, which = ref(owner), ", ".join(without)
    raise unsafe(
        f"{me} has no claim template for {which}: nothing would recreate it, and the new pod would never start",
        f"{me} 没有 {which} 对应的 volumeClaimTemplates：删除后无人会重新创建，新的 Pod 将无法启动",
    )


async def _check_unshared(snapshot: Snapshot, pod: Json, one: BoundClaim) -> None:
    """Refuse a claim that somebody else uses, or whose volume is another claim's."""
    mine = uid_of(pod)
    others = [each for each in await claims.mounting(snapshot, one.claim) if uid_of(each) != mine]
    if others:
        names = ", ".join(map(name_of, others))
        raise unsafe(
            f"claim {one.name} is also mounted by {names}: it would stay, and the new pod would wait for it",
            f"PVC {one.name} 还被 {names} 挂载：它不会消失，新的 Pod 会一直等待",
        )
    holder = claim_reference(one.volume or {})
    if holder.get("uid") and holder["uid"] != uid_of(one.claim):
        raise unsafe(
            f"PersistentVolume {one.volume_name} is bound to another claim, {claims.key_of(holder)}; check it by hand",
            f"PV {one.volume_name} 已绑定到另一个 PVC {claims.key_of(holder)}；请人工检查",
        )


def _steps(plan: Plan, selection: _Selection) -> tuple[Step, ...]:
    policies = [
        Step(
            verb=Verb.PATCH,
            target=volume,
            says=Text(en=f"{volume} was set to reclaim policy Delete", zh=f"{volume} 的回收策略已改为 Delete"),
            body={"spec": {"persistentVolumeReclaimPolicy": _DELETE}},
        )
        for volume in (
            ref(one.volume, VOLUME) for one in selection.claims if one.volume and selection.changes_policy(one)
        )
    ]
    deleted = [ref(one.claim, CLAIM) for one in selection.claims if not is_terminating(one.claim)]
    return (*policies, *map(deletion, (*deleted, plan.target)))


# --- texts of the preview ---


def _replaced(replacement: PodReplacement) -> Text:
    me, grace, owner = ref(replacement.pod, "Pod"), replacement.grace_s, replacement.owner
    return Text(
        en=(
            f"The claims are deleted first, then {me} (it gets {grace} s to stop); {owner.kind} {owner.name} creates a "
            "pod of the same name with new, empty claims"
        ),
        zh=(
            f"先删除 PVC，再删除 {me}（有 {grace} 秒时间退出）；{owner.kind} {owner.name} 会重建同名的 Pod，"
            "并创建新的空 PVC"
        ),
    )


def _warnings(replacement: PodReplacement, selection: _Selection) -> Iterator[Text]:
    pod, counts = replacement.pod, replacement.counts
    down = [each for each in replacement.pods if uid_of(each) != uid_of(pod) and not is_ready(each)]
    if is_ready(pod):
        yield Text(
            en="It is ready and serves from this data now: make sure that it is the right pod",
            zh="它目前处于就绪状态，正在使用这些数据提供服务：请确认没有选错 Pod",
        )
    missing = counts.desired - 1 - (counts.ready - is_ready(pod))
    if missing > 0:
        which = ", ".join(map(name_of, down)) or str(missing)
        yield Text(
            en=f"Other replicas are not ready either ({which}): the data deleted here may have no other copy",
            zh=f"同一工作负载的其他副本也未就绪（{which}）：此处删除的数据可能没有其他副本",
        )
    before = ", ".join(name_of(each) for each in down if ordinal_of(name_of(each)) < ordinal_of(name_of(pod)))
    if before and spec_of(replacement.owners.manifests[0]).get("podManagementPolicy", "OrderedReady") == "OrderedReady":
        yield Text(
            en=f"Its owner creates pods in order: the new pod is not created before {before} is ready",
            zh=f"其控制器按顺序创建 Pod：在 {before} 就绪之前不会创建新的 Pod",
        )
    changed = [one.volume for one in selection.claims if one.volume is not None and selection.changes_policy(one)]
    yield from dict.fromkeys(each for volume in changed for each in claims.operator_decides(volume))


def _shown(pod: Json, selection: _Selection) -> str:
    """Return the diff of what is deleted and what replaces it."""
    before, after = [], []
    for one in selection.claims:
        before += [f"claim: {one.name}", f"  uid: {uid_of(one.claim)}"]
        after += [f"claim: {one.name}", "  uid: (new)"]
        if one.volume is not None:
            before += [f"  volume: {one.volume_name}", f"  size: {one.size}", f"  reclaimPolicy: {one.policy}"]
            fate = "deleted" if selection.policy_of(one) == _DELETE else "left as Released"
            after += [f"  volume: (new; {one.volume_name} is {fate})", f"  size: {one.size}"]
            if selection.changes_policy(one):
                after.append(f"  reclaimPolicy: {selection.policy_of(one)} ({one.volume_name})")
    before += [f"pod: {name_of(pod)}", f"  uid: {uid_of(pod)}"]
    after += [f"pod: {name_of(pod)}", "  uid: (new)"]
    node = node_name_of(pod)
    return diff_lines([*before, f"  node: {node}"], [*after, "  node: (the scheduler chooses)"], name=name_of(pod))


async def _waiting_for_claims(snapshot: Snapshot, pod: Json, effect: EffectStatus) -> EffectStatus:
    """Return the effect with the claim that the new pod waits for, if it waits for one."""
    for name in claim_names(pod):
        claim = await snapshot.find(CLAIM, name, namespace=namespace_of(pod))
        state = EffectState.FAILING
        if claim is None:
            en = f" for claim {name}, which nothing has recreated: restart the pod once more"
            zh = f" PVC {name}，但尚无人重新创建它：请再重启一次该 Pod"
        elif is_terminating(claim):
            en, zh = f": the old claim {name} is still Terminating", f"：旧的 PVC {name} 仍处于 Terminating"
        elif phase_of(claim) == "Pending" and not node_name_of(pod):
            en, zh = f": the new claim {name} is not bound to a volume yet", f"：新的 PVC {name} 尚未绑定到 PV"
            state = EffectState.PENDING
        else:
            continue
        says = Text(en=f"{name_of(pod)} waits{en}", zh=f"{name_of(pod)} 正在等待{zh}")
        return replace(effect, says=says, state=state)
    return effect
