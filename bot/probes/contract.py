"""The contract of every probe: what it declares to read and to fill, the class of its rows, and its coroutine.

What the cluster refuses is recorded as a gap by the read itself: a probe goes on with what could be read. It sorts its
rows, so that the same cluster gives the same rows. A row class is frozen; its fields are the keys, with their types.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeVar, dataclass_transform, get_type_hints

from bot.cluster import owners
from bot.cluster.access import PARTIAL, collect_gaps, record_gap
from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.cluster.events import event_last_seen
from bot.cluster.owners import Owners, Top
from bot.cluster.resources import Resource, well_known
from bot.cluster.snapshot import MOST_LISTED, Snapshot
from bot.kube.objects import condition
from bot.kube.timestamps import UNKNOWN, moment, seconds_since
from bot.prometheus import PrometheusError
from intents.domain import (
    ArgDeclaration,
    Focus,
    Gap,
    GapReason,
    Json,
    ObjectRef,
    Permission,
    ProbeDeclaration,
    ProbeResult,
    Row,
    RowType,
    Value,
)

_ROW_TYPES: Final[Mapping[object, RowType]] = {
    str: RowType.STRING,
    int: RowType.INTEGER,
    float: RowType.NUMBER,
    bool: RowType.BOOLEAN,
    tuple[str, ...]: RowType.STRINGS,
}


@dataclass_transform(kw_only_default=True, frozen_default=True)
@dataclass(frozen=True, kw_only=True)
class RowValues:
    """The values of a row; subclass it with a field for each key. A subclass is a frozen dataclass.

    A field may be another dataclass: its fields are then keys of the row too, but for those with `key` false in their
    metadata. A tuple of strings is a key of STRINGS.
    A key that is a word of Python has a field with an underscore at its end: class_. `of_subject` are keys that the row
    takes from the object that it is about: kind, namespace, name, or any other word, such as pod, for its name.
    """

    of_subject: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def keys(cls) -> Mapping[str, RowType]:
        """Return the keys of the row with their types. Raise KeyError for a field of another type."""
        return dict.fromkeys(cls.of_subject, RowType.STRING) | keys_of(cls)

    def values(self) -> dict[str, Value]:
        """Return the values by key."""
        return values_of(self)

    def row(
        self,
        subject: ObjectRef,
        *,
        quote: str = "",
        reproduce: str | None = None,
        at: datetime | None = None,
        lasts: bool = False,
        more: Mapping[str, Value] | None = None,
    ) -> Row:
        """Return the row about an object, with its evidence; `more` are the keys that an argument of the entry adds.

        What is seen is seen again by `reproduce`; if none is given, where the object is described.
        """
        own = {key: getattr(subject, key, subject.name) for key in self.of_subject}
        values = {**own, **self.values(), **(more or {})}
        if reproduce is None:
            reproduce = kubectl(subject.namespace, f"describe {subject.kind.lower()} {subject.name}")
        return Row(values=values, subject=subject, quote=quote, reproduce=reproduce, at=at, lasts=lasts)


def kubectl(namespace: str, command: str) -> str:
    """Return the kubectl line for a namespace; for "" the one without."""
    return f"kubectl -n {namespace} {command}" if namespace else f"kubectl {command}"


def manifest_of(about: ObjectRef, resource: Resource | None = None) -> str:
    """Return the kubectl line that shows the manifest of an object; of a custom kind by how it is served."""
    word = f"{resource.plural}.{resource.group}" if resource else about.kind.lower()
    return kubectl(about.namespace, f"get {word} {about.name} -o yaml")


def keys_of(kind: type) -> dict[str, RowType]:
    """Return the keys that the fields of a dataclass give a row. Raise KeyError for a field of another type."""
    found: dict[str, RowType] = {}
    types = get_type_hints(kind)
    for each in _of_rows(kind):
        type_ = types[each.name]
        is_part = isinstance(type_, type) and is_dataclass(type_)
        found |= keys_of(type_) if is_part else {each.name.rstrip("_"): _ROW_TYPES[type_]}
    return found


def _of_rows(part: Any) -> Iterator[Field[Any]]:
    return (each for each in fields(part) if each.metadata.get("key", True))


def values_of(part: Any) -> dict[str, Value]:
    """Return the values of the fields of a dataclass, by key."""
    found: dict[str, Value] = {}
    for each in _of_rows(part):
        value = getattr(part, each.name)
        found |= values_of(value) if is_dataclass(value) else {each.name.rstrip("_"): value}
    return found


_T = TypeVar("_T")
_Instead = TypeVar("_Instead")


class Missing(Exception):
    """The object in question does not exist; the text names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One call of a probe: the snapshot to read, what is in question, and the arguments of the catalog entry.

    `alert` are the labels of the alert that is asked about, if one is.
    """

    snapshot: Snapshot
    focus: Focus
    args: Mapping[str, Any]
    named: Mapping[str, str]
    # Returns the entry that a message of a program means, "" for none.
    meaning: Callable[[str], str] = lambda _message: ""
    alert: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def now(self) -> datetime:
        """Return the snapshot's time, from which every age counts."""
        return self.snapshot.now

    def age_s(self, timestamp: Any) -> int:
        """Return whole seconds since an RFC 3339 time; 0 for one that lies ahead (clocks differ), -1 for none."""
        return seconds_since(timestamp, self.now)

    def since_s(self, obj: Json, kind: str) -> int:
        """Return whole seconds since a condition of an object changed, -1 where that is not known."""
        return self.age_s(condition(obj, kind).get("lastTransitionTime"))

    def moment(self, age: int) -> datetime | None:
        """Return when that was, for a row's `at`; None where no time is known."""
        return moment(age, self.now)

    def seen_s(self, event: Json) -> int:
        """Return whole seconds since an event was last seen, -1 where no time is known."""
        seen = event_last_seen(event)
        return UNKNOWN if seen is None else max(int((self.now - seen).total_seconds()), 0)

    def flag(self, name: str) -> bool:
        """Tell whether an argument of the entry says true; from a template it arrives as text."""
        return self.args.get(name) in (True, "true")

    async def in_question(self) -> Json:
        """Return the object in question. Raise Missing if it does not exist, and ClusterError if it is not readable."""
        focus = self.focus
        try:
            return await self.snapshot.get(focus.kind, focus.name, namespace=focus.namespace)
        except NotFound:
            raise Missing(str(focus)) from None

    async def find(self, kind: str, name: str, *, namespace: str = "", what: str = "") -> Json | None:
        """Return an object; None if it does not exist, and with a gap if it is not readable."""
        return await self.unless_refused(self.snapshot.find(kind, name, namespace=namespace), None, what=what)

    async def of_name(
        self, kind: str | Resource, name: str, *, namespace: str = "", limit: int = MOST_LISTED
    ) -> tuple[Json, ...]:
        """Return the object of a name; without its namespace, those of all. Raise Missing and ClusterError."""
        resource = kind if isinstance(kind, Resource) else well_known(kind)
        if namespace or (resource and not resource.namespaced):
            one = await self.snapshot.find(kind, name, namespace=namespace)
            found: tuple[Json, ...] = (one,) if one else ()
            whole = True
        else:
            listing = await self.snapshot.list(kind, fields=f"metadata.name={name}", limit=limit)
            found, whole = listing.items, not listing.truncated
        if not found and whole:
            about = resource.kind if resource else str(kind)
            raise Missing(str(ObjectRef(kind=about, namespace=namespace, name=name)))
        return found

    async def list(
        self,
        kind: str | Resource,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        limit: int = MOST_LISTED,
        what: str = "",
    ) -> tuple[Json, ...]:
        """Return the objects of a kind; none, and a gap, if they are not readable. There is a gap too if it is cut."""
        read = self.snapshot.list(kind, namespace=namespace, labels=labels, fields=fields, limit=limit)
        listing = await self.unless_refused(read, None, what=what)
        return listing.items if listing else ()

    async def readable(
        self, kind: str, *, namespace: str = "", labels: str = "", fields: str = "", what: str = ""
    ) -> tuple[Json, ...] | None:
        """Return the objects of a kind, also of a list that is cut; None, and a gap, if they are not readable."""
        read = self.snapshot.list(kind, namespace=namespace, labels=labels, fields=fields)
        listing = await self.unless_refused(read, None, what=what)
        return listing.items if listing else None

    async def whole(self, kind: str, *, namespace: str = "", labels: str = "") -> tuple[Json, ...] | None:
        """Return the objects of a kind; None, and a gap, if any of them is not readable."""
        listing = await self.unless_refused(self.snapshot.list(kind, namespace=namespace, labels=labels), None)
        return listing.items if listing and not listing.truncated else None

    async def events_about(self, about: ObjectRef) -> Sequence[Json]:
        """Return the events about an object, oldest first; none, and a gap, if they are not readable."""
        return await self.unless_refused(self.snapshot.events(about), ())

    async def newest_message(self, about: ObjectRef, *reasons: str) -> str:
        """Return the message of the newest event about an object that has one of these reasons, "" if none has."""
        events = await self.events_about(about)
        said = [str(each.get("message") or "") for each in events if each.get("reason") in reasons]
        return said[-1] if said else ""

    async def newest_warning(self, about: ObjectRef) -> tuple[str, int]:
        """Return what the newest event about an object warns of, and its age; a later success ends it."""
        events = await self.events_about(about)
        if not events or events[-1].get("type") != "Warning":
            return "", UNKNOWN
        return f"{events[-1].get('reason', '')}: {events[-1].get('message', '')}", self.seen_s(events[-1])

    async def owners_of(self, obj: Json) -> Owners:
        """Return the owners of an object, with a gap where one is not readable."""
        found = await owners.owners_of(self.snapshot, obj)
        if found.gap:
            record_gap(found.gap)
        return found

    async def topmost(self, obj: Json) -> Top:
        """Return the last of the owners of an object, with a gap if it is not readable."""
        found = await owners.topmost(self.snapshot, obj)
        if found.gap:
            record_gap(found.gap)
        return found

    async def unless_refused(self, read: Awaitable[_T], instead: _Instead, *, what: str = "") -> _T | _Instead:
        """Return what a read gives; `instead`, and a gap named `what`, if it raises ClusterError."""
        try:
            return await read
        except ClusterError as error:
            record_gap(error.gap(what))
            return instead


def at_most(most: int, items: Sequence[_T], *, what: str, says: str) -> Sequence[_T]:
    """Return the first items; where there are more, `what` is a gap: "only 20 of 93 " with what it `says` of them."""
    if len(items) > most:
        detail = f"only {most} of {len(items)} {says}"
        record_gap(Gap(what=what, reason=GapReason.TRUNCATED, detail=detail))
    return items[:most]


@contextmanager
def beside_the_verdict() -> Iterator[None]:
    """Record no gap for the reads inside the block, since they decide no verdict; only for what may not be shown."""
    with collect_gaps() as gaps:
        yield
    for gap in gaps:
        if gap.detail == PARTIAL:
            record_gap(gap)


def may(verbs: str, *resources: str) -> tuple[Permission, ...]:
    """Return the permissions for verbs on resources, as kubectl names them: may("get", "pods/log", "jobs.batch").

    A well-known kind may be named too: may("list", "Job").
    """
    kinds = ((resource, well_known(resource) if resource[0].isupper() else None) for resource in resources)
    named = (f"{kind.plural}.{kind.group}" if kind else resource for resource, kind in kinds)
    return tuple(
        Permission(verb=verb, group=group, resource=plural)
        for plural, _, group in (each.partition(".") for each in named)
        for verb in verbs.split()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A probe: what it declares, and the coroutine that reads.

    `read` may raise ClusterError, PrometheusError or Missing if there is nothing to go on with.
    """

    declaration: ProbeDeclaration
    read: Callable[[Look], Awaitable[ProbeResult]]

    async def run(self, look: Look) -> ProbeResult:
        """Return what the probe reads, with a gap for each read that the cluster refused or cut."""
        with collect_gaps() as gaps:
            try:
                result = await self.read(look)
                if gaps:
                    # What the cluster has nothing of may be in the part that was not read.
                    result = replace(result, not_applicable="")
            except Missing as missing:
                result = ProbeResult(missing=str(missing))
            except NotServed as error:
                result = ProbeResult(not_applicable=f"this cluster does not serve {error.what}")
            except (ClusterError, PrometheusError) as error:
                result = ProbeResult()
                record_gap(error.gap())
        # Concurrent reads record their gaps in any order.
        return replace(result, gaps=tuple(sorted({*result.gaps, *gaps}, key=str)))


Read = Callable[[Look], Awaitable[ProbeResult]]


def probe(
    *,
    says: str,
    row: type[RowValues],
    args: Mapping[str, ArgDeclaration | str] = MappingProxyType({}),
    permissions: tuple[Permission, ...] = (),
) -> Callable[[Read], Probe]:
    """Declare the probe that the function below it reads; it is named after the module of its `row`.

    An argument is declared by what it says alone, if it may be anything.
    """
    declared = {key: ArgDeclaration(says=each) if isinstance(each, str) else each for key, each in args.items()}
    name = row.__module__.split(".")[2].replace("_", "-")
    declaration = ProbeDeclaration(name=name, says=says, rows=row.keys(), args=declared, permissions=permissions)
    return lambda read: Probe(declaration=declaration, read=read)


def probe_of(
    shows: Mapping[str, Probe],
    *,
    says: str,
    row: type[RowValues],
    by: str = "shows",
    args: Mapping[str, ArgDeclaration | str] = MappingProxyType({}),
    permissions: tuple[Permission, ...] = (),
) -> Probe:
    """Return the probe that reads what the argument `by` asks for, by default the first.

    Every row has the keys of `row`; what one of `shows` reads may have more.
    """
    default, common = next(iter(shows)), row.keys()
    declared = {value: each.declaration for value, each in shows.items()}
    chosen = ArgDeclaration(
        says="; ".join(f"{value}: {each.says}" for value, each in declared.items()),
        choices=tuple(shows),
        default=default,
        fills={
            value: {key: kind for key, kind in each.rows.items() if key not in common}
            for value, each in declared.items()
        },
    )

    @probe(says=says, row=row, args={by: chosen, **args}, permissions=permissions)
    async def read(look: Look) -> ProbeResult:
        return await shows[str(look.args.get(by) or default)].read(look)

    return read
