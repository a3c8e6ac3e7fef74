"""Define what an answerer of a request gets, and the registry of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.cluster.snapshot import Snapshot
from intents.catalog.loader import Catalog
from intents.domain import ObjectRef
from intents.sheets import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request whose object is found. `other` is the second object that it names, `since` how far it looks back."""

    snapshot: Snapshot
    catalog: Catalog
    text: str
    about: ObjectRef
    other: ObjectRef | None = None
    since: timedelta | None = None


# Raises ClusterError if the object itself cannot be read; what else cannot be read is a gap of the sheet.
Answerer = Callable[[Asked], Awaitable[Sheet]]
