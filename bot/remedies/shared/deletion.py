"""The step that deletes one object."""

from __future__ import annotations

from bot.remedies.contract import Step, Verb
from intents.domain import ObjectRef, Text


def deletion(target: ObjectRef, *, unless_ready: bool = False) -> Step:
    """Return the step that deletes an object; `unless_ready` leaves a pod alone that has become ready."""
    says = Text(en=f"{target} was deleted", zh=f"{target} 已删除")
    return Step(verb=Verb.DELETE, target=target, says=says, unless_ready=unless_ready)
