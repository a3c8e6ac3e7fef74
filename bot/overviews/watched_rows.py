"""Keep of the watched objects and Warning events only trouble: which objects are not well, and since when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final

from bot.cluster.events import event_count, event_last_seen, involved_object, is_own_event
from bot.cluster.resources import Resource
from bot.kube.containers import STABLE_S
from bot.kube.objects import status_of
from bot.kube.owners import controller_of, owner_of, stem_of_hash
from bot.kube.timestamps import parse_time
from bot.overviews.troubled_objects import Identity, TroubledObject, identity_of, troubled
from intents.condition_polarity import is_trouble
from intents.domain import Json
from intents.mutes import POSTED_AFTER

WARNINGS: Final = "type=Warning"
# The scheduler repeats its event every five minutes, a controller's backoff grows to longer pauses.
PAUSE: Final = timedelta(minutes=10)
_MOST: Final = 2_000
_TIDY_EVERY: Final = timedelta(seconds=10)


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

    def lasting(self, now: datetime, at_least: timedelta) -> Iterator[tuple[Identity, datetime]]:
        """Yield objects whose warnings have gone on for a time, and since when; forget those whose warnings stopped."""
        self._forget_past(now)
        for about, series in self._series.items():
            if series.last - series.first >= at_least:
                yield about, series.first

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


# The kinds that are watched. Events tell of trouble that no object shows.
WATCHED: Final = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "PersistentVolumeClaim", "Event")
_WITH_PODS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
# What is well for this long is over. A pod that is replaced by another one is not well in between.
WELL: Final = timedelta(minutes=1)
# A look reads the whole namespace, so it serves all trouble that is due soon after it.
_APART: Final = timedelta(minutes=1)
# An object that still starts or settles is judged as if it went on so: no event tells when its time is over.
_SETTLED: Final = timedelta(hours=1)
# A container that fails again and again runs in between, for minutes even: it is well once it has run for this long.
_STABLE: Final = timedelta(seconds=STABLE_S)
# Trouble that stays unexplained is looked at again after twice its age, and at the ages that a channel may choose.
_LONGEST_PAUSE: Final = timedelta(hours=1)
_MEMBERS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingTrouble:
    """Trouble that has lasted: its owner, since when, and the first few objects that show it."""

    owner: Identity
    since: datetime
    members: tuple[Identity, ...]


@dataclass(slots=True)
class _Trouble:
    since: datetime
    look: datetime
    members: set[Identity] = field(default_factory=set)
    warned: bool = False
    gone: datetime | None = None


@dataclass(slots=True, kw_only=True)
class WatchedRows:
    """The objects in trouble as the watches of one place tell, by owner; `lasting` is what must pass before a look.

    It is the follower of `bot.cluster.watching`. `kinds` are those that are listed.
    """

    clock: Callable[[], datetime]
    lasting: timedelta
    kinds: frozenset[str]
    well: timedelta = WELL
    _owners: dict[Identity, Identity] = field(default_factory=dict)
    _troubles: dict[Identity, _Trouble] = field(default_factory=dict)
    _warnings: WarningSeries = field(default_factory=WarningSeries)
    _unstable: dict[Identity, datetime] = field(default_factory=dict)
    _ahead: timedelta = timedelta()
    _refreshed: datetime | None = None
    _looked: dict[str, datetime] = field(default_factory=dict)
    _listing: dict[str, set[Identity]] = field(default_factory=dict)
    _listed: dict[str, datetime] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of objects in trouble."""
        return len(self._owners)

    def is_over(self, owners: Iterable[Identity], now: datetime) -> bool:
        """Tell whether these owners have been well for long enough; False as long as that is not known."""
        self._refresh(now)
        needed = {"Pod"}
        for owner in owners:
            if owner in self._troubles:
                return False
            needed.add(owner.kind)
        return all(now - self._listed.get(kind, now) >= self.well for kind in needed & self.kinds)

    def begin(self, resource: Resource, at: datetime | None) -> None:
        self._listing[resource.kind] = set()
        if at is not None:
            # Objects carry times of the cluster's clock.
            self._ahead = at - self.clock()

    def keep(self, resource: Resource, obj: Json) -> None:
        now, listed = self.clock(), resource.kind in self._listing
        if resource.kind == "Event":
            self._warnings.keep(obj, now, ahead=self._ahead, listed=listed)
            return
        id_ = identity_of(obj, resource.kind)
        if listed:
            self._listing[resource.kind].add(id_)
        if resource.kind == "Job" and controller_of(obj) is not None:
            return  # a CronJob may fail once
        self._unstable.pop(id_, None)
        row = troubled(obj, resource.kind, now + self._ahead + _SETTLED)
        if row is None and resource.kind == "Pod" and (row := troubled(obj, "Pod", now + self._ahead)) is not None:
            self._unstable[id_] = now + _STABLE
        if row is None:
            self._warnings.forget(id_)
        if row is None or row.ended:
            self._remove(id_, now)
        else:
            # Its status tells when the trouble of a listed object began, which may be before this process did.
            began = _began(row, obj) if listed else None
            self._add(row, obj, now, since=began - self._ahead if began is not None else now)

    def listed(self, resource: Resource) -> None:
        now = self.clock()
        seen = self._listing.pop(resource.kind, set())
        for id_ in [each for each in self._owners if each.kind == resource.kind and each not in seen]:
            self._remove(id_, now)
        self._listed.setdefault(resource.kind, now)

    def drop(self, resource: Resource, obj: Json) -> None:
        # An event expires after an hour, whatever became of its object.
        if resource.kind != "Event":
            id_ = identity_of(obj, resource.kind)
            self._warnings.forget(id_)
            self._remove(id_, self.clock())

    def due(self, now: datetime) -> Mapping[str, tuple[LastingTrouble, ...]]:
        """Return all trouble that has lasted, by namespace, for each namespace where some of it is due for a look."""
        self._refresh(now)
        lasted: defaultdict[str, list[tuple[Identity, _Trouble]]] = defaultdict(list)
        for owner, trouble in self._troubles.items():
            if trouble.gone is None and now - trouble.since >= self.lasting:
                lasted[owner.namespace].append((owner, trouble))
        found = {}
        for namespace, troubles in sorted(lasted.items()):
            before = self._looked.get(namespace)
            recently = before is not None and now - before < _APART
            if recently or not any(trouble.look <= now for _, trouble in troubles):
                continue
            self._looked[namespace] = now
            for _, trouble in troubles:
                trouble.look = trouble.since + _next_age(now - trouble.since)
            found[namespace] = tuple(
                LastingTrouble(owner=owner, since=trouble.since, members=tuple(sorted(trouble.members)[:_MEMBERS]))
                for owner, trouble in sorted(troubles, key=itemgetter(0))
            )
        for namespace in self._looked.keys() - lasted.keys():
            del self._looked[namespace]
        return found

    def _add(self, row: TroubledObject, obj: Json, now: datetime, *, since: datetime) -> None:
        owner, before = _owner(row, obj), self._owners.get(row.id)
        if before is not None and before != owner:
            self._remove(row.id, now)
        trouble = self._troubles.get(owner)
        since = min(since, now)
        if trouble is None:
            trouble = self._troubles[owner] = _Trouble(since=since, look=since + self.lasting)
        elif since < trouble.since:
            trouble.since = since
            trouble.look = min(trouble.look, since + self.lasting)
        trouble.gone = None
        trouble.members.add(row.id)
        self._owners[row.id] = owner

    def _remove(self, id_: Identity, now: datetime) -> None:
        self._unstable.pop(id_, None)
        owner = self._owners.pop(id_, None)
        if owner is not None and (trouble := self._troubles.get(owner)) is not None:
            trouble.members.discard(id_)
            if not (trouble.members or trouble.warned):
                trouble.gone = now

    def _refresh(self, now: datetime) -> None:
        """Add the objects that only warnings show; forget what has been well for a minute."""
        if now == self._refreshed:
            return
        self._refreshed = now
        for id_ in [each for each, until in self._unstable.items() if until <= now]:
            self._remove(id_, now)
        warned = dict(self._warnings.lasting(now, self.lasting))
        for about, since in warned.items():
            if about not in self._owners:
                trouble = self._troubles.setdefault(about, _Trouble(since=since, look=now))
                trouble.warned, trouble.gone = True, None
        for owner, trouble in list(self._troubles.items()):
            if trouble.warned and owner not in warned:
                trouble.warned = False
                trouble.gone = trouble.gone or (None if trouble.members else now)
            if trouble.gone is not None and now - trouble.gone >= self.well:
                del self._troubles[owner]


def _owner(row: TroubledObject, obj: Json) -> Identity:
    """Return the object that a successor of this one has in common with it."""
    if row.id.kind != "Pod":
        return row.id
    owner = owner_of(obj)
    return Identity(owner.kind, owner.namespace, owner.name)


def _began(row: TroubledObject, obj: Json) -> datetime | None:
    """Return when the trouble of an object began as far as its status tells."""
    if row.id.kind not in _WITH_PODS:
        return parse_time(row.since)
    # With a few pods that are not ready, its conditions are as they were for days. Those pods tell since when.
    conditions = status_of(obj).get("conditions") or ()
    times = (parse_time(each.get("lastTransitionTime")) for each in conditions if is_trouble(row.id.kind, each))
    return min(filter(None, times), default=None)


def _next_age(age: timedelta) -> timedelta:
    """Return the age at which trouble of this age is looked at again."""
    return min((age + min(age, _LONGEST_PAUSE), *(each for each in POSTED_AFTER if each > age)))
