"""Rebuild a pod of a StatefulSet on new, empty volumes: its claims go, then the pod, and both are made anew.

In this order: a claim that its pod mounts stays Terminating (pvc-protection) and is gone once the pod is, so that the
new pod cannot come up on the old volume. Deleting the pod first would give the new one the very claim that is to go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.owners import Owners, owners_of
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.pod_readiness import is_ready
from bot.kube.replicas import Replicas
from bot.kube.volume_claims import claim_names
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import claims, recreating, workloads
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.claims import Held
from bot.remedies.shared.kinds import permission
from bot.remedies.shared.local_data import local_data
from bot.remedies.shared.refusing import unsafe
from bot.remedies.shared.showing import diff_lines
from intents.domain import Json, ObjectRef, Permission, Text

CLAIM: Final = "PersistentVolumeClaim"
VOLUME: Final = "PersistentVolume"
ALL: Final = "all"
_DELETE: Final = "Delete"
_DELETING: Final = (permission("delete", "Pod"), permission("delete", CLAIM))
_RECLAIMING: Final = (permission("patch", VOLUME),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What goes with the pod. `reclaim`: the volumes' policy is set to Delete first."""

    held: tuple[Held, ...]
    reclaim: bool

    def policy_of(self, one: Held) -> str:
        return _DELETE if self.reclaim else one.policy

    def is_set(self, one: Held) -> bool:
        """Whether its volume's policy has to be written."""
        return self.reclaim and one.volume is not None and one.policy != _DELETE


class DeleteClaimAndPod:
    name = "delete-claim-and-pod"
    undoable = False
    cures = True
    permissions: tuple[Permission, ...] = (*_DELETING, *_RECLAIMING)

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        if target.kind != "Pod":
            return ()
        return self.permissions if args.get("reclaim") else _DELETING

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        pod = await snapshot.get("Pod", target.name, namespace=target.namespace)
        return {**await recreating.basis_of(snapshot, pod), "claims": await _mounted(snapshot, pod)}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        pod = await snapshot.get("Pod", plan.target.name, namespace=plan.target.namespace)
        owners = await owners_of(snapshot, pod)
        if refusal := recreating.nothing_recreates(pod, owners):
            return refusal
        asked = await _asked(snapshot, plan, pod, owners.manifests[0])
        if isinstance(asked, Refusal):
            return asked
        owner = owners.refs[0]
        pods = await workloads.pods_controlled(snapshot, (owner.uid,), namespace=namespace_of(pod))
        counts = recreating.counts_of(owners, pods)
        outlook = Outlook(
            effects=(
                *(claims.fate(one, policy=asked.policy_of(one)) for one in asked.held),
                _replaced(pod, owner),
                recreating.readiness(pod, counts),
                *await budgets_over(snapshot, (pod,), namespace=namespace_of(pod)),
                *local_data(pod.get("spec") or {}),
            ),
            warnings=_warnings(pod, owners, pods, counts, asked),
            owner=owner,
            known=tuple(map(workloads.uid_of, pods)),
            ready=counts.ready,
            wanted=counts.desired,
            patience_s=recreating.patience(pod),
        )
        return Proposal(steps=_steps(plan, asked), outlook=outlook, shown=_shown(pod, asked))

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        settling = await recreating.recreated(snapshot, plan.target, applied)
        new = next((each for each in settling.replacements if each.name == plan.target.name), None)
        if settling.course is Course.WELL or new is None:
            return settling
        pod = await snapshot.find("Pod", new.name, namespace=new.namespace)
        return await _waits_for_claims(snapshot, pod, settling) if pod else settling


# --- what is asked for ---


async def _mounted(snapshot: Snapshot, pod: Json) -> str:
    """Its claims and their volumes by uid: of those names made anew, other data would be lost than was judged."""
    said = []
    for name in claims.mounted(pod):
        claim = await snapshot.find(CLAIM, name, namespace=namespace_of(pod))
        one = await claims.held(snapshot, claim) if claim else None
        there = [each for each in (one.claim, one.volume) if each] if one else []
        said.append(" ".join((name, *map(workloads.uid_of, there))))
    return ", ".join(said)


async def _asked(snapshot: Snapshot, plan: Plan, pod: Json, owner: Json) -> _Asked | Refusal:
    reclaim = plan.args.get("reclaim") or ""
    if reclaim not in ("", _DELETE):
        return unsafe(f"reclaim is {reclaim!r}; it can only be Delete", f"reclaim 为 {reclaim!r}；只能为 Delete")
    names = _named(plan, pod)
    if isinstance(names, Refusal):
        return names
    if refusal := _not_made_anew(pod, owner, names):
        return refusal
    held = []
    for name in names:
        claim = await snapshot.find(CLAIM, name, namespace=namespace_of(pod))
        # One that is leaving goes with the pod in any case.
        if claim is None:
            continue
        one = await claims.held(snapshot, claim)
        if refusal := await _not_only_its_own(snapshot, pod, one):
            return refusal
        held.append(one)
    if not held:
        return unsafe(
            f"none of the claims {', '.join(names)} exists: restarting the pod is enough",
            f"PVC {', '.join(names)} 均不存在：只需重启该 Pod",
        )
    return _Asked(held=tuple(held), reclaim=reclaim == _DELETE)


def _named(plan: Plan, pod: Json) -> tuple[str, ...] | Refusal:
    asked, has = plan.args.get("claims"), tuple(claims.mounted(pod))
    if not has:
        return unsafe(f"{plan.target} mounts no claim", f"{plan.target} 没有挂载 PVC")
    if asked == ALL:
        return has
    if not isinstance(asked, str) or asked not in has:
        mounts = ", ".join(has)
        return unsafe(
            f"{plan.target} mounts no claim {asked!r}; it mounts {mounts}",
            f"{plan.target} 没有挂载 PVC {asked!r}；它挂载的是 {mounts}",
        )
    return (asked,)


def _not_made_anew(pod: Json, owner: Json, names: Sequence[str]) -> Refusal | None:
    """Why nothing would make one of the claims again."""
    templates, volumes = claims.templates_of(owner), claims.mounted(pod)
    strange = [name for name in names if volumes[name] not in templates or name != f"{volumes[name]}-{name_of(pod)}"]
    if not strange:
        return None
    me, which = ref(owner), ", ".join(strange)
    return unsafe(
        f"{me} has no claim template for {which}: nothing would make it anew, and the new pod would never start",
        f"{me} 没有 {which} 对应的 volumeClaimTemplates：删除后无人会重新创建，新的 Pod 将无法启动",
    )


async def _not_only_its_own(snapshot: Snapshot, pod: Json, one: Held) -> Refusal | None:
    """Why what goes would be missed by somebody else."""
    mine = workloads.uid_of(pod)
    others = [each for each in await claims.mounting(snapshot, one.claim) if workloads.uid_of(each) != mine]
    if others:
        names = ", ".join(map(name_of, others))
        return unsafe(
            f"claim {one.name} is mounted by {names} as well: it would not go, and the new pod would wait for it",
            f"PVC {one.name} 还被 {names} 挂载：它不会消失，新的 Pod 会一直等待",
        )
    holder = claims.claim_named_by(one.volume or {})
    if holder.get("uid") and holder["uid"] != workloads.uid_of(one.claim):
        return unsafe(
            f"PersistentVolume {one.volume_name} is held by another claim, {claims.called(holder)}: look at it by hand",
            f"PV {one.volume_name} 由另一个 PVC {claims.called(holder)} 持有：请人工检查",
        )
    return None


def _steps(plan: Plan, asked: _Asked) -> tuple[Step, ...]:
    policies = [
        Step(
            verb=Verb.PATCH,
            target=volume,
            says=Text(en=f"{volume} was set to reclaim policy Delete", zh=f"{volume} 的回收策略已改为 Delete"),
            body={"spec": {"persistentVolumeReclaimPolicy": _DELETE}},
        )
        for volume in (ref(one.volume, VOLUME) for one in asked.held if one.volume is not None and asked.is_set(one))
    ]
    gone = [ref(one.claim, CLAIM) for one in asked.held if not workloads.is_leaving(one.claim)]
    deletes = [
        Step(verb=Verb.DELETE, target=each, says=Text(en=f"{each} was deleted", zh=f"{each} 已删除"))
        for each in (*gone, plan.target)
    ]
    return (*policies, *deletes)


# --- what is told of it ---


def _replaced(pod: Json, owner: ObjectRef) -> Text:
    me, grace = ref(pod, "Pod"), (pod.get("spec") or {}).get("terminationGracePeriodSeconds", 30)
    return Text(
        en=(
            f"The claims go first, then {me} (it gets {grace} s to end); {owner.kind} {owner.name} makes a pod of the "
            "same name with new, empty claims"
        ),
        zh=(
            f"先删除 PVC，再删除 {me}（有 {grace} 秒时间退出）；{owner.kind} {owner.name} 会重建同名的 Pod，"
            "并创建新的空 PVC"
        ),
    )


def _warnings(pod: Json, owners: Owners, pods: Sequence[Json], counts: Replicas, asked: _Asked) -> tuple[Text, ...]:
    warnings: list[Text] = []
    if is_ready(pod):
        warnings.append(
            Text(
                en="It is ready now, and serves from this data: make sure that it is the right one",
                zh="它目前处于就绪状态，正在使用这些数据提供服务：请确认没有选错 Pod",
            )
        )
    down = [each for each in pods if workloads.uid_of(each) != workloads.uid_of(pod) and not is_ready(each)]
    missing = counts.desired - 1 - (counts.ready - is_ready(pod))
    if missing > 0:
        which = ", ".join(map(name_of, down)) or str(missing)
        warnings.append(
            Text(
                en=f"Others of its kind are not ready either ({which}): what is lost here may have no other copy",
                zh=f"同一工作负载的其他副本也未就绪（{which}）：此处丢失的数据可能没有其他副本",
            )
        )
    spec = owners.manifests[0].get("spec") or {}
    before = [name_of(each) for each in down if _number(each) < _number(pod)]
    if before and spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady":
        names = ", ".join(before)
        warnings.append(
            Text(
                en=f"Its owner makes pods in their order: the new one is not made before {names} is ready",
                zh=f"其控制器按顺序创建 Pod：在 {names} 就绪之前不会创建新的 Pod",
            )
        )
    set_now = [one.volume for one in asked.held if one.volume is not None and asked.is_set(one)]
    decided = dict.fromkeys(each for volume in set_now for each in claims.operator_decides(volume))
    return (*recreating.only_one(pod, counts), *warnings, *decided)


def _number(pod: Json) -> int:
    tail = name_of(pod).rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def _shown(pod: Json, asked: _Asked) -> str:
    """What goes and what comes, as a diff of what a person knows them by."""
    before, after = [], []
    for one in asked.held:
        before += [f"claim: {one.name}", f"  uid: {workloads.uid_of(one.claim)}"]
        after += [f"claim: {one.name}", "  uid: (new)"]
        if one.volume is not None:
            before += [f"  volume: {one.volume_name}", f"  size: {one.size}", f"  reclaimPolicy: {one.policy}"]
            fate = "deleted" if asked.policy_of(one) == _DELETE else "left as Released"
            after += [f"  volume: (new; {one.volume_name} is {fate})", f"  size: {one.size}"]
            after += [f"  reclaimPolicy: {asked.policy_of(one)} ({one.volume_name})"] if asked.is_set(one) else []
    before += [f"pod: {name_of(pod)}", f"  uid: {workloads.uid_of(pod)}"]
    after += [f"pod: {name_of(pod)}", "  uid: (new)"]
    node = (pod.get("spec") or {}).get("nodeName", "")
    return diff_lines([*before, f"  node: {node}"], [*after, "  node: (the scheduler chooses)"], name=name_of(pod))


async def _waits_for_claims(snapshot: Snapshot, pod: Json, settling: Settling) -> Settling:
    """What a new pod is waiting for that is not up yet, if it is a claim of its own."""
    for name in claim_names(pod):
        claim = await snapshot.find(CLAIM, name, namespace=namespace_of(pod))
        if claim is None:
            says = Text(
                en=f"{name_of(pod)} waits for claim {name}, which nobody has made anew: restart the pod once more",
                zh=f"{name_of(pod)} 正在等待 PVC {name}，但尚无人重新创建它：请再重启一次该 Pod",
            )
            return _instead(settling, says, course=Course.FAILING)
        if workloads.is_leaving(claim):
            says = Text(
                en=f"{name_of(pod)} waits: the old claim {name} is still Terminating",
                zh=f"{name_of(pod)} 正在等待：旧的 PVC {name} 仍处于 Terminating",
            )
            return _instead(settling, says, course=Course.FAILING)
        if claims.phase_of(claim) == "Pending" and not claims.on_a_node(pod):
            says = Text(
                en=f"{name_of(pod)} waits: the new claim {name} is not bound to a volume yet",
                zh=f"{name_of(pod)} 正在等待：新的 PVC {name} 尚未绑定到 PV",
            )
            return _instead(settling, says, course=Course.MOVING)
    return settling


def _instead(settling: Settling, says: Text, *, course: Course) -> Settling:
    return Settling(
        course=course,
        says=says,
        replacements=settling.replacements,
        ready=settling.ready,
        wanted=settling.wanted,
    )


ACTION: Final = DeleteClaimAndPod()
