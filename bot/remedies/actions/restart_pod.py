"""Restart a pod by deleting it, if a controller replaces it.

Useful to skip a back-off, or after a hanging process or a node problem. The pod template does not change, so a fault in
it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import name_of, pod_template_of, ref, spec_of, uid_of
from bot.kube.pod_states import is_ready
from bot.remedies.action import Action, permissions_to
from bot.remedies.changes import diff_lines
from bot.remedies.contract import Applied, EffectStatus, Plan, Proposal, one_text
from bot.remedies.shared import pod_replacement
from bot.remedies.shared.claims import data_loss
from bot.remedies.shared.pod_replacement import PodReplacement
from bot.remedies.shared.refusal import deletion
from intents.catalog.actions import ActionDeclaration
from intents.domain import ObjectRef, Text
from responses.words import ActionWords

_OF_JOB: Final = one_text(
    "The Job starts its work again from the beginning, and counts this pod as a failure",
    "Job 会从头重新执行，并把这个 Pod 计为一次失败",
)


class RestartPod(Action):
    """Deletes a pod that its controller replaces."""

    declaration = ActionDeclaration(name="restart-pod", kinds=("Pod",), undoable=False)
    words = ActionWords(
        verb=Text(en="Restart pod", zh="重启 Pod"),
        does=Text(en="Deletes this pod; its controller creates a new one.", zh="删除此 Pod，其控制器会新建一个。"),
        asked_by=("restart", "bounce", "recycle", "kill", "delete", "重启", "重新启动", "删", "杀"),
    )
    writes = permissions_to("delete", ("Pod",))

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        pod = await snapshot.get("Pod", target.name, namespace=target.namespace)
        return await pod_replacement.basis_of(snapshot, pod)

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        replacement = await pod_replacement.replacement_of(snapshot, plan.target)
        pod = replacement.pod
        outlook = await replacement.outlook(
            snapshot,
            effects=(_deleted(replacement),),
            losses=data_loss(spec_of(pod)),
            warnings=_OF_JOB if replacement.owner.kind == "Job" else (),
            counts_as=replacement.owners.refs[-1],
        )
        step = deletion(plan.target, unless_ready=not is_ready(pod))
        return Proposal(steps=(step,), outlook=outlook, shown=_shown(replacement))

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        return await pod_replacement.replacement_effect(snapshot, plan.target, applied)


def _deleted(replacement: PodReplacement) -> Text:
    me, grace, owner = ref(replacement.pod, "Pod"), replacement.grace_s, replacement.owner
    same = owner.kind == "StatefulSet"
    return Text(
        en=(
            f"{me} is deleted (it gets {grace} s to stop); {owner.kind} {owner.name} creates a replacement"
            + (" with the same name and volume claims" if same else "")
        ),
        zh=(
            f"{me} 会被删除（有 {grace} 秒时间退出）；{owner.kind} {owner.name} 会重建一个"
            + ("同名并使用相同 PVC 的 Pod" if same else "新的 Pod")
        ),
    )


def _shown(replacement: PodReplacement) -> str:
    """Return the diff of the deleted pod and its replacement."""
    pod, owner, spec = replacement.pod, replacement.owner, spec_of(replacement.pod)
    template = pod_template_of(replacement.owners.manifests[0])
    name = name_of(pod) if owner.kind == "StatefulSet" else f"{owner.name}-… (new)"
    node = str(spec.get("nodeName", ""))
    # A DaemonSet recreates its pod on the same node.
    place = node if owner.kind == "DaemonSet" and node else "(the scheduler chooses)"
    before = [f"pod: {name_of(pod)}", f"uid: {uid_of(pod)}", f"node: {node}"]
    after = [f"pod: {name}", "uid: (new)", f"node: {place}"]
    return diff_lines(
        [*before, *_images(spec)], [*after, *_images(template.get("spec") or spec)], name=f"Pod of {owner.name}"
    )


def _images(spec: Mapping[str, Any]) -> list[str]:
    return [f"image: {each.get('name')}={each.get('image')}" for each in spec.get("containers") or ()]
