"""The undo of a remedy: restores the object as it was before, as long as nobody has changed it since.

The steps were kept when the remedy was applied. No evidence is read: wanting the old state back needs no proof.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final

from bot.cluster.snapshot import Snapshot
from bot.remedies.action import Action, actions, words_of
from bot.remedies.contract import (
    LIFETIME,
    Applied,
    EffectState,
    EffectStatus,
    Outlook,
    Plan,
    Proposal,
    Reason,
    Refusal,
    Refused,
    Step,
    Verb,
)
from bot.remedies.shared.refusal import gone
from bot.remedies.steps import changed_since
from intents.catalog.actions import ActionDeclaration
from intents.catalog.schema import Risk
from intents.domain import ObjectRef, Permission, Text
from responses.words import ActionWords

_STEPS: Final = "steps"
_TEMPLATE: Final = ("spec", "template")
_REPLACED: Final = Text(en="The pods are replaced again, by the update strategy", zh="Pod 会按更新策略再次被替换")
# The verb that undoes another (`steps.undone_by`). Evictions are a subresource: nothing undoes them.
_INVERSE: Final = {"create": "delete", "delete": "create", "patch": "patch"}


def permissions_to_undo(action: Action) -> tuple[Permission, ...]:
    """Return the permissions that undoing an action needs; () where it cannot be undone."""
    if not action.declaration.undoable:
        return ()
    whole = (each for each in action.permissions if "/" not in each.resource)
    return tuple(replace(each, verb=_INVERSE[each.verb]) for each in whole)


def plan_to_undo(plan: Plan, done: Applied | Refusal, *, now: datetime) -> Plan | None:
    """Return the plan that undoes what a plan has written, the same each time; None where nothing can."""
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
        # It restores what was there: no data is lost but what our own write brought.
        risk=Risk.DISRUPTIVE if plan.risk == Risk.DATA_LOSS else plan.risk,
        undoes=plan.id,
        created=now,
        expires=now + LIFETIME,
    )


def steps_of(undo: Plan) -> tuple[Step, ...]:
    """Return the writes of a plan that undoes another."""
    return tuple(Step.from_json(each) for each in undo.args[_STEPS])


class Undo(Action):
    """The action of a plan that undoes another; it needs the permissions of what it undoes."""

    declaration: ClassVar[ActionDeclaration] = ActionDeclaration(name="undo", undoable=False, ends_incident=False)
    words: ClassVar[ActionWords] = ActionWords(
        verb=Text(en="Undo change", zh="撤销更改"),
        does=Text(
            en="Restores the object to its state before the change, as shown below.",
            zh="将此对象恢复到更改之前的状态，如下所示。",
        ),
    )

    async def basis(self, snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
        return {"uid": target.uid}

    async def propose(self, snapshot: Snapshot, plan: Plan) -> Proposal:
        steps = steps_of(plan)
        for step in steps:
            obj = await snapshot.find(step.target.kind, step.target.name, namespace=step.target.namespace)
            if obj is None and step.verb is not Verb.CREATE:
                raise Refused(gone(step.target))
            if changed_since(step, obj):
                says = Text(
                    en=f"{step.target} has been changed since; undoing our change could also undo somebody else's",
                    zh=f"{step.target} 此后又被修改；撤销我们的修改可能会影响他人的修改",
                )
                raise Refused(Refusal(reason=Reason.CHANGED, says=says))
        rolls_out = any(change.path[:2] == _TEMPLATE for step in steps for change in step.changes)
        return Proposal(steps=steps, outlook=Outlook(effects=(_REPLACED,) if rolls_out else ()))

    async def check_effect(self, snapshot: Snapshot, plan: Plan, applied: Applied) -> EffectStatus:
        return EffectStatus(state=EffectState.HEALTHY, says=applied.says)


_UNDO: Final = Undo()


def action_of(plan: Plan) -> Action | None:
    """Return the action of a plan; None for one that no longer exists."""
    return _UNDO if plan.undoes else actions().get(plan.action)


def words_for(plan: Plan) -> ActionWords:
    """Return the words of a plan's action."""
    return _UNDO.words if plan.undoes else words_of(plan.action)
