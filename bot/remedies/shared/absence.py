"""The basis of a plan to create an object, which does not exist yet, and the step that deletes one.

An object to be created has no uid to bind the plan to. Its absence is checked again at the preview and at the write,
and the API server itself refuses to create what exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cluster.snapshot import Snapshot
from bot.remedies.contract import Step, Verb
from intents.domain import ObjectRef, Text

_PART: Final = "whether it exists"
_NO: Final = "no"


async def absence(snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
    """Return the basis of a plan to create an object. Raises ClusterError, NotServed for an unknown kind."""
    obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
    return {"uid": "", _PART: _NO if obj is None else "yes"}


def is_absent(basis: Mapping[str, str]) -> bool:
    """Tell whether a basis says that the object does not exist."""
    return basis.get(_PART) == _NO


def deletion(target: ObjectRef, *, unless_ready: bool = False) -> Step:
    """Return the step that deletes an object; `unless_ready` leaves a pod alone that has become ready."""
    says = Text(en=f"{target} was deleted", zh=f"{target} 已删除")
    return Step(verb=Verb.DELETE, target=target, says=says, unless_ready=unless_ready)
