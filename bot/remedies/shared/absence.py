"""What a plan for an object rests on that is yet to be made: that there still is none.

It has no uid to be bound to. That nothing lies there is looked at again at the preview and at the write, and the API
server itself refuses to create what exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.cluster.snapshot import Snapshot
from intents.domain import ObjectRef

_PART: Final = "whether it exists"
_NO: Final = "no"


async def absence(snapshot: Snapshot, target: ObjectRef) -> dict[str, str]:
    """The basis of a plan to make an object. Raises ClusterError, NotServed for a kind that is not known."""
    obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
    return {"uid": "", _PART: _NO if obj is None else "yes"}


def is_absent(basis: Mapping[str, str]) -> bool:
    """Whether a basis says that there is no such object."""
    return basis.get(_PART) == _NO
