"""Read a cluster for one diagnosis: every object once, concurrently, and nothing after the deadline.

Probes do not know each other but read the same pods and events. A snapshot makes identical reads one call and answers a
read from a list that already covers it. Objects are shared: do not change them. Objects that its access hides never
leave it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import ContextVar, copy_context
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar

from bot import prometheus
from bot.cluster.access import CLUSTER_EVENTS, AccessGuard, NotAllowedHere, record_gap, record_partial
from bot.cluster.api_calls import (
    ClusterRequest,
    ClusterResponse,
    Meter,
    check_about,
    decode,
    is_allowed,
    review_of,
)
from bot.cluster.connection import Connection
from bot.cluster.container_logs import LogQuery, read_log
from bot.cluster.discovery import ServedKinds, discover
from bot.cluster.errors import BadRequest, ClusterError, NotFound, TimedOut
from bot.cluster.events import is_about, is_own_event, oldest_first
from bot.cluster.object_lists import (
    ListQuery,
    ObjectList,
    joined,
    lists_of,
    narrowed,
    objects_in,
    parts_of,
    read_in_full,
    read_list,
)
from bot.cluster.resources import Resource, well_known
from bot.kube.access import EVERYTHING, Access
from bot.kube.objects import place_of
from bot.kube.timestamps import parse_time
from intents.domain import Json, ObjectRef, Permission

_T = TypeVar("_T")

# Whether a read is made ahead: nobody has asked for it yet.
_IS_AHEAD: Final = ContextVar("_IS_AHEAD", default=False)
# A list has up to so many objects.
MOST_LISTED: Final = 5_000
# If the cluster has not told its time by then, our clock is used.
_CLOCK_S: Final = 1.5


class Snapshot:
    """Shared reads of one cluster for one diagnosis; each raises ClusterError, after the deadline TimedOut.

    A read that `access` forbids raises NotAllowedHere; hidden items are left out of lists, which then count as
    truncated. Close it (`async with`, or `aclose`) to end reads that nobody waits for any more.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        deadline: float = 8.0,
        access: Access = EVERYTHING,
        whole_lists: bool = False,
        now: datetime | None = None,
    ) -> None:
        """Set the deadline, in seconds from now. With `whole_lists` a list that a limit would cut raises TooLarge.

        `now` is the cluster's time, if it is known already.
        """
        self._whole_lists = whole_lists
        self._connection = connection
        self._access = access
        self._guard = AccessGuard(access)
        self._seconds = deadline
        self._deadline = time.monotonic() + deadline
        self._meter = Meter()
        self._now = now
        self._reads: dict[object, asyncio.Task[Any]] = {}
        self._asked: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the reads in flight; their waiters get TimedOut."""
        self._closed = True
        for task in self._reads.values():
            task.cancel()
        await asyncio.gather(*self._reads.values(), return_exceptions=True)
        self._connection.memory.give_back(self._meter.held)
        self._meter.held = 0

    @property
    def now(self) -> datetime:
        """Return the cluster's time (UTC): the Date of its first answer, else our clock. It never changes."""
        if self._now is None:
            self._now = self._meter.date or datetime.now(UTC)
        return self._now

    @property
    def calls(self) -> int:
        """Return the number of HTTP calls so far, retries included."""
        return self._meter.calls

    @property
    def default_namespace(self) -> str:
        """Return the namespace for a name given without one; "" if it may not be shown."""
        return self._access.home(self._connection.default_namespace)

    @property
    def cluster(self) -> str:
        """Return the name of the context."""
        return self._connection.name

    def objects(self) -> tuple[Json, ...]:
        """Return the objects that have been asked for and read so far; items of lists carry their kind too.

        Those only read ahead are left out: whether they have come yet must change no answer.
        """
        return objects_in(each for each in self._reads.values() if each in self._asked)

    def known_list(self, kind: str, *, namespace: str = "", fields: str = "") -> tuple[Json, ...] | None:
        """Return the objects of a list that this diagnosis has read in full, without a call; None if it has not."""
        resource = well_known(kind)
        if resource is None or self._guard.is_partial(resource, namespace=namespace):
            return None
        return read_in_full(self._reads, resource, namespace=namespace, fields=fields)

    def remaining(self) -> float:
        """Return the seconds until the deadline, 0 after it."""
        return max(self._deadline - time.monotonic(), 0.0)

    def age(self, timestamp: str | None) -> float | None:
        """Return the seconds from an RFC 3339 time to `now`, negative for a later one; None if missing or malformed."""
        at = parse_time(timestamp)
        return None if at is None else (self.now - at).total_seconds()

    def ahead(self, read: Coroutine[Any, Any, object]) -> None:
        """Start a read of this snapshot that will probably be needed: its failure is told to those who ask for it."""
        context = copy_context()
        context.run(_IS_AHEAD.set, True)
        task = self._reads[object()] = asyncio.create_task(read, context=context)
        task.add_done_callback(_retrieve)

    async def get(self, kind: str | Resource, name: str, *, namespace: str = "") -> Json:
        """Return one object; a namespaced kind without `namespace` is read in the context's default namespace."""
        resource = await self.resource(kind)
        home = (namespace or self.default_namespace) if resource.namespaced else ""
        subject = f"{resource.kind} {home}/{name}" if home else f"{resource.kind} {name}"
        if not name:
            raise BadRequest(detail=f"no name was given for the {resource.kind}")
        self._guard.check_object(resource, namespace=home, name=name)
        if (listed := await self._in_lists(resource, name, namespace=home, what=subject)) is not None:
            return listed
        request = ClusterRequest(
            path=resource.path(namespace=home, name=name),
            what=subject,
            scope=ListQuery(resource=resource, namespace=home).what,
            permission=resource.permission("get"),
        )
        try:
            item = await self._shared(request, lambda: self._object(request, name), what=subject)
        except NotFound:
            if self._guard.may_hide(resource, namespace=home):
                raise self._absent(resource, namespace=home, what=subject) from None
            raise
        if not self._guard.shows(resource, item):
            raise self._absent(resource, namespace=home, what=subject)
        return item

    async def _in_lists(self, resource: Resource, name: str, *, namespace: str, what: str) -> Json | None:
        """Return the object from a list that is read anyway, None if it may exist beside the lists."""
        for query, task in lists_of(self._reads, resource, namespace=namespace):
            if query.selects and not task.done():
                continue  # It may lack the object: then waiting for it was in vain.
            listing = await self._listed(task, what=what)
            if listing is None:
                continue
            if (item := next((one for one in listing.items if place_of(one) == (namespace, name)), None)) is not None:
                return item
            if not (query.selects or listing.truncated):
                raise self._absent(resource, namespace=namespace, what=what)
        return None

    def _absent(self, resource: Resource, *, namespace: str, what: str) -> ClusterError:
        """Return the error for a missing object, which is the same as for a hidden one."""
        if self._guard.may_hide(resource, namespace=namespace):
            return NotAllowedHere(
                what=what,
                detail="it does not exist or may not be shown here",
                detail_zh="它不存在，或不允许在此处查看",
            )
        return NotFound(what=what)

    async def find(self, kind: str | Resource, name: str, *, namespace: str = "") -> Json | None:
        """Return one object as `get` does, or None if it does not exist. A kind that is not served still raises
        NotServed.
        """
        try:
            return await self.get(kind, name, namespace=namespace)
        except NotFound:
            return None

    async def list(
        self,
        kind: str | Resource,
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        limit: int = MOST_LISTED,
        fresh: bool = True,
    ) -> ObjectList:
        """List up to `limit` objects of a kind in one namespace or all; `labels` and `fields` are selectors.

        Items carry kind and apiVersion. `fresh=False` lets the API server answer from its cache (resourceVersion=0) and
        spares etcd; it is meant for nodes. Raises Expired if the pages expire twice.
        """
        resource = await self.resource(kind)
        home = namespace if resource.namespaced else ""
        wanted = ListQuery(
            resource=resource, namespace=home, labels=labels, fields=fields, limit=max(limit, 1), fresh=fresh
        )
        self._guard.check_list(resource, namespace=home, what=wanted.what)
        listing = await self._list(wanted)
        self._report_cut(listing, wanted.what)
        if not self._guard.is_partial(resource, namespace=home):
            return listing
        record_partial(wanted.what)
        return replace(listing, truncated=True, partial=True)

    async def list_readable(self, kind: str, namespace: str = "", *, fields: str = "") -> tuple[Json, ...]:
        """Return the objects of a kind in a namespace, "" for all; none, and a gap, if they are not readable."""
        try:
            return (await self.list(kind, namespace=namespace, fields=fields)).items
        except ClusterError as error:
            record_gap(error.gap())
            return ()

    async def log(self, log: LogQuery) -> str:
        """Return the end of a container's log; bytes that are not UTF-8 are replaced.

        Raises NoLog if the container has none: not started, not restarted (`previous`), or gone.
        """
        what = f"the log of {log.owner}"
        self._guard.check_namespace(log.namespace, what=what)
        return await self._shared(log, lambda: read_log(self._answer, log), what=what)

    async def computed(self, key: object, compute: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Return what is computed from reads of this snapshot, once for all that ask for it. Raises ClusterError."""
        return await self._shared(key, compute, what="what was read")

    async def may(
        self, user: str, groups: frozenset[str], permission: Permission, *, namespace: str = "", name: str = ""
    ) -> bool:
        """Return whether a user in these groups may do something (SubjectAccessReview, which changes nothing)."""
        self._guard.check_review(namespace=namespace, what=f"the permissions of {user}")
        request = review_of(user, groups, permission, namespace=namespace, name=name)

        async def ask() -> bool:
            return await is_allowed(await self._answer(request), what=request.what)

        return await self._shared((user, permission, namespace, name), ask, what=request.what)

    async def events(self, about: ObjectRef) -> tuple[Json, ...]:
        """Return the events about one object without our own, oldest first, from one shared list of its namespace."""
        self._guard.check_events(about)
        resource, home = await self.resource("Event"), about.namespace or CLUSTER_EVENTS
        whole = ListQuery(resource=resource, namespace=home, limit=MOST_LISTED)
        narrow = replace(whole, fields=f"involvedObject.kind={about.kind},involvedObject.name={about.name}")
        # The namespace with events of nodes may itself be hidden: then only this object's events are requested.
        listing = await self._list(whole if self._access.allows(whole.namespace) else narrow)
        if listing.truncated:
            listing = await self._list(narrow)
            self._report_cut(listing, f"events about {about}")
        return oldest_first(event for event in listing.items if is_about(event, about) and not is_own_event(event))

    def _report_cut(self, listing: ObjectList, what: str) -> None:
        """Record a list that a limit cut as a gap, or raise the error if whole lists are needed."""
        if listing.cut is not None and self._whole_lists:
            raise listing.cut
        if gap := listing.gap(what):
            record_gap(gap)

    async def events_in(self, namespace: str) -> tuple[Json, ...]:
        """Return all events of a namespace ("" for all namespaces) without our own, oldest first."""
        found = await self.list("Event", namespace=namespace)
        return oldest_first(each for each in found.items if not is_own_event(each))

    @property
    def has_metrics(self) -> bool:
        """Return whether the cluster has a Prometheus; a policy may still keep it from being asked."""
        return self._connection.prometheus is not None

    async def metrics(
        self, expression: str, *, series: str = "", window_s: int = 0, step_s: int = 60
    ) -> prometheus.QueryResult:
        """Query the cluster's Prometheus: now, or every `step_s` seconds of the last `window_s`.

        Series of hidden namespaces are left out. Raises PrometheusError, NotConfigured if there is no Prometheus,
        SwitchedOff if the policy lets it not be asked here, and ClusterError as every read does.
        """
        beside = self._connection.prometheus
        if beside is None:
            raise prometheus.NotConfigured()
        if not self._access.metrics:
            raise prometheus.SwitchedOff()
        await self._clock()
        at = int(self.now.timestamp())
        query = prometheus.Query(expression=expression, series=series, at=at, window_s=window_s, step_s=step_s)
        answer = await self._shared(query, lambda: beside.ask(query, within=self.remaining()), what="Prometheus")
        if self._access.everything:
            return answer
        shown = tuple(each for each in answer.series if self._shows_series(each))
        record_partial("Prometheus")
        return replace(answer, series=shown, truncated=True)

    def _shows_series(self, series: prometheus.Series) -> bool:
        namespaces = [series.labels[name] for name in ("namespace", "exported_namespace") if name in series.labels]
        return all(map(self._access.allows, namespaces)) if namespaces else self._access.cluster_scoped

    async def _clock(self) -> None:
        """Read the cluster's time before it is needed, within a short limit."""
        if self._now is None and self._meter.date is None:
            request = ClusterRequest(path="/version", what="the version")
            with suppress(ClusterError, TimeoutError):
                async with asyncio.timeout(_CLOCK_S):
                    await self._shared(request, lambda: self._answer(request), what=request.what)

    async def server_version(self) -> str:
        """Return the API server's version, such as v1.36.2. Raise ClusterError."""
        request = ClusterRequest(path="/version", what="the version")
        answer = await self._shared(("version", request), lambda: self._json(request), what=request.what)
        return str(answer.get("gitVersion") or "")

    async def served(self, kind: str) -> Resource | None:
        """Return how this cluster serves a kind, or None. Raise ClusterError if its group's backend is down."""
        resource = well_known(kind)
        return resource if resource is not None else (await self.served_kinds()).find(kind)

    async def resource(self, kind: str | Resource) -> Resource:
        """Return how this cluster serves a kind. Raise NotServed with the closest kind, or ClusterError."""
        if isinstance(kind, Resource):
            return kind
        resource = await self.served(kind)
        if resource is None:
            raise (await self.served_kinds()).unknown(kind)
        return resource

    async def custom_kinds(self) -> tuple[Resource, ...]:
        """Return the custom kinds of this cluster that can be listed. Raise ClusterError."""
        return (await self.served_kinds()).custom()

    async def served_kinds(self) -> ServedKinds:
        """Return all kinds that this cluster serves, in all their versions. Raise ClusterError."""

        async def fetch(path: str, accept: str) -> Json:
            return await self._json(ClusterRequest(path=path, accept=accept, what=f"the served kinds ({path})"))

        return await self._shared(discover, lambda: discover(fetch), what="the served kinds")

    async def _list(self, wanted: ListQuery) -> ObjectList:
        """Return the readable part of a list; `truncated` then concerns the server's paging alone."""
        if (parts := parts_of(wanted, self._access)) != [wanted]:
            # All end before the first failing one fails the whole.
            found = await asyncio.gather(*map(self._list, parts), return_exceptions=True)
            return joined(found, limit=wanted.limit)
        terms = wanted.terms
        for query, task in lists_of(self._reads, wanted.resource, namespace=wanted.namespace, fresh=wanted.fresh):
            same = (query.labels, query.fields) == (wanted.labels, wanted.fields)
            # A part is sooner read than the whole that is still under way.
            if not same and (query.selects or terms is None or not task.done()):
                continue
            listing = await self._listed(task, what=wanted.what)
            if listing is not None and not listing.truncated:
                return narrowed(listing, namespace=wanted.namespace, terms=terms or (), limit=wanted.limit)
        return await self._shared(wanted, lambda: self._pages(wanted), what=wanted.what)

    async def _listed(self, covering: asyncio.Task[ObjectList], *, what: str) -> ObjectList | None:
        """Wait for a list that another read requested. Return None if it failed: a narrower read may still succeed."""
        try:
            return await self._wait(covering, what=what)
        except ClusterError:
            return None

    async def _shared(self, key: object, read: Callable[[], Coroutine[Any, Any, _T]], *, what: str) -> _T:
        self._check(what)
        task = self._reads.get(key)
        if task is None:
            task = self._reads[key] = asyncio.create_task(read())
            task.add_done_callback(_retrieve)
        return await self._wait(task, what=what)

    async def _wait(self, task: asyncio.Task[_T], *, what: str) -> _T:
        """Wait for a shared read; giving up here does not cancel it."""
        self._check(what)
        if not _IS_AHEAD.get():
            self._asked.add(task)
        await asyncio.wait({task}, timeout=self.remaining())
        if not task.done() or task.cancelled():
            raise self._late(what)
        return task.result()

    def _check(self, what: str) -> None:
        if self._closed or self.remaining() <= 0:
            raise self._late(what)

    def _late(self, what: str) -> TimedOut:
        return TimedOut(what=what, detail=f"the time limit of this diagnosis ({self._seconds:g} s) has passed")

    async def _answer(self, request: ClusterRequest) -> ClusterResponse:
        return await self._connection.read(request, deadline=self._deadline, meter=self._meter)

    async def _json(self, request: ClusterRequest) -> Json:
        """Return a parsed answer. Its memory counts until this snapshot is closed; raise TooLarge if it is too much."""
        answer = await self._answer(request)
        self._connection.reserve(request, answer.memory, held=self._meter.held)
        self._meter.held += answer.memory
        return await decode(answer, what=request.what)

    async def _object(self, request: ClusterRequest, name: str) -> Json:
        item = await self._json(request)
        check_about(item, what=request.what, name=name)
        return item

    async def _pages(self, wanted: ListQuery) -> ObjectList:
        return await read_list(self._json, wanted, shows=lambda item: self._guard.shows(wanted.resource, item))


def _retrieve(task: asyncio.Task[Any]) -> None:
    # Mark the exception as retrieved; otherwise asyncio reports a failure whose waiters have all left.
    if not task.cancelled():
        task.exception()
