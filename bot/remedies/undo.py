"""Taking a remedy back: what stood there before is written again, as long as nobody has touched it since.

The steps were kept when the remedy was applied. Nothing is judged: whoever wants it back as it was need not prove it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import (
    LIFETIME,
    Action,
    Applied,
    Course,
    Outlook,
    Plan,
    Proposal,
    Reason,
    Refusal,
    Settling,
    Step,
    Verb,
)
from bot.remedies.registry import actions
from bot.remedies.shared.refusal import gone
from bot.remedies.steps import as_written
from intents.catalog.schema import Risk
from intents.domain import ObjectRef, Permission, Text

_STEPS: Final = "steps"
_TEMPLATE: Final = ("spec", "template")
_REPLACED: Final = Text(
    en="The pods are replaced once more, as the update strategy says", zh="Pod 会按更新策略再次被替换"
)
# What takes a write back (`steps.undone_by`); an eviction is a subresource's, and nothing does.
_INVERSE: Final = {"create": "delete", "delete": "create", "patch": "patch"}


def permissions_to_undo(action: Action) -> tuple[Permission, ...]:
    """The writes that take back what an action writes; () where it cannot be taken back."""
    if not action.undoable:
        return ()
    whole = (each for each in action.permissions if "/" not in each.resource)
    return tuple(replace(each, verb=_INVERSE[each.verb]) for each in whole)


def plan_to_undo(plan: Plan, done: Applied | Refusal, *, now: datetime) -> Plan | None:
    """The plan that takes back what a plan has written; None where nothing can. The same each time it is asked."""
    if not done.undo or plan.undoes:
        return None
    return Plan(
        id=hashlib.sha256(f"undo {plan.id}".encode()).hexdigest()[:24],
        request_id=plan.request_id,
        incident=plan.incident,
        remedy=plan.remedy,
        action=plan.action,
        cluster=plan.cluster,
        target=done.undo[0].target,
        args={_STEPS: [step.as_json() for step in done.undo]},
        about=plan.about,
        title=Text(en=f"Undo: {plan.title.en}", zh=f"撤销：{plan.title.zh}"),
        # What it puts back was there: nothing is lost by it that was not made by us.
        risk=Risk.DISRUPTIVE if plan.risk == Risk.DATA_LOSS else plan.risk,
        undoes=plan.id,
        created=now,
        expires=now + LIFETIME,
    )


def steps_of(undo: Plan) -> tuple[Step, ...]:
    """The writes of a plan that takes another back."""
    return tuple(Step.from_json(each) for each in undo.args[_STEPS])


class Undo:
    """The action of a plan that takes another back. Its permissions are those of what it takes back."""

    name = "undo"
    permissions: tuple[Permission, ...] = ()
    undoable = False
    cures = False

    def needs(self, target: ObjectRef, args: Mapping[str, Any]) -> tuple[Permission, ...]:
        return ()

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        return {"uid": target.uid}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal | Refusal:
        steps = steps_of(plan)
        for step in steps:
            obj = await snapshot.find(step.target.kind, step.target.name, namespace=step.target.namespace)
            if obj is None and step.verb is not Verb.CREATE:
                return gone(step.target)
            if not as_written(step, obj):
                return _touched(step.target)
        rolls_out = any(change.path[:2] == _TEMPLATE for step in steps for change in step.changes)
        return Proposal(steps=steps, outlook=Outlook(effects=(_REPLACED,) if rolls_out else ()))

    async def settled(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> Settling:
        return Settling(course=Course.WELL, says=applied.says)


def _touched(target: ObjectRef) -> Refusal:
    says = Text(
        en=f"{target} has been changed since: taking back our part could undo somebody else's",
        zh=f"{target} 此后又被修改：撤销我们的修改可能会影响他人的修改",
    )
    return Refusal(reason=Reason.CHANGED, says=says)


_UNDO: Final = Undo()


def action_of(plan: Plan) -> Action | None:
    """What carries a plan out; None for an action there is not any more."""
    return _UNDO if plan.undoes else actions().get(plan.action)
