"""The basis of a plan to create an object: that it does not exist yet.

Such an object has no uid to bind the plan to. Its absence is checked again at the preview and at the write, and the API
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
    """Return the basis of a plan to create an object. Raises ClusterError, NotServed for an unknown kind."""
    obj = await snapshot.find(target.kind, target.name, namespace=target.namespace)
    return {"uid": "", _PART: _NO if obj is None else "yes"}


def is_absent(basis: Mapping[str, str]) -> bool:
    """Tell whether a basis says that the object does not exist."""
    return basis.get(_PART) == _NO
