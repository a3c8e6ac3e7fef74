"""Keep of Warning events which objects they go on about, and since when, in a bounded number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from bot.cluster.events import event_count, event_last_seen, involved_object, is_own_event
from bot.kube.owners import stem_of_hash
from bot.kube.timestamps import parse_time
from bot.overviews.troubled_objects import Identity
from intents.domain import Json

WARNINGS: Final = "type=Warning"
# The scheduler repeats its event every five minutes, a controller's backoff grows to longer pauses.
PAUSE: Final = timedelta(minutes=10)
_MOST: Final = 2_000
_TIDY_EVERY: Final = timedelta(seconds=10)


class Lasting(NamedTuple):
    """An object and since when its warnings go on."""

    about: Identity
    since: datetime


@dataclass(slots=True)
class _Series:
    first: datetime
    last: datetime


@dataclass(slots=True)
class WarningSeries:
    """The series of warnings that go on, by the object they are about.

    A warning that is not repeated within `PAUSE` is over.
    """

    _series: dict[Identity, _Series] = field(default_factory=dict)
    _tidied: datetime | None = None

    def keep(self, event: Json, now: datetime, *, ahead: timedelta, listed: bool) -> None:
        """Take an event. One that is `listed` tells when its series began; one that arrives has just happened.

        The cluster's clock is `ahead` of ours.
        """
        about = _about(event)
        if event.get("type") != "Warning" or about is None or is_own_event(event):
            return
        seen = event_last_seen(event) if listed else None
        last = min(seen - ahead, now) if seen is not None else now
        first = last - _went_on(event) if listed else last
        series = self._series.get(about)
        if now - last > PAUSE:
            return
        if series is not None and last - series.last <= PAUSE:
            series.first, series.last = min(series.first, first), max(series.last, last)
        elif series is not None or self._has_room(now):
            self._series[about] = _Series(first=first, last=last)

    def forget(self, about: Identity) -> None:
        """Forget the warnings about an object that is gone or well."""
        self._series.pop(about, None)

    def lasting(self, now: datetime, at_least: timedelta) -> Iterator[Lasting]:
        """Yield the objects whose warnings have gone on for a time; forget those whose warnings stopped."""
        self._forget_past(now)
        for about, series in self._series.items():
            if series.last - series.first >= at_least:
                yield Lasting(about, series.first)

    def _has_room(self, now: datetime) -> bool:
        # A storm of warnings must not look through all rows for each of them.
        if len(self._series) >= _MOST and (self._tidied is None or now - self._tidied >= _TIDY_EVERY):
            self._forget_past(now)
        return len(self._series) < _MOST

    def _forget_past(self, now: datetime) -> None:
        self._tidied = now
        for about in [each for each, series in self._series.items() if now - series.last > PAUSE]:
            del self._series[about]


def _went_on(event: Json) -> timedelta:
    """Return how long a listed series has gone on, if it was repeated often enough for that."""
    last = event_last_seen(event)
    first = parse_time(event.get("firstTimestamp")) or parse_time(event.get("eventTime")) or last
    if first is None or last is None or not timedelta() < last - first <= (event_count(event) - 1) * PAUSE:
        return timedelta()
    return last - first


def _about(event: Json) -> Identity | None:
    """Return the object, a ReplicaSet's Deployment in its place; None for one outside namespaces."""
    about = involved_object(event)
    if not (about.kind and about.name and about.namespace):
        return None
    if about.kind == "ReplicaSet" and (name := stem_of_hash(about.name)):
        return Identity("Deployment", about.namespace, name)
    return Identity(about.kind, about.namespace, about.name)
