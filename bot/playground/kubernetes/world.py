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
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple, cast

from bot.playground.kubernetes import defaults, resources, times
from bot.playground.kubernetes.grants import Denial
from bot.playground.kubernetes.logs import Log
from bot.playground.kubernetes.objects import container_names
from bot.playground.kubernetes.pod_dependents import PASSED
from bot.playground.kubernetes.prometheus import parse_metrics
from bot.playground.kubernetes.resources import Json, Resource, Table
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.store import Key, uid_of
from bot.playground.kubernetes.validated_world import Override, OverrideTrigger, PodOutcome, ValidatedWorld, store
from bot.playground.kubernetes.world_checks import (
    Path,
    WorldError,
    check_body,
    check_choice,
    check_keys,
    check_strings,
    check_text,
    check_time,
    list_of_mappings,
    split_address,
)

_KEYS = ("objects", "events", "logs", "metrics", "forbidden", "reactions", "absent")
_EVENT_KEYS = (
    "for", "type", "reason", "message", "count", "first", "last", "source", "style", "container", "gone",
)  # fmt: skip
_LOG_KEYS = ("pod", "container", "previous", "text", "since")
_DENIAL_KEYS = ("verb", "group", "resource", "namespace", "name", "user", "user_group")


@cache
def neighbours() -> Json:
    """Return the healthy world of `neighbours.yaml`, which every simulated cluster may contain."""
    return cast(Json, resources.read_table("neighbours.yaml"))


class Neighbourhood(NamedTuple):
    """A cluster with the healthy world. Nothing may be written to it."""

    state: State
    world: ValidatedWorld
    stored: list[Json]


# Cached as `_new_cluster` of the state is: stored objects never change, so that clusters may share them.
@lru_cache(maxsize=4)
def neighbours_at(now: datetime) -> Neighbourhood:
    """Return a new cluster with the healthy world."""
    state = State(clock=lambda: now)
    world = Loader(state=state).check(neighbours())
    return Neighbourhood(state, world, store(world, state=state))


class Loader:
    """Validates one world for a state. Use once."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self._now = state.now()
        self._objects: dict[tuple[Table, Key], tuple[Resource, Json]] = {}
        self._paths: dict[tuple[Table, Key], Path] = {}
        self._new_kinds: list[Resource] = []

    def check(self, world: Mapping[str, Any]) -> ValidatedWorld:
        """Validate and complete `world` for this state. WorldError if it is wrong."""
        if not isinstance(world, Mapping):
            raise WorldError(f"expected a mapping with {', '.join(_KEYS)}, got {type(world).__name__}")
        check_keys(world, path=(), known=_KEYS)
        metrics = parse_metrics(world.get("metrics"), now=self._now)
        written = [*_flat(world.get("objects"), path=("objects",))]
        for path, item in written:
            if item.get("kind") == "CustomResourceDefinition":
                self._learn_definition(item, path=path)
        for path, item in written:
            self._add(item, path=path)
        self._join_references()
        events = [self._event(item, path=path) for path, item in _items(world, "events")]
        logs = [self._log(item, path=path) for path, item in _items(world, "logs")]
        overrides = [_override(item, path=path) for path, item in _items(world, "reactions")]
        places = [(item, ("absent", at)) for at, item in enumerate(world.get("absent") or ())]
        absent = [self._lookup(*split_address(item, path=path), path=path) for item, path in places]
        return ValidatedWorld(
            # What is not there anyway needs not be taken away.
            absent=[(resource, obj) for resource, obj in absent if obj is not None],
            now=self._now,
            objects=self._objects,
            new_kinds=self._new_kinds,
            events=events,
            logs=logs,
            denials=_denials(world.get("forbidden")),
            overrides=overrides,
            metrics=metrics,
        )

    def _learn_definition(self, item: Json, *, path: Path) -> None:
        try:
            self._new_kinds.extend(resources.from_custom_resource_definition(item))
        except (KeyError, TypeError, AttributeError) as error:
            name = (item.get("metadata") or {}).get("name")
            raise WorldError(
                "spec needs group, scope, names {kind, plural} and versions [{name, served, storage}]; "
                f"{error!r} is missing or of another type",
                path=path,
                about=f"CustomResourceDefinition {name}",
            ) from None

    def _resource(self, item: Json, *, path: Path) -> Resource:
        kind, api_version = item.get("kind"), item.get("apiVersion")
        if not isinstance(kind, str) or not kind:
            raise WorldError(f"expected the name of a kind, got {kind!r}", path=(*path, "kind"))
        if known := self._candidates(kind, api_version):
            return known[0]
        if not isinstance(api_version, str):
            hint = self._state.registry.hint(kind)
            text = f"kind {kind} is not built in: write its apiVersion, or a CustomResourceDefinition{hint}"
            raise WorldError(text, path=path)
        if (aggregated := resources.aggregated_resource(kind, api_version)) is not None:
            return aggregated
        group, _, version = api_version.rpartition("/")
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

    def _candidates(self, kind: str, api_version: str | None) -> list[Resource]:
        """Return the resources of a kind, those of this world first."""
        new = [each for each in self._new_kinds if each.kind == kind and api_version in (None, each.api_version)]
        return [*new, *self._state.registry.of_kind(kind, api_version=api_version)]

    def _add(self, item: Json, *, path: Path) -> None:
        resource = self._resource(item, path=path)
        metadata = item.get("metadata")
        if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
            raise WorldError(f"expected a string, got {metadata!r}", path=(*path, "metadata", "name"))
        namespace = metadata.get("namespace", "default" if resource.namespaced else "")
        about = f"{resource.kind} {namespace}{'/' if namespace else ''}{metadata['name']}"
        if namespace and not resource.namespaced:
            text = f"metadata.namespace: {resource.kind} is cluster-scoped and has none"
            raise WorldError(text, path=(*path, "metadata", "namespace"), about=about)
        for key in ("labels", "annotations"):
            check_strings(metadata.get(key), path=(*path, "metadata", key), about=f"{about}: metadata.{key}")
        check_body(item, path=path, about=about)
        place = (resource.table, (namespace, metadata["name"]))
        if place in self._objects:
            raise WorldError("written twice in one world", path=path, about=about)
        try:
            resolved: Json = json.loads(json.dumps(times.resolve(dict(item), now=self._now)))
        except (TypeError, ValueError) as error:
            raise WorldError(f"holds a value that JSON has not: {error}", path=path, about=about) from None
        self._objects[place] = (resource, self._completed(resolved, resource=resource, namespace=namespace))
        self._paths[place] = path

    def _completed(self, item: Json, *, resource: Resource, namespace: str) -> Json:
        metadata = item["metadata"]
        name = metadata["name"]
        before = self._state.get(resource.table, name, namespace=namespace)
        uid = metadata.get("uid") or (before["metadata"]["uid"] if before else None)
        head: Json = {"name": name} | ({"namespace": namespace} if namespace else {})
        head["uid"] = uid or uid_of(table=resource.table, namespace=namespace, name=name)
        if resource.has_generation:
            head["generation"] = metadata.get("generation", 1)
        head["creationTimestamp"] = metadata.get("creationTimestamp", times.timestamp(self._now - timedelta(days=1)))
        rest = {key: value for key, value in metadata.items() if key not in head}
        if resource.kind == "Namespace":
            rest["labels"] = {"kubernetes.io/metadata.name": name} | (rest.get("labels") or {})
            item = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}} | item
        obj: Json = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": head | rest}
        obj |= {key: value for key, value in item.items() if key not in obj}
        defaults.fill(obj, resource=resource)
        if resource.kind == "Pod" and "status" in obj:
            obj["status"].setdefault("qosClass", defaults.quality(obj["spec"]))
        counts = (obj.get("status") or {}).values() if resource.kind in defaults.SELECTING else ()
        if any(isinstance(each, int) for each in counts):
            obj["status"] = {"observedGeneration": head["generation"]} | obj["status"]
        if resource.kind == "APIService" and "status" not in obj:
            obj["status"] = {"conditions": [PASSED | {"lastTransitionTime": head["creationTimestamp"]}]}
        return obj

    def _join_references(self) -> None:
        """Fill in the uids that references between objects carry: owners, claims of volumes, targets of endpoints."""
        for place, (resource, obj) in self._objects.items():
            namespace, name = place[1]
            path, about = self._paths[place], f"{resource.kind} {namespace}/{name}"
            if (claim := (obj.get("spec") or {}).get("claimRef")) is not None:
                self._join(claim, path=path, about=f"{resource.kind} {name}: spec.claimRef")
            for endpoint in obj.get("endpoints") or ():
                if (target := endpoint.get("targetRef")) is not None:
                    self._join(target, path=path, about=f"{about}: endpoints.targetRef")
            if owners := obj["metadata"].get("ownerReferences"):
                about = f"{about}: ownerReferences"
                obj["metadata"]["ownerReferences"] = [
                    self._owner(owner, path=path, about=about, namespace=namespace, first=at == 0)
                    for at, owner in enumerate(owners)
                ]

    def _join(self, reference: Json, *, path: Path, about: str) -> None:
        if "uid" in reference:
            return
        kind, namespace = reference.get("kind", "PersistentVolumeClaim"), reference.get("namespace", "")
        _, obj = self._lookup(kind, namespace, reference.get("name", ""), path=path, about=about)
        if obj is not None:
            reference["uid"] = obj["metadata"]["uid"]

    def _owner(self, owner: Any, *, path: Path, about: str, namespace: str, first: bool) -> Json:
        if not isinstance(owner, dict) or not owner.get("kind") or not owner.get("name"):
            raise WorldError(f"expected {{kind, name}}, got {owner!r}", path=path, about=about)
        kind, name, api_version = owner["kind"], owner["name"], owner.get("apiVersion")
        resource, obj = self._lookup(kind, namespace, name, api_version=api_version, path=path, about=about)
        place = namespace if resource.namespaced else ""
        uid = obj["metadata"]["uid"] if obj else uid_of(table=resource.table, namespace=place, name=name)
        filled = {"apiVersion": resource.api_version, "kind": kind, "name": name, "uid": uid}
        if first and "uid" not in owner:
            filled |= {"controller": True, "blockOwnerDeletion": True}
        return filled | owner

    def _lookup(
        self, kind: str, namespace: str, name: str, *, path: Path, about: str = "", api_version: str | None = None
    ) -> tuple[Resource, Json | None]:
        """Return the resource of a kind, and the object of that name from this world or an earlier one."""
        candidates = self._candidates(kind, api_version)
        if not candidates:
            raise WorldError(f"kind {kind} is not known{self._state.registry.hint(kind)}", path=path, about=about)
        for resource in candidates:
            key = (namespace if resource.namespaced else "", name)
            if (found := self._objects.get((resource.table, key))) is not None:
                return resource, found[1]
            if (stored := self._state.get(resource.table, name, namespace=key[0])) is not None:
                return resource, stored
        return candidates[0], None

    def _event(self, item: Json, *, path: Path) -> tuple[Json, Resource, Json]:
        check_keys(item, path=path, known=_EVENT_KEYS)
        whose = (*path, "for")
        kind, namespace, name = split_address(item.get("for"), path=whose)
        for key in ("reason", "message"):
            check_text(item, key, path=path)
        check_choice(item, "type", ("Normal", "Warning"), path=path)
        check_choice(item, "style", ("plain", "series"), path=path)
        for key in ("first", "last"):
            check_time(item, key, now=self._now, path=path)
        if not isinstance(item.get("count", 1), int) or item.get("count", 1) < 1:
            raise WorldError(f"expected a positive integer, got {item['count']!r}", path=(*path, "count"))
        resource, involved = self._lookup(kind, namespace, name, path=whose)
        if resource.namespaced != bool(namespace):
            form = f"{kind}/namespace/name" if resource.namespaced else f"{kind}/name"
            raise WorldError(f'expected "{form}", got {item["for"]!r}', path=whose)
        if involved is None:
            if not item.get("gone"):
                missing = f"{kind} {namespace + '/' if namespace else ''}{name}"
                text = f"no {missing} is loaded; write the object, or `gone: true` if it is deleted since"
                raise WorldError(text, path=whose)
            uid = uid_of(table=resource.table, namespace=namespace, name=name)
            metadata = {"name": name, "uid": uid} | ({"namespace": namespace} if namespace else {})
            involved = {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata}
        return item, resource, involved

    def _log(self, item: Json, *, path: Path) -> tuple[str, str, bool, Log]:
        check_keys(item, path=path, known=_LOG_KEYS)
        pod_name, whose = item.get("pod"), (*path, "pod")
        if not isinstance(pod_name, str) or pod_name.count("/") != 1:
            raise WorldError(f'expected "namespace/name", got {pod_name!r}', path=whose)
        text = check_text(item, "text", path=path)
        namespace, name = pod_name.split("/")
        _, pod = self._lookup("Pod", namespace, name, path=path)
        if pod is None:
            raise WorldError(f"no Pod {pod_name} is loaded", path=whose)
        containers = container_names(pod)
        container = item.get("container", containers[0] if len(containers) == 1 else None)
        if container not in containers:
            raise WorldError(f"expected one of {containers}, got {container!r}", path=(*path, "container"))
        if not isinstance(item.get("previous", False), bool):
            raise WorldError(f"expected true or false, got {item['previous']!r}", path=(*path, "previous"))
        since = check_time(item, "since", now=self._now, path=path)
        return pod["metadata"]["uid"], str(container), item.get("previous", False), Log(text=text, since=since)


def _items(world: Mapping[str, Any], key: str) -> Iterator[tuple[Path, Json]]:
    for at, item in enumerate(list_of_mappings(world.get(key), path=(key,))):
        yield (key, at), item


def _flat(items: Any, *, path: Path) -> Iterable[tuple[Path, Json]]:
    for at, item in enumerate(list_of_mappings(items, path=path)):
        if item.get("kind") == "List":
            yield from _flat(item.get("items"), path=(*path, at, "items"))
        else:
            yield (*path, at), item


def _denials(written: Any) -> list[Denial]:
    if written == "everything":
        return [Denial()]
    if isinstance(written, list | tuple):
        short = enumerate(written)
        written = [_denial(item, path=("forbidden", at)) if isinstance(item, str) else item for at, item in short]
    denials = []
    for path, item in _items({"forbidden": written}, "forbidden"):
        check_keys(item, path=path, known=_DENIAL_KEYS)
        denials.append(Denial(**{key: check_text(item, key, path=path) for key in item}))
    return denials


def _denial(written: str, *, path: Path) -> Json:
    """Return a denial written short, as "get pods/log" or "list storageclasses.storage.k8s.io", in full."""
    verb, _, resource = written.partition(" ")
    if not verb or not resource or " " in resource:
        raise WorldError(f'expected "verb resource.group" or a mapping, got {written!r}', path=path)
    name, _, group = resource.partition(".")
    return {"verb": verb, "group": group, "resource": name}


def _override(item: Json, *, path: Path) -> Override:
    check_keys(item, path=path, known=("when", "object", "becomes"))
    kind, namespace, name = split_address(item.get("object"), path=(*path, "object"))
    becomes, trigger = item.get("becomes"), item.get("when")
    if trigger not in tuple(OverrideTrigger):
        raise WorldError(f"expected one of {', '.join(OverrideTrigger)}, got {trigger!r}", path=(*path, "when"))
    if not isinstance(becomes, dict) and becomes not in tuple(PodOutcome):
        text = f"expected {' or '.join(PodOutcome)} or a merge patch, got {becomes!r}"
        raise WorldError(text, path=(*path, "becomes"))
    outcome = becomes if isinstance(becomes, dict) else PodOutcome(becomes)
    return Override(when=OverrideTrigger(trigger), kind=kind, namespace=namespace, name=name, becomes=outcome)
