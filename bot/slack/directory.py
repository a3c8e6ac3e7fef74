"""Keep what Slack returned about users or channels, with its age: listed in bulk, looked up one by one, and stored.

Slack limits lookups of single users and channels to about one a second, so a burst of questions from many people would
wait for them. One page of a list returns a thousand.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from bot.common.background import CoalescedLookup
from bot.common.recent import remember
from bot.slack.errors import SlackError
from bot.store import StoreUnavailable
from bot.store.outbox import StoredDirectory
from intents.domain import Json

_log: Final = structlog.get_logger(__name__)

# A list of more pages is read once, at the start, and not again for each unknown name.
_FEW_PAGES: Final = 2
# A list is read at most this often: Slack allows 20 pages a minute.
_LIST_EVERY_S: Final = 10.0
# A caller waits no longer for a list; the lookup of the one entry may be faster.
_LIST_WITHIN_S: Final = 2.0
_MOST: Final = 20_000


class Known(Protocol):
    """A user or channel."""

    @property
    def id(self) -> str: ...

    @property
    def unknown(self) -> bool: ...

    @property
    def unreached(self) -> bool: ...


T = TypeVar("T", bound=Known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Age limits of an entry in seconds. One older than `fresh` is used up to `stale` while it is looked up again."""

    fresh: float = 600.0
    stale: float = 600.0
    unknown: float = 15.0
    unreached: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Source(Generic[T]):
    """A source of entries of one kind; `pages` lists all of them. `load` and `dump` convert stored entries."""

    kind: str
    ask: Callable[[str], Awaitable[T]]
    pages: Callable[[], AsyncIterator[Sequence[T]]] | None
    load: Callable[[str, Json], T]
    dump: Callable[[T], Json]


@dataclass(frozen=True)
class _Entry(Generic[T]):
    value: T
    read: float
    """Epoch seconds."""


class Directory(Generic[T]):
    """The entries of one kind."""

    def __init__(self, source: Source[T], *, kept: StoredDirectory | None, ages: Ages) -> None:
        self._source = source
        self._kept = kept
        self._ages = ages
        self._entries: OrderedDict[str, _Entry[T]] = OrderedDict()
        # Coalesces lookups in flight; their answers are kept here, not there.
        self._asking = CoalescedLookup(self._ask, keeps=lambda _: 0.0, most=_MOST)
        self._listing = CoalescedLookup(lambda _: self._list(), keeps=lambda _: 0.0, most=1)
        self._listed_at = float("-inf")
        self._pages = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self, id: str, *, fresh: bool = False, accept: Callable[[T], bool] = lambda _: True) -> T:
        """Return an entry, looked up unless a valid one is kept that the caller can `accept`; with `fresh`, no stale
        one.
        """
        if (entry := self._valid(id, accept, fresh=fresh)) is not None:
            if self._age(entry) > self._ages.fresh:
                self._in_background(self._look_up(id))
            return entry.value
        if self._may_list():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LIST_WITHIN_S):
                    await self._listing.get("")
            if (entry := self._valid(id, accept, fresh=fresh)) is not None:
                return entry.value
        return await self._asking.get(id)

    async def recall(self) -> None:
        """Load the stored entries that are still valid."""
        if self._kept is None:
            return
        longest = max(self._ages.fresh, self._ages.stale)
        try:
            stored = await self._kept.load(self._source.kind, since=datetime.now(UTC) - timedelta(seconds=longest))
        except StoreUnavailable as error:
            _log.warning("directory_not_loaded", kind=self._source.kind, error=str(error))
            return
        for id, (document, read) in stored.items():
            self._keep(_Entry(self._source.load(id, document), read.timestamp()))

    async def list_all(self) -> None:
        """Read the whole list from Slack once, in pages."""
        await self._listing.get("")

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._listing.aclose()
        await self._asking.aclose()

    def _valid(self, id: str, accept: Callable[[T], bool], *, fresh: bool) -> _Entry[T] | None:
        entry = self._entries.get(id)
        if entry is None or not accept(entry.value):
            return None
        value = entry.value
        longest = self._ages.fresh if fresh else max(self._ages.fresh, self._ages.stale)
        if value.unknown:
            longest = self._ages.unreached if value.unreached else self._ages.unknown
        return entry if self._age(entry) <= longest else None

    def _age(self, entry: _Entry[T]) -> float:
        return max(0.0, time.time() - entry.read)

    def _may_list(self) -> bool:
        if self._source.pages is None or self._pages > _FEW_PAGES:
            return False
        return asyncio.get_running_loop().time() - self._listed_at >= _LIST_EVERY_S

    async def _look_up(self, id: str) -> None:
        await self._asking.get(id)

    async def _ask(self, id: str) -> T:
        value = await self._source.ask(id)
        self._keep(_Entry(value, time.time()))
        if not value.unknown:
            self._in_background(self._save([value]))
        return value

    async def _list(self) -> None:
        if self._source.pages is None:
            return
        read, pages = 0, 0
        try:
            async for page in self._source.pages():
                pages += 1
                now = time.time()
                for value in page:
                    self._keep(_Entry(value, now))
                read += len(page)
                await self._save(page)
        except SlackError as error:
            _log.warning("directory_not_listed", kind=self._source.kind, error=str(error))
        else:
            _log.debug("directory_listed", kind=self._source.kind, entries=read)
        self._pages = pages
        self._listed_at = asyncio.get_running_loop().time()

    async def _save(self, values: Sequence[T]) -> None:
        if self._kept is None or not values:
            return
        entries = {value.id: self._source.dump(value) for value in values}
        try:
            await self._kept.save(self._source.kind, entries, at=datetime.now(UTC))
        except StoreUnavailable as error:
            _log.info("directory_not_saved", kind=self._source.kind, error=str(error))

    def _keep(self, entry: _Entry[T]) -> None:
        remember(self._entries, entry.value.id, entry, most=_MOST)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Forget a task. Whoever needs its result reads again, so a failure is only noted."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("directory_not_read", kind=self._source.kind, error=str(error))
