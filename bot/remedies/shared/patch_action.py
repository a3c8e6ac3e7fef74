"""What all actions have in common that change one object by one patch.

Such an action says which patch, and what it does to what runs; the rest (who may, what it rests on, whether it is so
already, how the change settles) is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Applied, Course, Outlook, Plan, Proposal, Refusal, Settling, Step, Verb
from bot.remedies.shared import rollouts, workloads
from bot.remedies.shared.custodian import custodian_of
from bot.remedies.shared.kinds import WORKLOADS, permissions
from bot.remedies.shared.refusal import gone
from intents.domain import Json, ObjectRef, Permission, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch of one object. `says` what was done once it is; `rolls_out` if it changes a workload's pod template."""

    body: Json | Sequence[Json]
    says: Text
    type: str = "merge"
    effects: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    rolls_out: bool = False


class Patching:
    """An action of one patch: a subclass names itself and its `kinds`, and says the patch."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    undoable: ClassVar[bool] = True
    cures: ClassVar[bool] = True
    ignoring: ClassVar[tuple[str, ...]] = ()
    """What of the object may change between preview and write: dotted paths."""

    async def patch(self, snapshot: Snapshot, plan: Plan, obj: Json) -> Patch | Refusal:
        """The patch, or why it would do harm, or nothing. Raises ClusterError for what cannot be read."""
        raise NotImplementedError

    @property
    def permissions(self) -> tuple[Permission, ...]:
        return tuple(permissions("patch", self.kinds).values())

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return (permissions("patch", self.kinds)[target.kind],) if target.kind in self.kinds else ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        obj = await snapshot.get(target.kind, target.name, namespace=target.namespace)
        resting = workloads.template_basis(obj) if target.kind in WORKLOADS else {}
        return {"uid": workloads.uid_of(obj), **resting}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        obj = await snapshot.get(plan.target.kind, plan.target.name, namespace=plan.target.namespace)
        if workloads.is_leaving(obj):
            return gone(plan.target)
        patch = await self.patch(snapshot, plan, obj)
        if isinstance(patch, Refusal):
            return patch
        if patch.rolls_out and (refusal := rollouts.never_rolled_out(obj)):
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

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        if applied.outlook.owner is not None:
            return await rollouts.rolled_out(snapshot, plan.target, applied)
        return await holds(snapshot, plan.target)


async def holds(snapshot: Snapshot, target: ObjectRef) -> Settling:
    """A change that is in force as soon as it is written, as long as the object is there."""
    obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
    if obj is None or workloads.uid_of(obj) != target.uid:
        says = Text(en=f"{target} is not there any more", zh=f"{target} 已不存在")
        return Settling(course=Course.GONE, says=says)
    return Settling(course=Course.WELL, says=Text(en="the change is in force", zh="修改已生效"))


def number(value: Any) -> int | None:
    """A whole number as a catalog or a person wrote it, None for anything else."""
    try:
        return int(str(value))
    except ValueError:
        return None
