"""Restart a pod by deleting it, where something makes another in its place.

What it is good for: a back-off that is to be skipped, a process that hangs, a node's hiccup. What the template says
stays as it is, so a fault that stands there comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.owners import Owners, owners_of
from bot.cluster.resources import WELL_KNOWN, Resource
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.pod_readiness import is_ready
from bot.kube.replicas import Replicas
from bot.remedies.contract import Applied, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import recreating, workloads
from bot.remedies.shared.budgets import budgets_over
from bot.remedies.shared.local_data import fate_of_data
from bot.remedies.shared.showing import diff_lines
from intents.domain import Json, ObjectRef, Permission, Text

POD: Final[Resource] = next(each for each in WELL_KNOWN if each.kind == "Pod")


class RestartPod:
    name = "restart-pod"
    undoable = False
    cures = True
    permissions: tuple[Permission, ...] = (Permission(verb="delete", resource="pods"),)

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return self.permissions if target.kind == "Pod" else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        pod = await snapshot.get(POD, target.name, namespace=target.namespace)
        return await recreating.basis_of(snapshot, pod)

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        pod = await snapshot.get(POD, plan.target.name, namespace=plan.target.namespace)
        owners = await owners_of(snapshot, pod)
        if refusal := recreating.nothing_recreates(pod, owners):
            return refusal
        owner = owners.refs[0]
        pods = await workloads.pods_controlled(snapshot, (owner.uid,), namespace=namespace_of(pod))
        counts = recreating.counts_of(owners, pods)
        step = Step(
            verb=Verb.DELETE,
            target=plan.target,
            says=Text(en=f"{plan.target} was deleted", zh=f"{plan.target} 已删除"),
            unless_ready=not is_ready(pod),
        )
        outlook = Outlook(
            effects=(
                *_effects(pod, owner, counts),
                *await budgets_over(snapshot, (pod,), namespace=namespace_of(pod)),
                *fate_of_data(pod.get("spec") or {}),
            ),
            warnings=_warnings(pod, owners, counts),
            owner=owner,
            counts_as=owners.refs[-1],
            known=tuple(map(workloads.uid_of, pods)),
            ready=counts.ready,
            wanted=counts.desired,
            patience_s=recreating.patience(pod),
        )
        return Proposal(steps=(step,), outlook=outlook, shown=_shown(pod, owners))

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        return await recreating.recreated(snapshot, plan.target, applied)


def _effects(pod: Json, owner: ObjectRef, counts: Replicas) -> tuple[Text, ...]:
    me = ref(pod, "Pod")
    same = owner.kind == "StatefulSet"
    grace = (pod.get("spec") or {}).get("terminationGracePeriodSeconds", 30)
    return (
        Text(
            en=(
                f"{me} is deleted (it gets {grace} s to end); {owner.kind} {owner.name} makes another in its place"
                + (" with the same name and volume claims" if same else "")
            ),
            zh=(
                f"{me} 会被删除（有 {grace} 秒时间退出）；{owner.kind} {owner.name} 会重建一个"
                + ("同名并使用相同存储卷的 Pod" if same else "新的 Pod")
            ),
        ),
        recreating.readiness(pod, counts),
    )


def _warnings(pod: Json, owners: Owners, counts: Replicas) -> tuple[Text, ...]:
    warnings = [*recreating.only_one(pod, counts)]
    if owners.refs[0].kind == "Job":
        warnings.append(
            Text(
                en="A Job starts its work again from the beginning, and counts this one as failed",
                zh="Job 会从头重新执行，并把这个 Pod 计为一次失败",
            )
        )
    return tuple(warnings)


def _shown(pod: Json, owners: Owners) -> str:
    """What goes and what comes, as a diff of what a person knows the pod by."""
    owner, spec = owners.refs[0], pod.get("spec") or {}
    template = (owners.manifests[0].get("spec") or {}).get("template") or {}
    name = name_of(pod) if owner.kind == "StatefulSet" else f"{owner.name}-… (new)"
    node = str(spec.get("nodeName", ""))
    # A DaemonSet's comes back to its own node.
    place = node if owner.kind == "DaemonSet" and node else "(the scheduler chooses)"
    before = [f"pod: {name_of(pod)}", f"uid: {workloads.uid_of(pod)}", f"node: {node}"]
    after = [f"pod: {name}", "uid: (new)", f"node: {place}"]
    return diff_lines(
        [*before, *_images(spec)], [*after, *_images(template.get("spec") or spec)], name=f"Pod of {owner.name}"
    )


def _images(spec: dict[str, Any]) -> list[str]:
    return [f"image: {each.get('name')}={each.get('image')}" for each in spec.get("containers") or ()]


ACTION: Final = RestartPod()
