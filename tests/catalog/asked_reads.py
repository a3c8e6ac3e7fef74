"""Record the permissions that the reads of one probe take, also of those that another probe's reads have answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any, Final

from bot.cluster.container_logs import LogQuery
from bot.cluster.resources import Resource
from bot.cluster.snapshot import Snapshot
from intents.domain import Json, ObjectRef, Permission

# Every account may discover kinds, metrics are no part of a role, and a review is only asked for if a role grants it;
# the others read nothing.
_FREE: Final = frozenset(
    {"age", "ahead", "cluster", "custom_kinds", "default_namespace", "has_metrics", "known_list", "may", "metrics"}
    | {"now", "objects", "remaining", "resource", "served", "served_kinds", "server_version"}
)
_LOGS: Final = Permission(verb="get", resource="pods/log")

# What is computed once for several probes, with the permissions of those that have computed it.
Computed = defaultdict[object, set[Permission]]


class AskedReads:
    """A snapshot that notes in `asked` what its reads take if each is a request of its own, and lets it read."""

    def __init__(self, snapshot: Snapshot, computed: Computed) -> None:
        self.asked: set[Permission] = set()
        self._snapshot = snapshot
        self._computed = computed

    def __getattr__(self, name: str) -> Any:
        if name not in _FREE:
            raise AttributeError(f"a read that no test records: Snapshot.{name}")
        return getattr(self._snapshot, name)

    async def get(self, kind: str | Resource, name: str, **where: Any) -> Json:
        return await self._snapshot.get(await self._noted(kind, "get"), name, **where)

    async def find(self, kind: str | Resource, name: str, **where: Any) -> Json | None:
        return await self._snapshot.find(await self._noted(kind, "get"), name, **where)

    async def list(self, kind: str | Resource, **which: Any) -> Any:
        return await self._snapshot.list(await self._noted(kind, "list"), **which)

    async def list_readable(self, kind: str, namespace: str = "", **which: Any) -> Any:
        await self._noted(kind, "list")
        return await self._snapshot.list_readable(kind, namespace, **which)

    async def events(self, about: ObjectRef) -> Any:
        await self._noted("Event", "list")
        return await self._snapshot.events(about)

    async def events_in(self, namespace: str) -> Any:
        await self._noted("Event", "list")
        return await self._snapshot.events_in(namespace)

    async def log(self, log: LogQuery) -> str:
        self.asked.add(_LOGS)
        return await self._snapshot.log(log)

    async def computed(self, key: object, compute: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        try:
            return await self._snapshot.computed(key, compute)
        finally:
            # The value is computed, so everything that it needs was read. A permission noted in excess does no harm.
            self._computed[key] |= self.asked
            self.asked |= self._computed[key]

    async def _noted(self, kind: str | Resource, verb: str) -> Resource:
        resource = await self._snapshot.resource(kind)
        self.asked.add(resource.permission(verb))
        return resource
