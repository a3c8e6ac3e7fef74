"""Carry out writes: create, update, patch, delete, and the writable subresources."""

from __future__ import annotations

from bot.playground.copies import copied
from bot.playground.kubernetes import defaults, events, patches, reads, structs, validation
from bot.playground.kubernetes.calls import Answer, Call
from bot.playground.kubernetes.controllers import Controllers
from bot.playground.kubernetes.deletions import Deleter
from bot.playground.kubernetes.objects import annotations_of, status_of, without
from bot.playground.kubernetes.resources import EVENTS, JOBS, NAMESPACES, NEW_EVENTS, PODS, Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import (
    already_exists,
    bad_request,
    cause,
    conflict,
    fixed,
    forbidden,
    invalid,
    invalid_value,
    not_found,
    not_implemented,
    refusal,
    success,
)

_EVICTION = Resource(group="policy", version="v1", plural="evictions", kind="Eviction")
_SCALE = Resource(group="autoscaling", version="v1", plural="scales", kind="Scale")
_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_KEPT_METADATA = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
# What shows and takes the whole object.
_WHOLE = ("", "status", "ephemeralcontainers", "resize", "approval", "finalize")


class Writer:
    """Carries out writes and lets the controllers react to what they stored."""

    def __init__(self, *, state: State, controllers: Controllers) -> None:
        self._state = state
        self._controllers = controllers
        self._deleter = Deleter(state=state, controllers=controllers)

    def write(self, call: Call) -> Answer:
        """Carry out one call. Raises Refusal."""
        resource, verb, subresource = call.resource, call.address.verb, call.address.subresource
        if resource.group == NEW_EVENTS and verb != "create":
            raise not_implemented(f"does not {verb} events of {NEW_EVENTS}: take those of core/v1")
        match subresource, verb:
            case "", "create" if not call.name:
                return self._create(call)
            case "", "delete" | "deletecollection":
                return Answer(body=self._deleter.delete(call))
            case "scale", _:
                return self._scale(call)
            case "eviction", _:
                return self._evict(call)
            case "", "create":
                raise fixed("method_not_allowed")
            case "binding", _:
                return self._bind(call)
            case _ if subresource in _WHOLE:
                return self._change(call)
            case _:
                raise not_implemented(f"does not serve {resource.plural}/{subresource}")

    def _create(self, call: Call) -> Answer:
        dry_run = call.dry_run
        resource, state = call.resource, self._state
        obj = call.decoded()
        structs.check(obj, resource=resource)
        warnings = self._unknown_fields(obj, call=call)
        metadata = obj.setdefault("metadata", {})
        namespace = call.namespace if resource.namespaced else ""
        _same_namespace(metadata, call=call)
        self._require_namespace(call, name=metadata.get("name", ""))
        if metadata.get("resourceVersion"):
            raise refusal(code=500, message="resourceVersion should not be set on objects to be created")
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + defaults.suffix(metadata, state.store.revision)
        stores = resource
        if resource.group == NEW_EVENTS:
            obj, stores = events.as_core_event(obj), state.registry.of_table(EVENTS)
        created = self._initial(obj, resource=stores, namespace=namespace)
        _complete(created, resource=stores)
        if resource.table == JOBS and isinstance(created.get("spec"), dict):
            defaults.prepare_job(created)
        _check(created, resource=resource)
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
        head = self._state.new_metadata(resource.table, name, namespace=namespace)
        head |= {key: metadata[key] for key in ("generateName",) if key in metadata}
        if resource.has_generation:
            head["generation"] = 1
        head |= {key: metadata[key] for key in ("labels", "annotations", "ownerReferences") if key in metadata}
        if metadata.get("finalizers"):
            head["finalizers"] = metadata["finalizers"]
        with_status = resource.subresource("status") is not None
        written = without(obj, "kind", "apiVersion", "metadata", *(["status"] if with_status else []))
        created: Json = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": head}
        created |= copied(written)
        if with_status and not resource.custom:
            created["status"] = {"phase": "Active"} if resource.kind == "Namespace" else {}
        if resource.kind == "Namespace":
            created["metadata"]["labels"] = {"kubernetes.io/metadata.name": name} | (metadata.get("labels") or {})
            created.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
        return created

    def _require_namespace(self, call: Call, *, name: str) -> None:
        resource, namespace = call.resource, call.namespace
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

    def _unknown_fields(self, obj: Json, *, call: Call) -> tuple[str, ...]:
        """Drop unknown fields and return the warnings. Refusal 400 if the client asked for strict validation."""
        unknown = structs.drop_unknown(obj, resource=call.resource)
        if call.resource.schema is not None:
            unknown += structs.prune(obj, call.resource.schema)
        mode = call.query.get("fieldValidation", "Warn")
        if unknown and mode == "Strict":
            raise structs.strict_error(unknown, resource=call.resource)
        return tuple(f'unknown field "{path}"' for path in unknown) if mode == "Warn" else ()

    def _change(self, call: Call) -> Answer:
        """Update or patch an object, or a subresource that shows the whole object."""
        dry_run, resource, patched = call.dry_run, call.resource, call.address.verb == "patch"
        if patched:
            if call.request.content_type.startswith(patches.APPLY_PATCH):
                raise patches.no_apply(manager=call.query.get("fieldManager", ""))
            after = patches.apply(reads.shown(self._existing(call), resource=resource), call=call)
        else:
            after = call.decoded()
        structs.check(after, resource=resource)
        if patched:
            structs.check_micro_times(after, resource=resource)
        warnings = self._unknown_fields(after, call=call)
        _same_name(after, call=call)
        body = self._update(call, before=self._existing(call), after=after, dry_run=dry_run)
        return Answer(body=body, warnings=warnings)

    def _existing(self, call: Call) -> Json:
        return reads.existing(call, state=self._state)

    def _update(self, call: Call, *, before: Json, after: Json, dry_run: bool) -> Json:
        """Store an update and return the object in the response. Refusal 409 or 422."""
        resource = call.resource
        # A new scale is a change of the object itself.
        part = "" if call.address.subresource == "scale" else call.address.subresource
        after = _updated(before, after, subresource=part, resource=resource)
        if after is before or dry_run:
            return after
        if after["metadata"].get("deletionTimestamp") and _releasable(after, resource=resource):
            self._controllers.remove(resource.table, after)
            return after
        stored = self._state.put(resource.table, after)
        self._controllers.updated(resource.table, before, stored)
        return stored

    def _scale(self, call: Call) -> Answer:
        owner = self._existing(call)
        before = scale_of(owner)
        if call.address.verb == "get":
            return Answer(body=before)
        dry_run = call.dry_run
        patched = call.address.verb == "patch"
        after = patches.apply(before, call=call) if patched else call.decoded(kind="Scale")
        structs.check(after, resource=_SCALE)
        _require_version(owner, after, resource=call.resource)
        replicas = after["spec"].get("replicas", 0)
        if replicas < 0:
            wrong = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
            raise invalid(group="autoscaling", kind="Scale", name=call.name, causes=[wrong])
        changed = owner | {"spec": owner["spec"] | {"replicas": replicas}}
        stored = self._update(call, before=owner, after=changed, dry_run=dry_run)
        return Answer(body=scale_of(stored))

    def _evict(self, call: Call) -> Answer:
        body = call.decoded(kind="Eviction")
        structs.check(body, resource=_EVICTION)
        if body["metadata"].get("name", call.name) != call.name:
            raise bad_request("name in URL does not match name in Eviction object")
        options = body.get("deleteOptions") or {}
        dry_run = validation.is_dry_run(options, call.query, options="DeleteOptions")
        pod = self._existing(call)
        self._deleter.evict(pod=pod, resource=call.resource, options=options, dry_run=dry_run)
        return Answer(status=201, body=success(code=201))

    def _bind(self, call: Call) -> Answer:
        body = call.decoded(kind="Binding")
        pod = self._existing(call)
        if node := pod["spec"].get("nodeName"):
            raise conflict(
                group="",
                resource="pods/binding",
                name=call.name,
                because=f'pod {call.name} is already assigned to node "{node}"',
            )
        target = (body.get("target") or {}).get("name", "")
        bound = pod | {"spec": pod["spec"] | {"nodeName": target}}
        if not call.dry_run:
            self._controllers.started(bound)
        return Answer(status=201, body=success(code=201))


def _same_name(obj: Json, *, call: Call) -> None:
    metadata = obj.get("metadata") or {}
    name = metadata.get("name", call.name)
    if name != call.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    _same_namespace(metadata, call=call)


def _same_namespace(metadata: Json, *, call: Call) -> None:
    namespace = call.namespace if call.resource.namespaced else ""
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


def _require_version(before: Json, after: Json, *, resource: Resource) -> None:
    """Raise Refusal 409 if `after` has another resourceVersion than the stored object."""
    asked = after["metadata"].get("resourceVersion")
    if asked and asked != before["metadata"]["resourceVersion"]:
        name = before["metadata"]["name"]
        raise conflict(group=resource.group, resource=resource.plural, name=name, because=_MODIFIED)


def _updated(before: Json, after: Json, *, subresource: str, resource: Resource) -> Json:
    """Return the object to store for an update, `before` if nothing changes. Refusal 409 or 422."""
    after = _carried_over(before, copied(after), subresource=subresource, resource=resource)
    _require_version(before, after, resource=resource)
    _complete(after, resource=resource)
    _check(after, resource=resource, before=before)
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
    if after == before:
        return before
    if subresource == "" and _counts_up(before, after, resource=resource):
        after["metadata"]["generation"] = before["metadata"].get("generation", 0) + 1
    return after


def _carried_over(before: Json, after: Json, *, subresource: str, resource: Resource) -> Json:
    """Return the object to store: with the old values of the fields that the client or subresource cannot change."""
    metadata = _kept_metadata(after.setdefault("metadata", {}), old=before["metadata"])
    after |= {"kind": before["kind"], "apiVersion": before["apiVersion"]}
    if subresource == "status":
        after = without(before, "metadata", "status") | {"metadata": metadata, "status": after.get("status", {})}
    elif subresource == "finalize":
        after = before | {"spec": {key: value for key, value in (after.get("spec") or {}).items() if value}}
    elif resource.subresource("status") is not None:
        after.pop("status", None)
        if "status" in before:
            after["status"] = before["status"]
    ordered = {key: after[key] for key in ("kind", "apiVersion", "metadata") if key in after}
    return ordered | {key: value for key, value in after.items() if value is not None}


def _kept_metadata(metadata: Json, *, old: Json) -> Json:
    """Return the metadata, changed in place, with the old values of the fields that only the API server sets."""
    for key in _KEPT_METADATA:
        if key == "uid" and metadata.get("uid"):
            continue
        if key in old:
            metadata[key] = old[key]
        else:
            metadata.pop(key, None)
    metadata["name"] = old["name"]
    if "namespace" in old:
        metadata["namespace"] = old["namespace"]
    for key in ("labels", "annotations", "finalizers", "ownerReferences"):
        if not metadata.get(key):
            metadata.pop(key, None)
    return metadata


def _complete(obj: Json, *, resource: Resource) -> None:
    """Set the defaults that the API server sets, in place."""
    defaults.fill(obj, resource=resource)
    if resource.table == PODS:
        status = obj.setdefault("status", {})
        status.setdefault("phase", "Pending")
        status.setdefault("qosClass", defaults.quality(obj.get("spec") or {}))
        for condition in status.get("conditions") or ():
            condition.setdefault("lastProbeTime", None)
            condition.setdefault("lastTransitionTime", None)
    if resource.table == EVENTS:
        events.complete(obj)
    if resource.schema is not None:
        structs.set_defaults(obj, resource.schema)


def _check(obj: Json, *, resource: Resource, before: Json | None = None) -> None:
    """Raise Refusal 422 if the object is invalid by the rules of its kind or by its schema."""
    validation.check(obj, resource=resource, before=before)
    if resource.schema is not None:
        found = list(structs.violations(obj, resource.schema))
        validation.refuse(found, resource=resource, name=obj["metadata"].get("name", ""))


def _counts_up(before: Json, after: Json, *, resource: Resource) -> bool:
    """Return whether this update is a new generation; annotations count for a Deployment."""
    if "generation" not in before["metadata"]:
        return False
    if resource.custom:
        return any(before.get(key) != after.get(key) for key in {*before, *after} - {"metadata", "status"})
    changed = before.get("spec") != after.get("spec")
    return changed or (resource.kind == "Deployment" and annotations_of(before) != annotations_of(after))


def _releasable(obj: Json, *, resource: Resource) -> bool:
    """Return whether an object that is being deleted has no finalizer and no grace period left."""
    if obj["metadata"].get("finalizers"):
        return False
    if resource.table == NAMESPACES:
        return not (obj.get("spec") or {}).get("finalizers")
    return bool(resource.table != PODS or not obj["metadata"].get("deletionGracePeriodSeconds"))
