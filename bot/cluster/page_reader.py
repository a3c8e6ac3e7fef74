"""Read lists of any length page by page, for readers that keep only what they need of each page.

A snapshot keeps what it reads, so that the probes of a diagnosis share it; a list of a whole cluster is too large for
that. The memory of a page is given back when the next one is requested.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Final

from bot.cluster.access import AccessGuard, record_partial
from bot.cluster.api_calls import ClusterRequest, Meter, decode
from bot.cluster.connection import Connection
from bot.cluster.errors import Expired
from bot.cluster.object_lists import ListQuery, Page, pages_of
from bot.cluster.read_limits import memory_full
from bot.cluster.resources import Resource
from bot.cluster.snapshot import MOST_APART
from bot.kube.access import EVERYTHING, Access
from intents.domain import Json

_NO_LIMIT: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReader:
    """Reads lists of one cluster until `deadline` (of the monotonic clock).

    Objects that `access` hides are left out.
    """

    connection: Connection
    deadline: float
    access: Access = EVERYTHING
    meter: Meter = field(default_factory=Meter)

    async def pages(self, resource: Resource, *, namespace: str = "", fields: str = "") -> AsyncIterator[Page]:
        """Yield the pages of a list in one namespace or all; `fields` is a field selector.

        A list that expires while it is read begins again once, with a page that has `first` set. Raises ClusterError.
        """
        guard = AccessGuard(self.access)
        home = namespace if resource.namespaced else ""
        wanted = ListQuery(resource=resource, namespace=home, fields=fields, limit=_NO_LIMIT)
        guard.check_list(resource, namespace=home, what=wanted.what)
        if guard.is_partial(resource, namespace=home):
            record_partial(wanted.what)
        for part in self._parts(wanted):
            async for page in self._pages(part):
                yield replace(page, items=[item for item in page.items if guard.shows(resource, item)])

    def _parts(self, wanted: ListQuery) -> list[ListQuery]:
        """Return the queries that cover a list: one, or one for each of a few namespaces that may be read."""
        apart = self.access.literal if wanted.resource.namespaced and not wanted.namespace else ()
        if 0 < len(apart) <= MOST_APART:
            return [replace(wanted, namespace=namespace) for namespace in apart]
        return [wanted]

    async def _pages(self, wanted: ListQuery) -> AsyncIterator[Page]:
        held = 0

        async def read(request: ClusterRequest) -> Json:
            nonlocal held
            answer = await self.connection.read(request, deadline=self.deadline, meter=self.meter)
            self.connection.memory.give_back(held)
            held = 0
            if not self.connection.memory.take(answer.memory):
                raise memory_full(request)
            held = answer.memory
            return await decode(answer, what=request.what)

        try:
            try:
                async for page in pages_of(read, wanted):
                    yield page
            except Expired:
                async for page in pages_of(read, wanted):
                    yield page
        finally:
            self.connection.memory.give_back(held)
