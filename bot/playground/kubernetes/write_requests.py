"""Carry out writes: create, update, patch, delete, and the writable subresources."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.kubernetes import (
    defaults,
    events,
    fields,
    job_controller,
    patches,
    read_requests,
    schemas,
    shapes,
    times,
    validation,
)
from bot.playground.kubernetes.addresses import Address
from bot.playground.kubernetes.body import decode_object
from bot.playground.kubernetes.controllers import Controllers
from bot.playground.kubernetes.deletions import Deleter
from bot.playground.kubernetes.resources import WITHOUT_GENERATION, Json, Resource
from bot.playground.kubernetes.state import NAMESPACES, State
from bot.playground.kubernetes.status import (
    admission_forbidden,
    already_exists,
    bad_request,
    cause,
    conflict,
    invalid,
    method_not_allowed,
    not_found,
    refusal,
    success,
)
from bot.playground.kubernetes.updates import Updater, check, complete, require_version

_EVICTION = Resource(group="policy", version="v1", plural="evictions", kind="Eviction")
# Events of this group are stored as events of core/v1.
_NEW_EVENTS = "events.k8s.io"
_SCALE = Resource(group="autoscaling", version="v1", plural="scales", kind="Scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The response to a write."""

    status: int
    body: Json
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    """One write request."""

    address: Address
    resource: Resource
    query: Mapping[str, str]
    content_type: str
    body: bytes

    @property
    def name(self) -> str:
        return self.address.name

    def dry_run(self, *, options: str) -> bool:
        values = [self.query["dryRun"]] if self.query.get("dryRun") else []
        return validation.check_dry_run(values, options=options)


class Writer:
    """Carries out writes and lets the controllers react to what they stored."""

    def __init__(self, *, state: State, controllers: Controllers) -> None:
        self._state = state
        self._controllers = controllers
        self._updater = Updater(state=state, controllers=controllers)
        self._deleter = Deleter(state=state, controllers=controllers)

    def write(
        self, *, address: Address, resource: Resource, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> WriteResult:
        """Carry out one write. Raises Refusal."""
        write = _Write(
            address=address,
            resource=resource,
            query=query,
            content_type=headers.get("content-type", ""),
            body=body,
        )
        if resource.group == _NEW_EVENTS and address.verb != "create":
            message = f"the simulated API server does not {address.verb} events of {_NEW_EVENTS}: take those of core/v1"
            raise refusal(code=501, message=message, reason="NotImplemented")
        match address.subresource:
            case "":
                return self._main(write)
            case "status" | "ephemeralcontainers" | "resize" | "approval" | "finalize":
                return self._change(write)
            case "scale":
                return self._scale(write)
            case "eviction":
                return self._evict(write)
            case "binding":
                return self._bind(write)
            case other:
                message = f"the simulated API server does not serve {resource.plural}/{other}"
                raise refusal(code=501, message=message, reason="NotImplemented")

    def _main(self, write: _Write) -> WriteResult:
        match write.address.verb:
            case "create" if write.name:
                raise method_not_allowed()
            case "create":
                return self._create(write)
            case "update" | "patch":
                return self._change(write)
            case _:
                done = self._deleter.delete(
                    address=write.address, resource=write.resource, query=write.query, body=write.body
                )
                return WriteResult(status=200, body=done)

    def _create(self, write: _Write) -> WriteResult:
        dry_run = write.dry_run(options="CreateOptions")
        resource, state = write.resource, self._state
        obj = decode_object(write.body, content_type=write.content_type, resource=resource)
        shapes.check(obj, resource=resource)
        warnings = self._unknown_fields(obj, write=write)
        metadata = obj.setdefault("metadata", {})
        namespace = write.address.namespace if resource.namespaced else ""
        if metadata.get("namespace", namespace) != namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        self._require_namespace(write, name=metadata.get("name", ""))
        if metadata.get("resourceVersion"):
            raise refusal(code=500, message="resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + defaults.suffix(metadata, state.store.revision)
        stores = resource
        if resource.group == _NEW_EVENTS:
            obj, stores = events.as_core_event(obj), state.registry.of_table(("", "events"))
        created = self._initial(obj, resource=stores, namespace=namespace)
        complete(created, resource=stores)
        if resource.table == ("batch", "jobs") and isinstance(created.get("spec"), dict):
            job_controller.prepare(created)
        check(created, resource=resource)
        if state.find(resource=resource, namespace=namespace, name=metadata["name"]) is not None:
            raise already_exists(group=resource.group, resource=resource.plural, name=metadata["name"])
        if resource.kind == "Pod":
            defaults.mount_token(created["spec"], name=metadata["name"])
        if dry_run:
            return WriteResult(status=201, body=read_requests.shown(created, resource=resource), warnings=warnings)
        stored = state.put(resource=stores, obj=created)
        self._controllers.created(resource=stores, obj=stored)
        return WriteResult(status=201, body=read_requests.shown(stored, resource=resource), warnings=warnings)

    def _initial(self, obj: Json, *, resource: Resource, namespace: str) -> Json:
        metadata = obj["metadata"]
        head: Json = {key: metadata[key] for key in ("name", "generateName") if key in metadata}
        if namespace:
            head["namespace"] = namespace
        name = metadata.get("name", "")
        head["uid"] = self._state.store.new_uid(table=resource.table, namespace=namespace, name=name)
        if resource.kind not in WITHOUT_GENERATION:
            head["generation"] = 1
        head["creationTimestamp"] = times.timestamp(self._state.now())
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

    def _require_namespace(self, write: _Write, *, name: str) -> None:
        resource, namespace = write.resource, write.address.namespace
        if not resource.namespaced:
            return
        found = self._state.store.get(table=NAMESPACES, namespace="", name=namespace)
        if found is None:
            raise not_found(group="", resource="namespaces", name=namespace)
        if self._state.is_terminating(namespace):
            reason = cause(
                reason="NamespaceTerminating",
                message=f"namespace {namespace} is being terminated",
                field="metadata.namespace",
            )
            raise admission_forbidden(
                group=resource.group,
                resource=resource.plural,
                name=name,
                because=f"unable to create new content in namespace {namespace} because it is being terminated",
                causes=[reason],
            )

    def _unknown_fields(self, obj: Json, *, write: _Write) -> tuple[str, ...]:
        """Drop unknown fields and return the warnings. Refusal 400 if the client asked for strict validation."""
        unknown = fields.unknown(obj, resource=write.resource)
        fields.drop_unknown(obj, resource=write.resource)
        if write.resource.schema is not None:
            unknown += schemas.prune(obj, write.resource.schema)
        mode = write.query.get("fieldValidation", "Warn")
        if unknown and mode == "Strict":
            raise fields.strict_error(unknown, resource=write.resource)
        return tuple(f'unknown field "{path}"' for path in unknown) if mode == "Warn" else ()

    def _change(self, write: _Write) -> WriteResult:
        """Update or patch an object, or a subresource that shows the whole object."""
        if write.address.verb == "update":
            return self._replace(write)
        dry_run = write.dry_run(options="PatchOptions")
        if write.content_type.startswith(patches.APPLY_PATCH):
            raise patches.no_apply(manager=write.query.get("fieldManager", ""))
        before = self._existing(write)
        shown = read_requests.shown(before, resource=write.resource)
        after = patches.apply(shown, body=write.body, content_type=write.content_type, resource=write.resource)
        shapes.check(after, resource=write.resource)
        fields.check_micro_times(after, resource=write.resource)
        warnings = self._unknown_fields(after, write=write)
        return self._store(write, before=before, after=after, dry_run=dry_run, warnings=warnings)

    def _replace(self, write: _Write) -> WriteResult:
        dry_run = write.dry_run(options="UpdateOptions")
        after = decode_object(write.body, content_type=write.content_type, resource=write.resource)
        shapes.check(after, resource=write.resource)
        warnings = self._unknown_fields(after, write=write)
        _same_name(after, write=write)
        before = self._existing(write)
        return self._store(write, before=before, after=after, dry_run=dry_run, warnings=warnings)

    def _existing(self, write: _Write) -> Json:
        return read_requests.existing(state=self._state, resource=write.resource, address=write.address)

    def _store(
        self, write: _Write, *, before: Json, after: Json, dry_run: bool, warnings: tuple[str, ...]
    ) -> WriteResult:
        _same_name(after, write=write)
        body = self._updater.store(
            resource=write.resource,
            before=before,
            after=after,
            dry_run=dry_run,
            subresource=write.address.subresource,
        )
        return WriteResult(status=200, body=body, warnings=warnings)

    def _scale(self, write: _Write) -> WriteResult:
        owner = self._existing(write)
        before = scale_of(owner)
        if write.address.verb == "get":
            return WriteResult(status=200, body=before)
        if write.address.verb == "patch":
            dry_run = write.dry_run(options="PatchOptions")
            after = patches.apply(before, body=write.body, content_type=write.content_type, resource=write.resource)
        else:
            dry_run = write.dry_run(options="UpdateOptions")
            after = decode_object(write.body, content_type=write.content_type, resource=write.resource, kind="Scale")
        shapes.check(after, resource=_SCALE)
        require_version(owner, after, resource=write.resource)
        replicas = after["spec"].get("replicas", 0)
        if replicas < 0:
            message = f"Invalid value: {replicas}: must be greater than or equal to 0"
            wrong = cause(reason="FieldValueInvalid", message=message, field="spec.replicas")
            raise invalid(group="autoscaling", kind="Scale", name=write.name, causes=[wrong])
        changed = owner | {"spec": owner["spec"] | {"replicas": replicas}}
        stored = self._updater.store(resource=write.resource, before=owner, after=changed, dry_run=dry_run)
        return WriteResult(status=200, body=scale_of(stored))

    def _evict(self, write: _Write) -> WriteResult:
        if write.address.verb != "create":
            raise method_not_allowed()
        body = decode_object(write.body, content_type=write.content_type, resource=write.resource, kind="Eviction")
        shapes.check(body, resource=_EVICTION)
        if body["metadata"].get("name", write.name) != write.name:
            raise bad_request("name in URL does not match name in Eviction object")
        options = body.get("deleteOptions") or {}
        values = options.get("dryRun") or ([write.query["dryRun"]] if write.query.get("dryRun") else [])
        dry_run = validation.check_dry_run(values, options="DeleteOptions")
        pod = self._existing(write)
        self._deleter.evict(pod=pod, resource=write.resource, options=options, dry_run=dry_run)
        return WriteResult(status=201, body=success(code=201))

    def _bind(self, write: _Write) -> WriteResult:
        body = decode_object(write.body, content_type=write.content_type, resource=write.resource, kind="Binding")
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
        if not write.dry_run(options="CreateOptions"):
            self._controllers.started(bound)
        return WriteResult(status=201, body=success(code=201))


def _same_name(obj: Json, *, write: _Write) -> None:
    metadata = obj.get("metadata") or {}
    name = metadata.get("name", write.name)
    if name != write.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({write.name})")
    namespace = write.address.namespace if write.resource.namespaced else ""
    if metadata.get("namespace", namespace) != namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


def scale_of(owner: Json) -> Json:
    """Return the Scale of a workload; its selector is text."""
    metadata = owner["metadata"]
    selector = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
    status = owner.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": owner["spec"].get("replicas", 1)},
        "status": {
            "replicas": status.get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(selector.items())),
        },
    }
