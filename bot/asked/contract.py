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
    """A request whose object is found, or that is about the whole cluster: then `about` is of kind Cluster.

    `other` is the second object that it names, `since` how far it looks back, if it says so. `in_full` asks for more
    than was shown before. `elsewhere` is the second cluster of a comparison, `clusters` are those that could be one.
    """

    snapshot: Snapshot
    catalog: Catalog
    text: str
    about: ObjectRef
    other: ObjectRef | None = None
    since: timedelta | None = None
    in_full: bool = False
    elsewhere: Snapshot | None = None
    clusters: tuple[str, ...] = ()


# Raises ClusterError if the object itself cannot be read; what else cannot be read is a gap of the sheet.
Answerer = Callable[[Asked], Awaitable[Sheet]]
