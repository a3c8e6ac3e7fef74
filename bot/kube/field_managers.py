"""The last writers of an object and of its fields, as the API server keeps them in managedFields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.kube.ages import UNKNOWN, seconds_since
from bot.kube.objects import metadata_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWrite:
    """The last known write of a field; empty where none is known. `time` is as the API server wrote it."""

    manager: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """The last write of a field manager; `age_s` is -1 where no time is known."""

    manager: str
    age_s: int


# Tools that people use, and what evicts a node's pods for them. Other managers are controllers.
_BY_HAND: Final = ("kubectl", "oc", "k9s", "lens", "openlens", "headlamp", "rancher", "casebook")


def is_by_hand(manager: str) -> bool:
    """Tell whether a field manager stands for a person or a drain: kubectl-cordon, kubectl-drain, k9s."""
    name = manager.casefold()
    return name.startswith(_BY_HAND) or "drain" in name


def last_written(obj: Mapping[str, Any], path: Sequence[str]) -> LastWrite:
    """Return the newest entry that owns the field at a path of plain keys, or something in it.

    An entry has the time of the manager's last write to any of its fields: the field may be older, never newer.
    """
    found = LastWrite()
    for entry in metadata_of(obj).get("managedFields") or ():
        owned: Any = entry.get("fieldsV1")
        for key in path:
            owned = owned.get(f"f:{key}") if isinstance(owned, Mapping) else None
        written = LastWrite(manager=str(entry.get("manager") or ""), time=str(entry.get("time") or ""))
        if owned is not None and written.time >= found.time:
            found = written
    return found


def writes_of(obj: Mapping[str, Any], now: datetime) -> list[Write]:
    """Return the last write of each manager to anything but the status, the latest first."""
    entries = metadata_of(obj).get("managedFields") or ()
    writes = [
        Write(manager=str(entry.get("manager") or "unknown"), age_s=seconds_since(entry.get("time"), now))
        for entry in entries
        if entry.get("subresource") != "status"
    ]
    return sorted(writes, key=lambda each: (each.age_s == UNKNOWN, each.age_s, each.manager))
