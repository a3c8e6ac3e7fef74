"""Hold the state of the simulated cluster: objects, kinds, logs, access, and what a stored object implies at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from bot.playground.kubernetes import resources, times
from bot.playground.kubernetes.grants import Access
from bot.playground.kubernetes.logs import Logs
from bot.playground.kubernetes.objects import is_terminating, is_true
from bot.playground.kubernetes.resources import API_SERVICES, DEFINITIONS, NAMESPACES, Json, Registry, Resource, Table
from bot.playground.kubernetes.status import fixed
from bot.playground.kubernetes.store import Store

_AGE = timedelta(days=30)


class State:
    """The objects, kinds, logs and access rules that requests read and change; at first those of a new cluster."""

    def __init__(self, *, clock: times.Clock, empty: bool = False) -> None:
        self.now = clock
        self.registry = Registry()
        self.store = Store()
        self.get = self.store.get
        self.objects = self.store.objects
        self.logs: Logs = {}
        self.access = Access(registry=self.registry)
        self._events = 0
        self._unavailable: frozenset[tuple[str, str]] = frozenset()
        self._looked_at = -1
        if not empty:
            self.become(_new_cluster(clock()))
        self._at_first = self.store.revision

    def become(self, known: State) -> None:
        """Take over the objects, kinds and logs of another state."""
        self.registry.become(known.registry)
        self.store.become(known.store)
        self.logs |= known.logs
        self._events = known._events

    @property
    def is_new(self) -> bool:
        """Return whether the state holds only the objects of every cluster."""
        return self.store.revision == self._at_first

    def stamp(self, later: timedelta = timedelta()) -> str:
        """Return the time, or a later one, as objects carry it."""
        return times.timestamp(self.now() + later)

    def next_event(self) -> int:
        """Return a number for the next event, so that events of the same time have different names."""
        self._events += 1
        return self._events

    def find(self, resource: Resource, name: str, *, namespace: str) -> Json | None:
        """Return an object of a kind that may be cluster-scoped, None if it does not exist."""
        return self.get(resource.table, name, namespace=namespace if resource.namespaced else "")

    def latest(self, table: Table, obj: Json) -> Json | None:
        """Return an object as it is stored now, None if it was removed."""
        return self.get(table, obj["metadata"]["name"], namespace=obj["metadata"].get("namespace", ""))

    def put(self, table: Table, obj: Json) -> Json:
        """Store an object; definitions and API services change at once what is served."""
        metadata = obj["metadata"]
        stored = self.store.put(table=table, namespace=metadata.get("namespace", ""), name=metadata["name"], obj=obj)
        if table == DEFINITIONS:
            for each in resources.from_custom_resource_definition(stored):
                self.registry.add(each)
        if table == API_SERVICES and stored["spec"].get("service"):
            self.registry.add_group_version(group=stored["spec"]["group"], version=stored["spec"]["version"])
        return stored

    def remove(self, table: Table, obj: Json) -> None:
        metadata = obj["metadata"]
        self.store.remove(table=table, namespace=metadata.get("namespace", ""), name=metadata["name"])
        if table == API_SERVICES and obj["spec"].get("service"):
            self.registry.remove_group_version(group=obj["spec"]["group"], version=obj["spec"]["version"])
        if table == DEFINITIONS:
            for each in resources.from_custom_resource_definition(obj):
                self.registry.remove_group_version(group=each.group, version=each.version, plural=each.plural)

    def is_terminating(self, namespace: str) -> bool:
        """Return whether a namespace is being deleted, so that nothing new may be made in it."""
        found = self.get(NAMESPACES, namespace)
        return found is not None and is_terminating(found)

    def require_served(self, *, group: str, version: str) -> None:
        """Raise Refusal 404 (text) for an unknown group version, 503 (text) if its backend is down."""
        if version not in self.registry.versions(group):
            raise fixed("page_not_found")
        if (group, version) in self.unavailable():
            raise fixed("service_unavailable")

    def unavailable(self) -> frozenset[tuple[str, str]]:
        """Return the group versions whose APIService has a backend and is not Available."""
        # Read at every request, so it is computed once for each revision.
        if self._looked_at != self.store.revision:
            self._unavailable = frozenset(
                (each["spec"]["group"], each["spec"]["version"])
                for each in self.store.objects(table=API_SERVICES)
                if each["spec"].get("service") and not is_true(each, "Available")
            )
            self._looked_at = self.store.revision
        return self._unavailable

    def new_metadata(self, table: Table, name: str, *, namespace: str = "", created: str = "") -> Json:
        """Return the metadata of a new object: its name, a new uid, and when it was created, by default now."""
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        uid = self.store.new_uid(table=table, namespace=namespace, name=name)
        return metadata | {"uid": uid, "creationTimestamp": created or self.stamp()}

    def ensure_namespace(self, name: str, *, created: str) -> None:
        """Make a namespace with the objects that controllers add to each, unless it exists."""
        if self.get(NAMESPACES, name) is not None:
            return
        body: Json = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        labels = {"kubernetes.io/metadata.name": name}
        self._make(NAMESPACES, name, body, created=created, labels=labels)
        self.fill_namespace(name, created=created)

    def fill_namespace(self, name: str, *, created: str = "") -> None:
        """Add the default ServiceAccount and the cluster's CA to a new namespace, as controllers do."""
        self._make(("", "serviceaccounts"), "default", {}, namespace=name, created=created)
        notes = {"kubernetes.io/description": resources.WIRE["texts"]["root_ca"]}
        body = {"data": {"ca.crt": "<PEM, shortened>"}}
        table = ("", "configmaps")
        self._make(table, "kube-root-ca.crt", body, namespace=name, created=created, annotations=notes)

    def announce_built_in_groups(self, created: str) -> None:
        """Make the APIService of each group version that the API server itself serves."""
        local = {"type": "Available", "status": "True", "lastTransitionTime": created, "reason": "Local"}
        status = {"conditions": [local | {"message": "Local APIServices are always available"}]}
        labels = {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
        for group in ["", *self.registry.groups()]:
            for version in self.registry.versions(group):
                spec = {"version": version, "groupPriorityMinimum": 17800, "versionPriority": 15}
                body = {"spec": ({"group": group} if group else {}) | spec, "status": status}
                self._make(API_SERVICES, f"{version}.{group}", body, created=created, labels=labels)

    def _make(
        self, table: Table, name: str, body: Json, *, namespace: str = "", created: str, **metadata: Json
    ) -> None:
        """Store an object that every cluster has, unless it exists."""
        if self.get(table, name, namespace=namespace) is None:
            resource = self.registry.of_table(table)
            head = self.new_metadata(table, name, namespace=namespace, created=created) | metadata
            self.put(table, {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": head} | body)


# Tests and rehearsals stop their clocks at a few times, which repeat; the times of a running clock do not.
@lru_cache(maxsize=4)
def _new_cluster(now: datetime) -> State:
    """Return the state of every new cluster. Nothing may be written to it."""
    state = State(clock=lambda: now, empty=True)
    born = state.stamp(-_AGE)
    state.announce_built_in_groups(born)
    for namespace in ("default", "kube-system", "kube-public", "kube-node-lease"):
        state.ensure_namespace(namespace, created=born)
    return state
