"""Complete and check updates: restore the fields a client cannot change, count generations, find released objects."""

from __future__ import annotations

import copy

from bot.playground.kubernetes import defaults, events, structs, validation
from bot.playground.kubernetes.objects import annotations_of, without
from bot.playground.kubernetes.resources import EVENTS, NAMESPACES, PODS, Json, Resource
from bot.playground.kubernetes.status import conflict

_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_KEPT_METADATA = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


def require_version(before: Json, after: Json, *, resource: Resource) -> None:
    """Raise Refusal 409 if `after` has another resourceVersion than the stored object."""
    asked = after["metadata"].get("resourceVersion")
    if asked and asked != before["metadata"]["resourceVersion"]:
        name = before["metadata"]["name"]
        raise conflict(group=resource.group, resource=resource.plural, name=name, because=_MODIFIED)


def updated(before: Json, after: Json, *, subresource: str, resource: Resource) -> Json:
    """Return the object to store for an update, `before` if nothing changes. Refusal 409 or 422."""
    after = _carried_over(before, copy.deepcopy(after), subresource=subresource, resource=resource)
    require_version(before, after, resource=resource)
    complete(after, resource=resource)
    check(after, resource=resource, before=before)
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


def complete(obj: Json, *, resource: Resource) -> None:
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


def check(obj: Json, *, resource: Resource, before: Json | None = None) -> None:
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


def releasable(obj: Json, *, resource: Resource) -> bool:
    """Return whether an object that is being deleted has no finalizer and no grace period left."""
    if obj["metadata"].get("finalizers"):
        return False
    if resource.table == NAMESPACES:
        return not (obj.get("spec") or {}).get("finalizers")
    return bool(resource.table != PODS or not obj["metadata"].get("deletionGracePeriodSeconds"))
