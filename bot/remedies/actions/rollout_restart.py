"""Restart all pods of a workload the way `kubectl rollout restart` does: a new annotation on its template.

The controller replaces the pods by the workload's own strategy; the template otherwise stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import ref
from bot.kube.replicas import replicas_of
from bot.kube.revisions import RESTARTED_AT
from bot.remedies.contract import Applied, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import rollouts, workloads
from bot.remedies.shared.containers import beforehand
from bot.remedies.shared.kinds import WORKLOADS, permissions
from bot.remedies.shared.refusing import unsafe
from intents.domain import Json, ObjectRef, Permission, Text

_NEEDS: Final = permissions("patch", WORKLOADS)


class RolloutRestart:
    name = "rollout-restart"
    undoable = False
    cures = True
    permissions: tuple[Permission, ...] = tuple(_NEEDS.values())

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return (_NEEDS[target.kind],) if target.kind in _NEEDS else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        workload = await snapshot.get(target.kind, target.name, namespace=target.namespace)
        return {"uid": workloads.uid_of(workload), **workloads.template_basis(workload)}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        workload = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if refusal := _pointless(workload):
            return refusal
        step = Step(
            verb=Verb.PATCH,
            target=plan.target,
            says=Text(en=f"{plan.target} was told to replace its pods", zh=f"已让 {plan.target} 替换其 Pod"),
            body={"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: mark_of(plan)}}}}},
            patch_type="strategic",
            ignoring=("spec.replicas",),
        )
        only = Text(en="Nothing else of its template changes", zh="模板的其他内容不变")
        waiting = await beforehand(snapshot, workload)
        outlook = await rollouts.outlook_on(snapshot, workload, effects=(only,), warnings=waiting)
        return Proposal(steps=(step,), outlook=outlook)

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        return await rollouts.rolled_out(snapshot, plan.target, applied)


def mark_of(plan: Plan) -> str:
    """The time this plan writes: its own, told from any other's by the fraction of the second.

    So a step that runs twice finds what it did, and two plans of one moment do not pass for each other.
    """
    fraction = int(hashlib.sha256(plan.id.encode()).hexdigest(), 16) % 1_000_000
    return f"{plan.created:%Y-%m-%dT%H:%M:%S}.{fraction:06d}Z"


def _pointless(workload: Json) -> Refusal | None:
    """Why a new annotation would restart nothing, or be written over."""
    if refusal := rollouts.never_rolled_out(workload):
        return refusal
    if workload.get("kind") != "DaemonSet" and replicas_of(workload).desired == 0:
        me = ref(workload)
        return unsafe(f"{me} is scaled to 0: there is nothing to restart", f"{me} 已缩容到 0：没有可重启的 Pod")
    return None


ACTION: Final = RolloutRestart()
