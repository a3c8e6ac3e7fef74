"""Read the lists of all kinds whose health can be judged, and keep only the objects that are not well."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from bot.cluster.access import collect_gaps
from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.object_lists import Page
from bot.cluster.resources import Resource, well_known
from bot.cluster.watching import PageReader
from bot.kube.objects import created_at, is_builtin, labels_of, name_of, namespace_of, pod_template_of, spec_of
from bot.kube.owners import controller_of
from bot.kube.services import is_ready_endpoint, may_still_come, service_of
from bot.kube.volumes import class_of, default_class
from bot.overviews.troubled_objects import (
    Identity,
    PathRow,
    TroubledObject,
    identity_of,
    node_in,
    troubled,
)
from intents.domain import Gap, Json

# Pods come first: they take longest.
KINDS: Final = (
    "Pod", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service", "EndpointSlice",
    "StorageClass", "PersistentVolumeClaim", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Node",
    "Namespace", "APIService",
)  # fmt: skip
# Kinds outside namespaces that tell how objects of one namespace are meant.
_BESIDE: Final = frozenset({"StorageClass"})
# Kinds whose pods somebody can scale to zero.
_SCALED: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
# So many objects are kept whole.
_SAMPLES: Final = 40
# Lists read at once: each holds one page.
_AT_ONCE: Final = 8


@dataclass(slots=True, kw_only=True)
class Scan:
    """What the lists show, without the objects that are well. `counts` holds how many of each plural were read."""

    rows: dict[Identity, TroubledObject] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    # The first object of each likeness, as it was listed: its diagnosis need not begin with reading it.
    samples: dict[Identity, Json] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add(self, row: TroubledObject) -> None:
        """Keep an object of a built-in kind unless its own list showed it already."""
        self.rows.setdefault(row.id, row)
        self.name_kind(row.id.kind)

    def name_kind(self, kind: str) -> None:
        """Keep where objects of a built-in kind are read."""
        resource = well_known(kind)
        assert resource is not None
        self.resources[kind] = resource


@dataclass(slots=True, kw_only=True)
class Scanner:
    """Reads lists, at most a few at once. `progress` is told the number of objects read so far."""

    reader: PageReader
    namespace: str
    progress: Callable[[int], None]
    _scan: Scan = field(default_factory=Scan)
    _services: dict[Identity, PathRow] = field(default_factory=dict)
    _ingresses: list[PathRow] = field(default_factory=list)
    _answered: set[Identity] = field(default_factory=set)
    _claims: dict[Identity, str | None] = field(default_factory=dict)
    _waiting: set[str] = field(default_factory=set)
    _default_class: str = ""
    _unscaled: defaultdict[str, list[Mapping[str, str]]] = field(default_factory=lambda: defaultdict(list))
    _read: set[str] = field(default_factory=set)
    _alike: set[object] = field(default_factory=set)
    _tallies: dict[tuple[str, str], int] = field(default_factory=dict)

    async def scan(self, custom: Awaitable[Sequence[Resource]]) -> Scan:
        """Read every kind and return what is not well. What cannot be read becomes a gap.

        The custom kinds are asked for while the built-in ones are read.
        """
        seats = asyncio.Semaphore(_AT_ONCE)

        async def read(resources: Iterable[Resource]) -> None:
            wanted = (each for each in resources if each.namespaced or not self.namespace or each.kind in _BESIDE)
            await asyncio.gather(*(self._read_pages(each, seats) for each in wanted))

        async def read_custom() -> None:
            try:
                await read(await custom)
            except ClusterError as error:
                self._scan.gaps.append(error.gap())

        builtin = [resource for kind in KINDS if (resource := well_known(kind)) is not None]
        with collect_gaps() as withheld:
            await asyncio.gather(read(builtin), read_custom())
        scan = self._scan
        scan.gaps = sorted({*scan.gaps, *withheld}, key=str)
        for (plural, _), number in self._tallies.items():
            scan.counts[plural] += number
        self._join_services()
        self._drop_waiting_claims()
        return scan

    async def _read_pages(self, resource: Resource, seats: asyncio.Semaphore) -> None:
        try:
            async with seats:
                async for page in self.reader.pages(resource, namespace=self.namespace):
                    if self.reader.meter.date is not None and not self._tallies:
                        self._scan.now = self.reader.meter.date
                    self._keep(resource, page)
                    self.progress(sum(self._tallies.values()))
                    # A page of pods takes some milliseconds to judge: others run in between.
                    await asyncio.sleep(0)
                self._read.add(resource.kind)
        except NotServed:
            return
        except ClusterError as error:
            self._scan.gaps.append(error.gap())

    def _keep(self, resource: Resource, page: Page) -> None:
        builtin = is_builtin({"apiVersion": resource.api_version})
        tally = (resource.plural if builtin else f"{resource.plural}.{resource.group}", page.namespace)
        self._tallies[tally] = len(page.items) + (0 if page.first else self._tallies.get(tally, 0))
        for obj in page.items:
            if builtin and resource.kind in ("Service", "EndpointSlice", "Ingress"):
                self._keep_path(resource.kind, obj)
            if resource.kind == "ReplicaSet" and controller_of(obj) is not None:
                continue  # its Deployment has the same conditions
            if resource.kind == "StorageClass":
                self._keep_class(obj)
            if builtin and resource.kind in _SCALED and spec_of(obj).get("replicas") == 0:
                self._unscaled[namespace_of(obj)].append(labels_of(pod_template_of(obj)))
            row = troubled(obj, resource.kind, self._scan.now)
            if row is not None:
                self._sample(row, obj, resource)
                self._scan.rows[row.id] = row
                if resource.kind == "PersistentVolumeClaim":
                    self._claims[row.id] = class_of(obj)
                self._scan.resources[row.id.kind] = resource

    def _sample(self, row: TroubledObject, obj: Json, resource: Resource) -> None:
        if len(self._scan.samples) < _SAMPLES and row.likeness not in self._alike:
            self._alike.add(row.likeness)
            # Items of a list say neither their kind nor their version.
            self._scan.samples[row.id] = {**obj, "apiVersion": resource.api_version, "kind": resource.kind}

    def _keep_path(self, kind: str, obj: Json) -> None:
        """Keep what leads from Ingresses and Services to ready endpoints."""
        if kind == "EndpointSlice":
            if any(map(is_ready_endpoint, obj.get("endpoints") or ())):
                self._answered.add(Identity("Service", namespace_of(obj), service_of(obj)))
            return
        row = PathRow(id=identity_of(obj, kind), node=node_in(obj, kind), created=created_at(obj))
        if kind == "Service":
            self._services[row.id] = row
        elif row.services:
            self._ingresses.append(row)

    def _keep_class(self, storage_class: Json) -> None:
        if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
            self._waiting.add(name_of(storage_class))
        self._default_class = default_class([storage_class]) or self._default_class

    def _join_services(self) -> None:
        """Add Services without a ready endpoint, and Ingresses without such a Service; whole lists prove an absence."""
        if "Service" not in self._read:
            return
        silent: dict[Identity, PathRow] = {}
        if "EndpointSlice" in self._read:
            silent = {
                id_: row
                for id_, row in self._services.items()
                if row.node.chooses
                and id_ not in self._answered
                and not may_still_come(row.created, self._scan.now)
                and not self._is_scaled_to_zero(id_.namespace, row.node.chooses[1])
            }
        for row in silent.values():
            self._scan.add(row.troubled("no ready endpoint"))
        for row in self._ingresses:
            of = {name: Identity("Service", row.id.namespace, name) for name in sorted(row.services)}
            if missing := [name for name, id_ in of.items() if id_ not in self._services]:
                self._scan.add(row.troubled(f"no Service {', '.join(missing)}"))
            elif to := [name for name, id_ in of.items() if id_ in silent]:
                self._scan.add(row.troubled(f"no ready endpoint behind Service {', '.join(to)}", to))

    def _is_scaled_to_zero(self, namespace: str, selects: Callable[[Mapping[str, str]], bool]) -> bool:
        """Tell whether a Service selects workloads that are meant to have no pods, and nothing else in trouble."""
        if not any(map(selects, self._unscaled[namespace])):
            return False
        rows = (row for id_, row in self._scan.rows.items() if id_.namespace == namespace)
        return not any(row.node.labels is not None and selects(dict(row.node.labels)) for row in rows)

    def _drop_waiting_claims(self) -> None:
        """Drop claims that wait for the scheduler to place a pod: what keeps the pod waiting is the pod's trouble."""
        for id_, name in self._claims.items():
            if (name if name is not None else self._default_class) in self._waiting:
                self._scan.rows.pop(id_, None)
