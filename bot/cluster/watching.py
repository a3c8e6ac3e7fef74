"""Follow the objects of one kind in a namespace: list them once, then watch by resourceVersion for as long as asked.

A watch that the server closes is resumed at the last revision; after 410 the list is read again. Between failures the
pause doubles. Nothing is kept here but the revision: the follower decides what to keep of an object.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import structlog

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError, Expired
from bot.cluster.page_reader import PageReader
from bot.cluster.resources import Resource
from bot.cluster.watch_stream import WATCH_S, Change, open_watch
from intents.domain import Json

_log: Final = structlog.get_logger(__name__)

_LIST_S: Final = 60.0
FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_SHORT_S: Final = 1.0


class Follower(Protocol):
    """Receives the objects of a kind. Methods must neither block nor raise."""

    def begin(self, resource: Resource, at: datetime | None) -> None:
        """Expect the whole list: what it does not contain is gone when `listed` is called.

        `at` is the server's time, None if it does not tell.
        """

    def keep(self, resource: Resource, obj: Json) -> None:
        """Take an object as it is now."""

    def listed(self, resource: Resource) -> None:
        """Note that the list is complete."""

    def drop(self, resource: Resource, obj: Json) -> None:
        """Forget an object that was deleted."""


@dataclass(slots=True, kw_only=True)
class Watching:
    """Follows one kind in one namespace. `lists` and `watches` count what was opened; `connect` is called each time.

    `fields` is a field selector. `count` receives "opened", "closed", "expired" and "failed".
    """

    connect: Callable[[], Awaitable[Connection]]
    resource: Resource
    namespace: str
    follower: Follower
    fields: str = ""
    seconds: int = WATCH_S
    first_pause: float = FIRST_PAUSE_S
    tell: Callable[[Exception | None], None] = lambda _error: None
    count: Callable[[str], None] = lambda _what: None
    lists: int = 0
    watches: int = 0
    _revision: str = ""
    _opened: float | None = None
    _random: random.Random = field(default_factory=random.Random)

    async def run(self) -> None:
        """Follow until cancelled, whatever fails. `tell` receives each error, and None when the watch works again."""
        pause = self.first_pause
        while True:
            self._opened = None
            try:
                if not self._revision:
                    await self._list()
                await self._watch()
            except Expired:
                _log.info("watch_expired", resource=self.resource.plural)
                self.count("expired")
                self._revision = ""
            except ClusterError as error:
                self._fail(error)
                _log.info("watch_failed", resource=self.resource.plural, error=str(error))
            except Exception as error:  # noqa: BLE001 - logged; a watch that ends would miss everything from then on
                _log.exception("watch_broke", resource=self.resource.plural, namespace=self.namespace)
                self._fail(error)
                self._revision = ""  # what was received may not have been kept
            else:
                if self._lasted:
                    pause = self.first_pause
                    continue
            pause = self.first_pause if self._lasted else pause
            await asyncio.sleep(pause * (0.5 + self._random.random() / 2))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _fail(self, error: Exception) -> None:
        self.count("failed")
        self.tell(error)

    @property
    def _lasted(self) -> bool:
        """Return whether the last watch lasted: one that ends at once must not be opened again at once."""
        return self._opened is not None and time.monotonic() - self._opened >= _SHORT_S

    async def _list(self) -> None:
        reader = PageReader(connection=await self.connect(), deadline=time.monotonic() + _LIST_S)
        self.lists += 1
        revision = ""
        async for page in reader.pages(self.resource, namespace=self.namespace, fields=self.fields):
            if page.first:
                self.follower.begin(self.resource, reader.meter.date)
            for obj in page.items:
                self.follower.keep(self.resource, obj)
            revision = page.revision
            # A page of pods takes some milliseconds to judge: others run in between.
            await asyncio.sleep(0)
        self.follower.listed(self.resource)
        self._revision = revision

    async def _watch(self) -> None:
        async with open_watch(
            await self.connect(),
            self.resource,
            namespace=self.namespace,
            revision=self._revision,
            fields=self.fields,
            seconds=self.seconds,
        ) as events:
            self.watches += 1
            self._opened = time.monotonic()
            self.count("opened")
            try:
                self.tell(None)
                async for event in events:
                    if event.change is Change.DELETED:
                        self.follower.drop(self.resource, event.obj)
                    elif event.change is not Change.BOOKMARK:
                        self.follower.keep(self.resource, event.obj)
                    self._revision = event.revision
            finally:
                self.count("closed")
