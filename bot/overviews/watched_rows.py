"""Keep of the watched objects only which are not well, and since when their owner is in trouble."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.cluster.resources import Resource
from bot.kube.containers import STABLE_S
from bot.kube.objects import status_of
from bot.kube.owners import controller_of, owner_of
from bot.kube.timestamps import parse_time
from bot.overviews.troubled_objects import Identity, TroubledObject, identity_of, troubled
from bot.overviews.warning_series import WarningSeries
from intents.condition_polarity import is_trouble
from intents.domain import Json
from intents.mutes import POSTED_AFTER

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
            found[namespace] = tuple(_lasting(owner, trouble) for owner, trouble in sorted(troubles, key=_by_owner))
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


def _lasting(owner: Identity, trouble: _Trouble) -> LastingTrouble:
    return LastingTrouble(owner=owner, since=trouble.since, members=tuple(sorted(trouble.members)[:_MEMBERS]))


def _by_owner(each: tuple[Identity, _Trouble]) -> Identity:
    return each[0]


def _next_age(age: timedelta) -> timedelta:
    """Return the age at which trouble of this age is looked at again."""
    return min((age + min(age, _LONGEST_PAUSE), *(each for each in POSTED_AFTER if each > age)))
