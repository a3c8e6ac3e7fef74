"""The base of actions that change one object by one patch.

Such an action returns the patch and its effect on running pods; everything else is the same for all of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import is_terminating, uid_of
from bot.remedies.action import Action
from bot.remedies.contract import (
    Applied,
    EffectState,
    EffectStatus,
    Outlook,
    Plan,
    Proposal,
    Refusal,
    Step,
    Verb,
)
from bot.remedies.shared import rollouts, workloads
from bot.remedies.shared.custodian import custodian_of
from bot.remedies.shared.kinds import WORKLOADS
from bot.remedies.shared.refusal import gone
from intents.domain import Json, ObjectRef, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch of one object. `says` describes what it did; `rolls_out` if it changes a workload's pod template."""

    body: Json | Sequence[Json]
    says: Text
    type: str = "merge"
    effects: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    rolls_out: bool = False


class PatchAction(Action):
    """Changes one object by one patch. A subclass returns the patch."""

    ignoring: ClassVar[tuple[str, ...]] = ()
    """Dotted paths of the object that may change between preview and write."""

    @abstractmethod
    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        """Return the patch, or why it would do harm or change nothing. Raises ClusterError for a read that fails."""

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        obj = await snapshot.get(target.kind, target.name, namespace=target.namespace)
        template = workloads.template_basis(obj) if target.kind in WORKLOADS else {}
        return {"uid": uid_of(obj), **template}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        obj = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if is_terminating(obj):
            return gone(plan.target)
        patch = await self.patch(snapshot, plan, obj)
        if isinstance(patch, Refusal):
            return patch
        if patch.rolls_out and (refusal := rollouts.no_rollout(obj)):
            return refusal
        step = Step(
            verb=Verb.PATCH,
            target=plan.target,
            says=patch.says,
            body=patch.body,
            patch_type=patch.type,
            ignoring=self.ignoring,
        )
        if patch.rolls_out:
            outlook = await rollouts.outlook_on(snapshot, obj, effects=patch.effects, warnings=patch.warnings)
        else:
            outlook = Outlook(
                effects=patch.effects,
                warnings=patch.warnings,
                custodian=await custodian_of(snapshot, obj),
            )
        return Proposal(steps=(step,), outlook=outlook)

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        if applied.outlook.owner is not None:
            return await rollouts.rollout_effect(snapshot, plan.target, applied)
        return await in_force(snapshot, plan.target)


async def in_force(snapshot: Snapshot, target: ObjectRef) -> EffectStatus:
    """Return the effect of a change that takes effect when it is written, as long as the object exists."""
    obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
    if obj is None or uid_of(obj) != target.uid:
        says = Text(en=f"{target} no longer exists", zh=f"{target} 已不存在")
        return EffectStatus(state=EffectState.GONE, says=says)
    return EffectStatus(state=EffectState.HEALTHY, says=Text(en="the change is in effect", zh="修改已生效"))


def number(value: Any) -> int | None:
    """Return a whole number as an entry or a person wrote it, None for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return None
