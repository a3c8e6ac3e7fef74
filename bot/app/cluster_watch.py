"""Run the watches of one cluster: a task for each kind in each watched namespace, which keep what is not well."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from bot.cluster.connection import Connection
from bot.cluster.errors import ClusterError
from bot.cluster.resources import well_known
from bot.cluster.watching import Watching
from bot.overviews.troubled_objects import Identity
from bot.overviews.warning_series import WARNINGS
from bot.overviews.watched_rows import WATCHED, LastingTrouble, WatchedRows
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class ClusterWatch:
    """The watches of a cluster; `namespaces` has "" for all. `notes` say what cannot be watched and why."""

    cluster: str
    namespaces: Iterable[str]
    connect: Callable[[], Awaitable[Connection]]
    clock: Callable[[], datetime]
    lasting: timedelta
    well: timedelta
    notes: dict[str, str]
    count: Callable[[str], None] = lambda _change: None
    _rows: dict[str, WatchedRows] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Start the tasks."""
        for namespace in self.namespaces:
            rows = WatchedRows(clock=self.clock, lasting=self.lasting, well=self.well, kinds=frozenset(WATCHED))
            self._rows[namespace] = rows
            self._tasks += [asyncio.create_task(self._watching(kind, namespace, rows).run()) for kind in WATCHED]
        _log.info("watch_started", cluster=self.cluster, namespaces=len(self._rows))

    async def stop(self) -> None:
        """Stop the tasks and forget their notes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for namespace in self._rows:
            for kind in WATCHED:
                self.notes.pop(self._note(kind, namespace), None)

    def due(self, now: datetime) -> Mapping[str, Mapping[str, tuple[LastingTrouble, ...]]]:
        """Return the trouble that is due for a look, by watched and by own namespace."""
        return {namespace: rows.due(now) for namespace, rows in self._rows.items()}

    def is_over(self, owners: Iterable[Identity], now: datetime) -> bool:
        """Tell whether these owners are known to be well; what is not watched any more is not known."""
        by_rows: defaultdict[str, list[Identity]] = defaultdict(list)
        for owner in owners:
            place = owner.namespace if owner.namespace in self._rows else ""
            if place in self._rows:
                by_rows[place].append(owner)
        return bool(by_rows) and all(self._rows[place].is_over(each, now) for place, each in by_rows.items())

    def _watching(self, kind: str, namespace: str, rows: WatchedRows) -> Watching:
        resource = well_known(kind)
        assert resource is not None
        return Watching(
            connect=self.connect,
            resource=resource,
            namespace=namespace,
            fields=WARNINGS if kind == "Event" else "",
            follower=rows,
            tell=partial(self._tell, self._note(kind, namespace)),
            count=self.count,
        )

    def _note(self, kind: str, namespace: str) -> str:
        resource = well_known(kind)
        assert resource is not None
        return f"watch {resource.plural} {self.cluster} {namespace}".strip()

    def _tell(self, about: str, error: Exception | None) -> None:
        if error is None:
            self.notes.pop(about, None)
            return
        # Others are our own mistakes, and logged where they were caught.
        says = str(error) if isinstance(error, ClusterError) else f"internal error: {type(error).__name__}"
        if about not in self.notes:
            _log.warning("watch_unavailable", about=about, error=says)
        self.notes[about] = safe_line(says)
