"""Carry out writes: create, update, patch, delete, and the writable subresources."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.kubernetes import defaults, events, patches, reads, structs, validation
from bot.playground.kubernetes.controllers import Controllers
from bot.playground.kubernetes.deletions import Deleter
from bot.playground.kubernetes.grants import Address
from bot.playground.kubernetes.objects import status_of
from bot.playground.kubernetes.resources import EVENTS, JOBS, NAMESPACES, NEW_EVENTS, Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import (
    already_exists,
    bad_request,
    cause,
    conflict,
    forbidden,
    invalid,
    invalid_value,
    method_not_allowed,
    not_found,
    not_implemented,
    refusal,
    success,
    unknown_format,
)
from bot.playground.kubernetes.updates import check, complete, releasable, require_version, updated

_EVICTION = Resource(group="policy", version="v1", plural="evictions", kind="Eviction")
_SCALE = Resource(group="autoscaling", version="v1", plural="scales", kind="Scale")
# What shows and takes the whole object.
_WHOLE = ("", "status", "ephemeralcontainers", "resize", "approval", "finalize")
_OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_OBJECT_TYPES = "application/json, application/yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response to a request; a `body` of None is sent empty, text as plain text."""

    status: int = 200
    body: Json | str | None
    content_type: str = "application/json"
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write request."""

    address: Address
    resource: Resource
    query: Mapping[str, str]
    content_type: str
    body: bytes

    @property
    def name(self) -> str:
        return self.address.name

    @property
    def dry_run(self) -> bool:
        """Return whether nothing is to be stored. Refusal 422 for a value other than All."""
        return validation.is_dry_run({}, self.query, options=_OPTIONS[self.address.verb])

    def decoded(self, *, kind: str = "") -> Json:
        """Decode the object in the body of a create or an update. Refusal 415 or 400.

        `kind` is what the body must hold if it is not an object of the resource (a Scale, an Eviction).
        """
        if self.content_type.partition(";")[0].strip() not in ("", "application/json"):
            protobuf = "" if self.resource.custom else ", application/vnd.kubernetes.protobuf"
            raise unknown_format(_OBJECT_TYPES + protobuf)
        wanted = kind or self.resource.kind
        text = self.body.decode(errors="replace")
        unrecognised = f"the object provided is unrecognized (must be of type {wanted}): "
        unversioned = f"{unrecognised}couldn't get version/kind; json parse error: "
        try:
            decoded = json.loads(text)
        except ValueError:
            raise bad_request(f"{unversioned}unexpected end of JSON input ({text})") from None
        if not isinstance(decoded, dict):
            raise bad_request(f"{unversioned}not an object ({text[:30]} ...)")
        found = decoded.get("kind")
        if found is None and self.resource.custom:
            raise bad_request(f"{unrecognised}Object 'Kind' is missing in '{text}' ({text[:30]} ...)")
        if found is not None and found != wanted:
            version = str(decoded.get("apiVersion") or self.resource.version).rpartition("/")[2]
            raise bad_request(
                f'{found} in version "{version}" cannot be handled as a {wanted}: '
                f"converting ({version}.{found}) to (core.{wanted}): unknown conversion"
            )
        return decoded


class Writer:
    """Carries out writes and lets the controllers react to what they stored."""

    def __init__(self, *, state: State, controllers: Controllers) -> None:
        self._state = state
        self._controllers = controllers
        self._deleter = Deleter(state=state, controllers=controllers)

    def write(self, write: Write) -> Answer:
        """Carry out one write. Raises Refusal."""
        resource, verb, subresource = write.resource, write.address.verb, write.address.subresource
        if resource.group == NEW_EVENTS and verb != "create":
            raise not_implemented(f"does not {verb} events of {NEW_EVENTS}: take those of core/v1")
        match subresource, verb:
            case "", "create" if not write.name:
                return self._create(write)
            case "", "delete" | "deletecollection":
                done = self._deleter.delete(
                    address=write.address, resource=resource, query=write.query, body=write.body
                )
                return Answer(body=done)
            case "scale", _:
                return self._scale(write)
            case "eviction", _:
                return self._evict(write)
            case "", "create":
                raise method_not_allowed()
            case "binding", _:
                return self._bind(write)
            case _ if subresource in _WHOLE:
                return self._replace(write) if verb == "update" else self._patch(write)
            case _:
                raise not_implemented(f"does not serve {resource.plural}/{subresource}")

    def _create(self, write: Write) -> Answer:
        dry_run = write.dry_run
        resource, state = write.resource, self._state
        obj = write.decoded()
        structs.check(obj, resource=resource)
        warnings = self._unknown_fields(obj, write=write)
        metadata = obj.setdefault("metadata", {})
        namespace = write.address.namespace if resource.namespaced else ""
        _same_namespace(metadata, write=write)
        self._require_namespace(write, name=metadata.get("name", ""))
        if metadata.get("resourceVersion"):
            raise refusal(code=500, message="resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + defaults.suffix(metadata, state.store.revision)
        stores = resource
        if resource.group == NEW_EVENTS:
            obj, stores = events.as_core_event(obj), state.registry.of_table(EVENTS)
        created = self._initial(obj, resource=stores, namespace=namespace)
        complete(created, resource=stores)
        if resource.table == JOBS and isinstance(created.get("spec"), dict):
            defaults.prepare_job(created)
        check(created, resource=resource)
        if state.find(resource, metadata["name"], namespace=namespace) is not None:
            raise already_exists(group=resource.group, resource=resource.plural, name=metadata["name"])
        if resource.kind == "Pod":
            defaults.mount_token(created["spec"], name=metadata["name"])
        if not dry_run:
            created = state.put(stores.table, created)
            self._controllers.created(stores.table, created)
        return Answer(status=201, body=reads.shown(created, resource=resource), warnings=warnings)

    def _initial(self, obj: Json, *, resource: Resource, namespace: str) -> Json:
        metadata, name = obj["metadata"], obj["metadata"].get("name", "")
        generated = {key: metadata[key] for key in ("generateName",) if key in metadata}
        head = self._state.new_metadata(resource.table, name, namespace=namespace) | generated
        if resource.has_generation:
            head["generation"] = 1
        kept = {key: value for key, value in metadata.items() if key in ("labels", "annotations", "ownerReferences")}
        if metadata.get("finalizers"):
            kept["finalizers"] = metadata["finalizers"]
        created: Json = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": head | kept}
        with_status = resource.subresource("status") is not None
        created |= {
            key: copy.deepcopy(value)
            for key, value in obj.items()
            if key not in ("kind", "apiVersion", "metadata") and not (key == "status" and with_status)
        }
        if with_status and not resource.custom:
            created["status"] = {"phase": "Active"} if resource.kind == "Namespace" else {}
        if resource.kind == "Namespace":
            created["metadata"]["labels"] = {"kubernetes.io/metadata.name": name} | (metadata.get("labels") or {})
            created.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
        return created

    def _require_namespace(self, write: Write, *, name: str) -> None:
        resource, namespace = write.resource, write.address.namespace
        if not resource.namespaced:
            return
        if self._state.get(NAMESPACES, namespace) is None:
            raise not_found(group="", resource="namespaces", name=namespace)
        if self._state.is_terminating(namespace):
            reason = cause(
                reason="NamespaceTerminating",
                message=f"namespace {namespace} is being terminated",
                field="metadata.namespace",
            )
            because = f"unable to create new content in namespace {namespace} because it is being terminated"
            says = f"{{}} is forbidden: {because}"
            raise forbidden(group=resource.group, resource=resource.plural, name=name, says=says, causes=[reason])

    def _unknown_fields(self, obj: Json, *, write: Write) -> tuple[str, ...]:
        """Drop unknown fields and return the warnings. Refusal 400 if the client asked for strict validation."""
        unknown = structs.drop_unknown(obj, resource=write.resource)
        if write.resource.schema is not None:
            unknown += structs.prune(obj, write.resource.schema)
        mode = write.query.get("fieldValidation", "Warn")
        if unknown and mode == "Strict":
            raise structs.strict_error(unknown, resource=write.resource)
        return tuple(f'unknown field "{path}"' for path in unknown) if mode == "Warn" else ()

    def _patch(self, write: Write) -> Answer:
        """Patch an object, or a subresource that shows the whole object."""
        dry_run = write.dry_run
        if write.content_type.startswith(patches.APPLY_PATCH):
            raise patches.no_apply(manager=write.query.get("fieldManager", ""))
        before = self._existing(write)
        shown = reads.shown(before, resource=write.resource)
        after = patches.apply(shown, body=write.body, content_type=write.content_type, resource=write.resource)
        structs.check(after, resource=write.resource)
        structs.check_micro_times(after, resource=write.resource)
        warnings = self._unknown_fields(after, write=write)
        return self._store(write, before=before, after=after, dry_run=dry_run, warnings=warnings)

    def _replace(self, write: Write) -> Answer:
        """Update an object, or a subresource that shows the whole object."""
        dry_run = write.dry_run
        after = write.decoded()
        structs.check(after, resource=write.resource)
        warnings = self._unknown_fields(after, write=write)
        _same_name(after, write=write)
        return self._store(write, before=self._existing(write), after=after, dry_run=dry_run, warnings=warnings)

    def _existing(self, write: Write) -> Json:
        return reads.existing(state=self._state, resource=write.resource, address=write.address)

    def _store(self, write: Write, *, before: Json, after: Json, dry_run: bool, warnings: tuple[str, ...]) -> Answer:
        _same_name(after, write=write)
        body = self._update(write, before=before, after=after, dry_run=dry_run, part=write.address.subresource)
        return Answer(body=body, warnings=warnings)

    def _update(self, write: Write, *, before: Json, after: Json, dry_run: bool, part: str = "") -> Json:
        """Store an update and return the object in the response. Refusal 409 or 422."""
        resource = write.resource
        after = updated(before, after, subresource=part, resource=resource)
        if after is before or dry_run:
            return after
        if after["metadata"].get("deletionTimestamp") and releasable(after, resource=resource):
            self._controllers.remove(resource.table, after)
            return after
        stored = self._state.put(resource.table, after)
        self._controllers.updated(resource.table, before, stored)
        return stored

    def _scale(self, write: Write) -> Answer:
        owner = self._existing(write)
        before = scale_of(owner)
        if write.address.verb == "get":
            return Answer(body=before)
        dry_run = write.dry_run
        if write.address.verb == "patch":
            after = patches.apply(before, body=write.body, content_type=write.content_type, resource=write.resource)
        else:
            after = write.decoded(kind="Scale")
        structs.check(after, resource=_SCALE)
        require_version(owner, after, resource=write.resource)
        replicas = after["spec"].get("replicas", 0)
        if replicas < 0:
            wrong = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
            raise invalid(group="autoscaling", kind="Scale", name=write.name, causes=[wrong])
        changed = owner | {"spec": owner["spec"] | {"replicas": replicas}}
        stored = self._update(write, before=owner, after=changed, dry_run=dry_run)
        return Answer(body=scale_of(stored))

    def _evict(self, write: Write) -> Answer:
        body = write.decoded(kind="Eviction")
        structs.check(body, resource=_EVICTION)
        if body["metadata"].get("name", write.name) != write.name:
            raise bad_request("name in URL does not match name in Eviction object")
        options = body.get("deleteOptions") or {}
        dry_run = validation.is_dry_run(options, write.query, options="DeleteOptions")
        pod = self._existing(write)
        self._deleter.evict(pod=pod, resource=write.resource, options=options, dry_run=dry_run)
        return Answer(status=201, body=success(code=201))

    def _bind(self, write: Write) -> Answer:
        body = write.decoded(kind="Binding")
        pod = self._existing(write)
        if node := pod["spec"].get("nodeName"):
            raise conflict(
                group="",
                resource="pods/binding",
                name=write.name,
                because=f'pod {write.name} is already assigned to node "{node}"',
            )
        target = (body.get("target") or {}).get("name", "")
        bound = pod | {"spec": pod["spec"] | {"nodeName": target}}
        if not write.dry_run:
            self._controllers.started(bound)
        return Answer(status=201, body=success(code=201))


def _same_name(obj: Json, *, write: Write) -> None:
    metadata = obj.get("metadata") or {}
    name = metadata.get("name", write.name)
    if name != write.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({write.name})")
    _same_namespace(metadata, write=write)


def _same_namespace(metadata: Json, *, write: Write) -> None:
    namespace = write.address.namespace if write.resource.namespaced else ""
    if metadata.get("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def scale_of(owner: Json) -> Json:
    """Return the Scale of a workload; its selector is text."""
    metadata = owner["metadata"]
    selector = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": owner["spec"].get("replicas", 1)},
        "status": {
            "replicas": status_of(owner).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items())),
        },
    }
