"""Define whom a cause hits: the objects that need the one at fault, by the edges of the cluster."""

from __future__ import annotations

from dataclasses import dataclass

from intents.edges import EdgeType
from intents.named_objects import ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """An object that needs the one at fault. `host` is the name by which clients outside reach it."""

    object: ObjectRef
    host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependents:
    """Objects of one kind that need the one at fault in one way: `count` in all, of which `first` are kept.

    There are `at_least` so many if not all objects of the kind could be read. `via` is the edge that leads from them
    towards the object at fault. Of what sends traffic, `ready` and `of` count the pods of the workload at fault; `of`
    is 0 if that is not known.
    """

    kind: str
    via: EdgeType
    count: int
    first: tuple[Dependent, ...]
    at_least: bool = False
    ready: int = 0
    of: int = 0
