"""Bound the requests that one person may have unanswered, and tell them once per burst that the rest is not kept."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from bot.slack.errors import SlackError
from bot.store import NewRequest, Store, StoreUnavailable
from bot.workflows.services import Services
from responses import failures
from responses.slack.notices import notice

_log: Final = structlog.get_logger(__name__)

PERSON_REQUESTS: Final = 30
# An integration posts for a whole system, and its alerts are not sent again.
_INTEGRATION_FACTOR: Final = 10
# Older open requests do not count: their jobs have failed without a report.
_COUNTED_FOR: Final = timedelta(hours=1)
# A burst ends when nothing was refused for so long.
_BURST_S: Final = 60.0
_BURST: Final = timedelta(seconds=_BURST_S)
# A person over the limit is refused without a look into the store for so long.
_FULL_S: Final = 0.5
_REMEMBERED: Final = 2_000


class TooManyRequests(Exception):
    """Error: the person has `limit` unanswered requests; this one was not kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} requests are unanswered")
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Admits requests up to `limit` unanswered ones per person."""

    store: Store
    limit: int = PERSON_REQUESTS
    _recording: Counter[str] = field(default_factory=Counter)
    _full: OrderedDict[str, float] = field(default_factory=OrderedDict)

    async def admit(self, asked: NewRequest, *, integration: bool = False) -> Recording:
        """Reserve a place for a request until it is recorded. Raise TooManyRequests or StoreUnavailable."""
        person = asked.user or asked.channel
        limit = self.limit * (_INTEGRATION_FACTOR if integration else 1)
        if self.is_full(person) or self._recording[person] >= limit:
            raise TooManyRequests(limit)
        # Reserved before the store is asked: requests that arrive together must not all find the same free place.
        self._recording[person] += 1
        recording = Recording(admission=self, person=person)
        try:
            unanswered = await self.store.requests.count_open(
                user=asked.user, channel=asked.channel, since=asked.created - _COUNTED_FOR
            )
        except BaseException:
            recording.end()
            raise
        if unanswered + self._recording[person] > limit:
            recording.end()
            self._full[person] = time.monotonic() + _FULL_S
            self._full.move_to_end(person)
            if len(self._full) > _REMEMBERED:
                self._full.popitem(last=False)
            raise TooManyRequests(limit)
        return recording

    def is_full(self, person: str) -> bool:
        """Tell whether the person was just found to be over the limit."""
        return self._full.get(person, 0.0) > time.monotonic()

    def end(self, person: str) -> None:
        """Return a reserved place."""
        self._recording[person] -= 1
        if self._recording[person] <= 0:
            del self._recording[person]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A reserved place for a request that is being recorded; then the store counts it."""

    admission: Admission
    person: str

    def end(self) -> None:
        """Return the place."""
        self.admission.end(self.person)

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Hold the place during the block."""
        try:
            yield
        finally:
            self.end()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalNotices:
    """Tells people that a message was not kept: privately, once per burst and not per message."""

    services: Services
    _refused: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def refused(self, asked: NewRequest, limit: int) -> None:
        """Tell the requester in the background: the event is acknowledged at once."""
        self.services.metrics.request_handled(asked.origin, "explain", "too_many")
        person, now = asked.user or asked.channel, time.monotonic()
        before = self._refused.pop(person, None)
        self._refused[person] = now
        if len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)
        if before is not None and now - before < _BURST_S:
            return
        _log.warning("requests_refused", user=asked.user, channel=asked.channel, limit=limit)
        if asked.user:
            task = asyncio.create_task(self._tell(asked, limit))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _tell(self, asked: NewRequest, limit: int) -> None:
        services = self.services
        try:
            # Another replica may have told them.
            if await services.once(f"too-many/{asked.user}", within=_BURST):
                language = await services.language_of(asked.user, within=_BURST_S)
                message = notice(failures.too_many_requests(limit), language=language)
                await services.slack.post_ephemeral(
                    channel=asked.channel, user=asked.user, message=message, thread_ts=asked.thread_ts
                )
        except (SlackError, StoreUnavailable) as error:
            _log.info("refusal_notice_failed", error=str(error))
