"""Who last wrote a field, and when, as the API server keeps it in managedFields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The last write known of a field; empty where none is. `time` is as the API server wrote it."""

    manager: str = ""
    time: str = ""


def last_written(obj: Mapping[str, Any], path: Sequence[str]) -> Written:
    """The newest entry that owns the field at a path of plain keys, or something in it.

    An entry's time is that of the manager's last write to any of its fields, so the field may be older, never newer.
    """
    found = Written()
    for entry in (obj.get("metadata") or {}).get("managedFields") or ():
        owned: Any = entry.get("fieldsV1")
        for key in path:
            owned = owned.get(f"f:{key}") if isinstance(owned, Mapping) else None
        written = Written(manager=str(entry.get("manager") or ""), time=str(entry.get("time") or ""))
        if owned is not None and written.time >= found.time:
            found = written
    return found
