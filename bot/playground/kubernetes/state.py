"""Hold the state of the simulated cluster: objects, kinds, logs, access, and what a stored object implies at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.playground.kubernetes import resources, times
from bot.playground.kubernetes.access import Access
from bot.playground.kubernetes.logs import Logs
from bot.playground.kubernetes.resources import Json, Registry, Resource
from bot.playground.kubernetes.store import Store

NAMESPACES = ("", "namespaces")
API_SERVICES = ("apiregistration.k8s.io", "apiservices")
DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")
_AGE = timedelta(days=30)
_ROOT_CA = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class State:
    """The objects, kinds, logs and access rules that requests read and change."""

    def __init__(self, *, clock: times.Clock) -> None:
        self.clock = clock
        self.registry = Registry()
        self.store = Store()
        self.logs = Logs()
        self.access = Access(registry=self.registry)
        self._events = 0
        self._unavailable: frozenset[tuple[str, str]] = frozenset()
        self._looked_at = -1
        self._announce_built_in_groups()
        born = times.timestamp(self.now() - _AGE)
        for namespace in ("default", "kube-system", "kube-public", "kube-node-lease"):
            self.ensure_namespace(namespace, created=born)
        self._at_first = self.store.revision

    @property
    def is_new(self) -> bool:
        """Return whether the state holds only the objects of every cluster."""
        return self.store.revision == self._at_first

    def now(self) -> datetime:
        return self.clock()

    def next_event(self) -> int:
        """Return a number for the next event, so that events of the same time have different names."""
        self._events += 1
        return self._events

    def find(self, *, resource: Resource, namespace: str, name: str) -> Json | None:
        table = ("", "events") if resource.group == "events.k8s.io" else resource.table
        return self.store.get(table=table, namespace=namespace if resource.namespaced else "", name=name)

    def put(self, *, resource: Resource, obj: Json) -> Json:
        """Store an object; definitions and API services change at once what is served."""
        metadata = obj["metadata"]
        stored = self.store.put(
            table=resource.table, namespace=metadata.get("namespace", ""), name=metadata["name"], obj=obj
        )
        if resource.table == DEFINITIONS:
            for each in resources.from_custom_resource_definition(stored):
                self.registry.add(each)
        if resource.table == API_SERVICES and stored["spec"].get("service"):
            self.registry.add_group_version(group=stored["spec"]["group"], version=stored["spec"]["version"])
        return stored

    def remove(self, *, resource: Resource, obj: Json) -> None:
        metadata = obj["metadata"]
        self.store.remove(table=resource.table, namespace=metadata.get("namespace", ""), name=metadata["name"])
        if resource.table == API_SERVICES and obj["spec"].get("service"):
            self.registry.remove_group_version(group=obj["spec"]["group"], version=obj["spec"]["version"])
        if resource.table == DEFINITIONS:
            for each in resources.from_custom_resource_definition(obj):
                self.registry.remove_group_version(group=each.group, version=each.version, plural=each.plural)

    def is_terminating(self, namespace: str) -> bool:
        """Return whether a namespace is being deleted, so that nothing new may be made in it."""
        found = self.store.get(table=NAMESPACES, namespace="", name=namespace)
        return found is not None and "deletionTimestamp" in found["metadata"]

    def unavailable(self) -> frozenset[tuple[str, str]]:
        """Return the group versions whose APIService has a backend and is not Available."""
        # Read at every request, so it is computed once for each revision.
        if self._looked_at != self.store.revision:
            self._unavailable = self._not_available()
            self._looked_at = self.store.revision
        return self._unavailable

    def _not_available(self) -> frozenset[tuple[str, str]]:
        found = set()
        for service in self.store.objects(table=API_SERVICES):
            conditions = (service.get("status") or {}).get("conditions") or ()
            available = any(each["type"] == "Available" and each["status"] == "True" for each in conditions)
            if service["spec"].get("service") and not available:
                found.add((service["spec"]["group"], service["spec"]["version"]))
        return frozenset(found)

    def ensure_namespace(self, name: str, *, created: str | None = None) -> None:
        """Make a namespace with the objects that controllers add to each, unless it exists."""
        if self.store.get(table=NAMESPACES, namespace="", name=name) is not None:
            return
        self.put(
            resource=self.registry.of_table(NAMESPACES),
            obj={
                "kind": "Namespace",
                "apiVersion": "v1",
                "metadata": self._metadata(NAMESPACES, name=name, created=created)
                | {"labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            },
        )
        self.fill_namespace(name, created=created)

    def fill_namespace(self, name: str, *, created: str | None = None) -> None:
        """Add the default ServiceAccount and the cluster's CA to a new namespace, as controllers do."""
        account, config = ("", "serviceaccounts"), ("", "configmaps")
        if self.store.get(table=account, namespace=name, name="default") is None:
            metadata = self._metadata(account, name="default", namespace=name, created=created)
            obj = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": metadata}
            self.put(resource=self.registry.of_table(account), obj=obj)
        if self.store.get(table=config, namespace=name, name="kube-root-ca.crt") is None:
            metadata = self._metadata(config, name="kube-root-ca.crt", namespace=name, created=created)
            metadata["annotations"] = {"kubernetes.io/description": _ROOT_CA}
            data = {"ca.crt": "<PEM, shortened>"}
            obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data}
            self.put(resource=self.registry.of_table(config), obj=obj)

    def _metadata(self, table: tuple[str, str], *, name: str, namespace: str = "", created: str | None = None) -> Json:
        metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
        uid = self.store.new_uid(table=table, namespace=namespace, name=name)
        return metadata | {"uid": uid, "creationTimestamp": created or times.timestamp(self.now())}

    def _announce_built_in_groups(self) -> None:
        resource = self.registry.of_table(API_SERVICES)
        created = times.timestamp(self.now() - _AGE)
        for group in ["", *self.registry.groups()]:
            for version in self.registry.versions(group):
                metadata = self._metadata(API_SERVICES, name=f"{version}.{group}", created=created)
                metadata["labels"] = {"kube-aggregator.kubernetes.io/automanaged": "onstart"}
                condition = {
                    "type": "Available",
                    "status": "True",
                    "lastTransitionTime": created,
                    "reason": "Local",
                    "message": "Local APIServices are always available",
                }
                spec: Json = {"version": version, "groupPriorityMinimum": 17800, "versionPriority": 15}
                self.put(
                    resource=resource,
                    obj={
                        "kind": "APIService",
                        "apiVersion": "apiregistration.k8s.io/v1",
                        "metadata": metadata,
                        "spec": ({"group": group} if group else {}) | spec,
                        "status": {"conditions": [condition]},
                    },
                )
