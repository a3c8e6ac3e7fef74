"""Load a world, with trimmed objects, events, logs and denials as people write them, into the state of the cluster.

A world is a mapping, short to write by hand:

    objects:                      # apiVersion may be left out for built-in kinds, and metadata but for the name
      - kind: Pod
        metadata: {name: api-0, namespace: shop, ownerReferences: [{kind: StatefulSet, name: api}]}
        spec: {nodeName: worker-a, containers: [{name: api}]}
        status: {phase: Running, startTime: -5m}
    events:                       # about loaded objects, or with `gone: true` about a deleted one
      - {for: Pod/shop/api-0, type: Warning, reason: Failed, message: "...", count: 3, first: -10m, last: -30s,
         source: kubelet, container: api}
      - {for: Node/worker-a, reason: NodeNotReady, message: "...", style: series}
    logs:
      - {pod: shop/api-0, container: api, previous: true, text: "...", since: -5m}
    metrics:                      # what its Prometheus has (see `bot.playground.kubernetes.prometheus.series`)
      - {name: etcd_server_leader_changes_seen_total, labels: {job: kube-etcd}, per_hour: 40}
    forbidden:                    # or the word `everything`
      - get pods/log              # or {verb: get, group: "", resource: pods/log}
    reactions:                    # effects of writes, where they differ from those of `workload_controllers`
      - {when: deleted, object: Pod/shop/api-0, becomes: healthy}
    absent:                       # objects to remove that an earlier world loaded
      - Pod/kube-system/etcd-control-1

A world is validated as a whole before anything is stored, so that a mistake leaves the cluster unchanged. The loader
fills in the apiVersion of known kinds, namespace ("default"), uid, resourceVersion, generation, creationTimestamp (a
day ago), the API's own defaults, owner references, namespaces that are not written, and relative times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from bot.playground.kubernetes import defaults, resources, times
from bot.playground.kubernetes.access import Denial
from bot.playground.kubernetes.aggregation import PASSED
from bot.playground.kubernetes.logs import Log, container_names
from bot.playground.kubernetes.overrides import parse_override
from bot.playground.kubernetes.prometheus import parse_metrics
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.store import Key, Table, uid_of
from bot.playground.kubernetes.validated_world import DeclaredEvent, LoadedWorld, ValidatedWorld, store
from bot.playground.kubernetes.world_checks import (
    WorldError,
    check_body,
    check_choice,
    check_keys,
    check_strings,
    check_time,
    list_of_mappings,
)

_KEYS = ("objects", "events", "logs", "metrics", "forbidden", "reactions", "absent")
_EVENT_KEYS = (
    "for", "type", "reason", "message", "count", "first", "last", "source", "style", "container", "gone",
)  # fmt: skip
_LOG_KEYS = ("pod", "container", "previous", "text", "since")
_DENIAL_KEYS = ("verb", "group", "resource", "namespace", "name", "user", "user_group")
_COUNTED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


class Loader:
    """Loads one world into a state. Use once."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self._now = state.now()
        self._objects: dict[tuple[Table, Key], tuple[Resource, Json]] = {}
        self._new_kinds: list[Resource] = []

    def load(self, world: Mapping[str, Any]) -> LoadedWorld:
        """Store the objects, events, logs and denials of `world`. WorldError if it is wrong."""
        return store(self.check(world), state=self._state)

    def check(self, world: Mapping[str, Any]) -> ValidatedWorld:
        """Validate and complete `world` for this state. WorldError if it is wrong."""
        if not isinstance(world, Mapping):
            raise WorldError(f"a world: expected a mapping with {', '.join(_KEYS)}, got {type(world).__name__}")
        check_keys(world, where="a world", known=_KEYS)
        metrics = parse_metrics(world.get("metrics"), now=self._now)
        written = [*self._flat(list_of_mappings(world.get("objects"), where="objects"))]
        for item in written:
            if item.get("kind") == "CustomResourceDefinition":
                self._learn_definition(item)
        for at, item in enumerate(written):
            self._add(item, where=f"objects[{at}]")
        self._join_references()
        events = [
            self._event(item, where=f"events[{at}]")
            for at, item in enumerate(list_of_mappings(world.get("events"), where="events"))
        ]
        logs = [
            self._log(item, where=f"logs[{at}]")
            for at, item in enumerate(list_of_mappings(world.get("logs"), where="logs"))
        ]
        denials = _denials(world.get("forbidden"))
        overrides = [
            parse_override(item, where=f"reactions[{at}]")
            for at, item in enumerate(list_of_mappings(world.get("reactions"), where="reactions"))
        ]
        absent = [self._gone(item, where=f"absent[{at}]") for at, item in enumerate(world.get("absent") or ())]
        return ValidatedWorld(
            absent=[each for each in absent if each is not None],
            now=self._now,
            objects=self._objects,
            new_kinds=self._new_kinds,
            events=events,
            logs=logs,
            denials=denials,
            overrides=overrides,
            metrics=metrics,
        )

    def _flat(self, items: Iterable[Json]) -> Iterable[Json]:
        for item in items:
            if item.get("kind") == "List":
                yield from self._flat(list_of_mappings(item.get("items"), where="objects: List.items"))
            else:
                yield item

    def _learn_definition(self, item: Json) -> None:
        try:
            self._new_kinds.extend(resources.from_custom_resource_definition(item))
        except (KeyError, TypeError, AttributeError) as error:
            name = (item.get("metadata") or {}).get("name")
            raise WorldError(
                f"CustomResourceDefinition {name}: spec needs group, scope, names {{kind, plural}} and versions "
                f"[{{name, served, storage}}]; {error!r} is missing or of another type"
            ) from None

    def _resource(self, item: Json, *, where: str) -> Resource:
        kind, api_version = item.get("kind"), item.get("apiVersion")
        if not isinstance(kind, str) or not kind:
            raise WorldError(f"{where}: kind: expected the name of a kind, got {kind!r}")
        known = [
            each
            for each in self._new_kinds
            if each.kind == kind and (api_version is None or each.api_version == api_version)
        ] or self._state.registry.of_kind(kind, api_version=api_version)
        if known:
            return known[0]
        if not isinstance(api_version, str):
            close = self._state.registry.closest_kinds(kind)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise WorldError(
                f"{where}: kind {kind} is not built in: write its apiVersion, or a CustomResourceDefinition{hint}"
            )
        group, _, version = api_version.rpartition("/")
        for each in resources.aggregated_resources(group=group, version=version):
            if each.kind == kind:
                return each
        resource = Resource(
            group=group,
            version=version,
            plural=resources.naive_plural(kind),
            kind=kind,
            singular=kind.lower(),
            namespaced="namespace" in (item.get("metadata") or {}),
            subresources=(resources.Subresource(name="status", kind=kind, verbs=("get", "patch", "update")),),
            custom=True,
        )
        self._new_kinds.append(resource)
        return resource

    def _add(self, item: Json, *, where: str) -> None:
        resource = self._resource(item, where=where)
        metadata = item.get("metadata")
        if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            raise WorldError(f"{where} ({resource.kind}): metadata.name: expected a string, got {metadata!r}")
        namespace = metadata.get("namespace", "default" if resource.namespaced else "")
        about = f"{resource.kind} {namespace}{'/' if namespace else ''}{metadata['name']}"
        if namespace and not resource.namespaced:
            raise WorldError(f"{about}: metadata.namespace: {resource.kind} is cluster-scoped and has none")
        for key in ("labels", "annotations"):
            check_strings(metadata.get(key), about=about, key=key)
        check_body(item, about=about)
        place = (resource.table, (namespace, metadata["name"]))
        if place in self._objects:
            raise WorldError(f"{about}: written twice in one world")
        try:
            resolved: Json = json.loads(json.dumps(times.resolve(dict(item), now=self._now)))
        except (TypeError, ValueError) as error:
            raise WorldError(f"{about}: holds a value that JSON has not: {error}") from None
        self._objects[place] = (resource, self._completed(resolved, resource=resource, namespace=namespace))

    def _completed(self, item: Json, *, resource: Resource, namespace: str) -> Json:
        metadata = item["metadata"]
        name = metadata["name"]
        before = self._state.store.get(table=resource.table, namespace=namespace, name=name)
        uid = metadata.get("uid") or (before["metadata"]["uid"] if before else None)
        head: Json = {"name": name}
        if namespace:
            head["namespace"] = namespace
        head["uid"] = uid or uid_of(table=resource.table, namespace=namespace, name=name)
        if resource.kind not in resources.WITHOUT_GENERATION:
            head["generation"] = metadata.get("generation", 1)
        head["creationTimestamp"] = metadata.get("creationTimestamp", times.timestamp(self._now - timedelta(days=1)))
        rest = {key: value for key, value in metadata.items() if key not in (*head, "uid")}
        if resource.kind == "Namespace":
            rest["labels"] = {"kubernetes.io/metadata.name": name} | (rest.get("labels") or {})
            item = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}} | item
        obj: Json = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": head | rest}
        obj |= {key: value for key, value in item.items() if key not in ("kind", "apiVersion", "metadata")}
        defaults.fill(obj, resource=resource)
        if resource.kind == "Pod" and "status" in obj:
            obj["status"].setdefault("qosClass", defaults.quality(obj["spec"]))
        if resource.kind in _COUNTED and any(isinstance(each, int) for each in (obj.get("status") or {}).values()):
            obj["status"] = {"observedGeneration": head["generation"]} | obj["status"]
        if resource.kind == "APIService" and "status" not in obj:
            obj["status"] = {"conditions": [PASSED | {"lastTransitionTime": head["creationTimestamp"]}]}
        return obj

    def _join_references(self) -> None:
        """Fill in the uids that references between objects carry: owners, claims of volumes, targets of endpoints."""
        for (_, (namespace, name)), (resource, obj) in self._objects.items():
            if (claim := (obj.get("spec") or {}).get("claimRef")) is not None:
                self._join(claim, about=f"{resource.kind} {name}: spec.claimRef")
            for endpoint in obj.get("endpoints") or ():
                if (target := endpoint.get("targetRef")) is not None:
                    self._join(target, about=f"{resource.kind} {namespace}/{name}: endpoints.targetRef")
            owners = obj["metadata"].get("ownerReferences")
            if not owners:
                continue
            about = f"{resource.kind} {namespace}/{name}"
            obj["metadata"]["ownerReferences"] = [
                self._owner(owner, about=about, namespace=namespace, first=at == 0) for at, owner in enumerate(owners)
            ]

    def _join(self, reference: Json, *, about: str) -> None:
        if "uid" in reference:
            return
        _, obj = self._lookup(
            kind=reference.get("kind", "PersistentVolumeClaim"),
            namespace=reference.get("namespace", ""),
            name=reference.get("name", ""),
            where=about,
        )
        if obj is not None:
            reference["uid"] = obj["metadata"]["uid"]

    def _owner(self, owner: Any, *, about: str, namespace: str, first: bool) -> Json:
        if not isinstance(owner, dict) or not owner.get("kind") or not owner.get("name"):
            raise WorldError(f"{about}: ownerReferences: expected {{kind, name}}, got {owner!r}")
        resource, obj = self._lookup(
            kind=owner["kind"],
            namespace=namespace,
            name=owner["name"],
            api_version=owner.get("apiVersion"),
            where=f"{about}: ownerReferences",
        )
        place = namespace if resource.namespaced else ""
        uid = obj["metadata"]["uid"] if obj else uid_of(table=resource.table, namespace=place, name=owner["name"])
        filled = {"apiVersion": resource.api_version, "kind": owner["kind"], "name": owner["name"], "uid": uid}
        if first and "uid" not in owner:
            filled |= {"controller": True, "blockOwnerDeletion": True}
        return filled | owner

    def _lookup(
        self, *, kind: str, namespace: str, name: str, where: str, api_version: str | None = None
    ) -> tuple[Resource, Json | None]:
        """Return the resource of a kind, and the object of that name from this world or an earlier one."""
        candidates = [
            *(each for each in self._new_kinds if each.kind == kind),
            *self._state.registry.of_kind(kind),
        ]
        candidates = [each for each in candidates if api_version in (None, each.api_version)]
        if not candidates:
            close = self._state.registry.closest_kinds(kind)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise WorldError(f"{where}: kind {kind} is not known{hint}")
        for resource in candidates:
            key = (namespace if resource.namespaced else "", name)
            if (found := self._objects.get((resource.table, key))) is not None:
                return resource, found[1]
            if (stored := self._state.store.get(table=resource.table, namespace=key[0], name=name)) is not None:
                return resource, stored
        return candidates[0], None

    def _target(self, text: Any, *, where: str) -> tuple[str, str, str]:
        parts = text.split("/") if isinstance(text, str) else []
        if len(parts) not in (2, 3) or not all(parts):
            raise WorldError(f'{where}: expected "Kind/namespace/name" or "Kind/name", got {text!r}')
        return parts[0], parts[1] if len(parts) == 3 else "", parts[-1]

    def _gone(self, item: Any, *, where: str) -> tuple[Resource, Json] | None:
        """Return an object that is to be taken away, None if it is not there anyway."""
        kind, namespace, name = self._target(item, where=where)
        resource, obj = self._lookup(kind=kind, namespace=namespace, name=name, where=where)
        return (resource, obj) if obj is not None else None

    def _event(self, item: Json, *, where: str) -> DeclaredEvent:
        check_keys(item, where=where, known=_EVENT_KEYS)
        kind, namespace, name = self._target(item.get("for"), where=f"{where}.for")
        for key in ("reason", "message"):
            if not isinstance(item.get(key), str):
                raise WorldError(f"{where} (for {item['for']}): {key}: expected a string, got {item.get(key)!r}")
        check_choice(item, "type", ("Normal", "Warning"), where=where)
        check_choice(item, "style", ("plain", "series"), where=where)
        for key in ("first", "last"):
            check_time(item, key, now=self._now, where=where)
        if not isinstance(item.get("count", 1), int) or item.get("count", 1) < 1:
            raise WorldError(f"{where}: count: expected a positive integer, got {item['count']!r}")
        resource, involved = self._lookup(kind=kind, namespace=namespace, name=name, where=f"{where}.for")
        if resource.namespaced != bool(namespace):
            form = f"{kind}/namespace/name" if resource.namespaced else f"{kind}/name"
            raise WorldError(f'{where}.for: expected "{form}", got {item["for"]!r}')
        if involved is None:
            if not item.get("gone"):
                raise WorldError(
                    f"{where}.for: no {kind} {namespace + '/' if namespace else ''}{name} is loaded; "
                    "write the object, or `gone: true` if it is deleted since"
                )
            uid = uid_of(table=resource.table, namespace=namespace, name=name)
            metadata = {"name": name, "uid": uid} | ({"namespace": namespace} if namespace else {})
            involved = {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata}
        return DeclaredEvent(written=item, resource=resource, involved=involved)

    def _log(self, item: Json, *, where: str) -> tuple[str, str, bool, Log]:
        check_keys(item, where=where, known=_LOG_KEYS)
        text, pod_name = item.get("text"), item.get("pod")
        if not isinstance(pod_name, str) or pod_name.count("/") != 1:
            raise WorldError(f'{where}.pod: expected "namespace/name", got {pod_name!r}')
        if not isinstance(text, str):
            raise WorldError(f"{where} (pod {pod_name}): text: expected a string, got {text!r}")
        namespace, name = pod_name.split("/")
        _, pod = self._lookup(kind="Pod", namespace=namespace, name=name, where=where)
        if pod is None:
            raise WorldError(f"{where}.pod: no Pod {pod_name} is loaded")
        containers = container_names(pod)
        container = item.get("container", containers[0] if len(containers) == 1 else None)
        if container not in containers:
            raise WorldError(f"{where} (pod {pod_name}): container: expected one of {containers}, got {container!r}")
        if not isinstance(item.get("previous", False), bool):
            raise WorldError(f"{where} (pod {pod_name}): previous: expected true or false, got {item['previous']!r}")
        since = check_time(item, "since", now=self._now, where=where)
        return pod["metadata"]["uid"], str(container), item.get("previous", False), Log(text=text, since=since)


def _denials(written: Any) -> list[Denial]:
    if written == "everything":
        return [Denial()]
    denials = []
    for at, item in enumerate(list_of_mappings(_in_full(written), where="forbidden")):
        check_keys(item, where=f"forbidden[{at}]", known=_DENIAL_KEYS)
        for key, value in item.items():
            if not isinstance(value, str):
                raise WorldError(f"forbidden[{at}]: {key}: expected a string, got {value!r}")
        denials.append(Denial(**item))
    return denials


def _in_full(written: Any) -> Any:
    """Return denials with those written short, as "get pods/log" or "list storageclasses.storage.k8s.io", in full."""
    if not isinstance(written, list | tuple):
        return written
    return [_denial(item, at=at) if isinstance(item, str) else item for at, item in enumerate(written)]


def _denial(written: str, *, at: int) -> Json:
    verb, _, resource = written.partition(" ")
    if not verb or not resource or " " in resource:
        raise WorldError(f'forbidden[{at}]: expected "verb resource.group" or a mapping, got {written!r}')
    name, _, group = resource.partition(".")
    return {"verb": verb, "group": group, "resource": name}
