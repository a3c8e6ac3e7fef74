"""The bases of actions that patch the pod template of a workload, or one container of it.

A workload that an operator manages is refused. A StatefulSet may wait for a broken pod forever: the preview warns.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_terminating, name_of, ref, uid_of
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import replicas_of
from bot.remedies.contract import Applied, EffectStatus, Plan, Refusal
from bot.remedies.shared import rollouts, workloads
from bot.remedies.shared.containers import Container, container_in
from bot.remedies.shared.patch_action import Patch, PatchAction, in_force
from bot.remedies.shared.rollouts import current_of, pods_at, revisions_of
from intents.domain import Json, Text

_NAMED: Final = 3


class TemplateAction(PatchAction):
    """Patches the pod template of a workload."""

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        if applied.outlook.owner is None or applied.outlook.wanted == 0:
            # No pod is replaced, or none is wanted: there is nothing to wait for.
            return await in_force(snapshot, plan.target)
        # A stuck rollout may have left pods of the template that is wanted again: they stay and get no replacement.
        stay = await _current_pods(snapshot, plan)
        known = tuple(uid for uid in applied.outlook.known if uid not in stay)
        changed = replace(applied, outlook=replace(applied.outlook, known=known))
        return await super().check_effect(snapshot, plan, changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerChange:
    """The fields of a container to write; `says` describes what was done."""

    fields: Mapping[str, Any]
    says: Text
    effects: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()


class ContainerAction(TemplateAction):
    """Patches one container, named by the argument `container`. A subclass returns the fields to change."""

    @abstractmethod
    async def change(
        self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container
    ) -> ContainerChange | Refusal:
        """Return the change, or why it would do harm or change nothing. Raises ClusterError for a read that fails."""

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        # Checked before the containers: an owner defines those.
        if refusal := rollouts.no_rollout(obj):
            return refusal
        container = container_in(obj, plan.args.get("container"))
        if isinstance(container, Refusal):
            return container
        change = await self.change(snapshot, plan, obj, container)
        if isinstance(change, Refusal):
            return change
        written = {"name": container.name, **change.fields}
        return Patch(
            body={"spec": {"template": {"spec": {container.key: [written]}}}},
            type="strategic",
            says=change.says,
            effects=change.effects,
            warnings=(*change.warnings, *await rollout_warnings(snapshot, obj)),
            rolls_out=True,
        )


async def rollout_warnings(snapshot: Snapshot, workload: Json) -> tuple[Text, ...]:
    """Warn about a state of the workload that keeps a new template from reaching its pods."""
    me = ref(workload)
    if workload.get("kind") != "DaemonSet" and replicas_of(workload).desired == 0:
        return (
            Text(
                en=f"{me} is scaled to 0; the change reaches pods only after it is scaled up",
                zh=f"{me} 已缩容到 0；扩容后修改才会生效",
            ),
        )
    if workload.get("kind") != "StatefulSet" or (workload.get("spec") or {}).get("podManagementPolicy") == "Parallel":
        return ()
    pods = await workloads.pods_of(snapshot, workload)
    waiting = [name_of(pod) for pod in pods if not is_ready(pod) and not is_terminating(pod)][:_NAMED]
    if not waiting:
        return ()
    return (
        Text(
            en=(
                f"Not ready now: {', '.join(waiting)}. A StatefulSet may wait for such a pod instead of replacing it: "
                "if nothing happens, restart that pod too"
            ),
            zh=f"当前未就绪：{'、'.join(waiting)}。StatefulSet 可能会一直等待而不替换它：如果没有变化，请再重启该 Pod",
        ),
    )


async def _current_pods(snapshot: Snapshot, plan: Plan) -> frozenset[str]:
    """Return the uids of pods that already run the current template; none, if this cannot be read."""
    try:
        workload = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        current = current_of(workload, await revisions_of(snapshot, workload))
        pods = () if current is None else await pods_at(snapshot, workload, current)
    except ClusterError:
        return frozenset()
    return frozenset(map(uid_of, pods))
