"""Answer reads: single objects, lists, metadata-only forms and logs."""

from __future__ import annotations

from collections.abc import Mapping

from bot.playground.kubernetes import events, lists, logs
from bot.playground.kubernetes.addresses import Address
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import not_found


def get(*, state: State, resource: Resource, address: Address, query: Mapping[str, str]) -> Json:
    """Return one object. Refusal 404 if it does not exist, 504 if the requested resourceVersion lies in the future."""
    lists.parse_revision(query.get("resourceVersion"), store=state.store)
    obj = existing(state=state, resource=resource, address=address)
    return shown(obj, resource=resource)


def existing(*, state: State, resource: Resource, address: Address) -> Json:
    """Return the stored object of an address. Refusal 404 if it does not exist."""
    obj = state.find(resource=resource, namespace=address.namespace, name=address.name)
    if obj is None:
        raise not_found(group=resource.group, resource=resource.plural, name=address.name)
    return obj


def shown(obj: Json, *, resource: Resource) -> Json:
    """Return a stored object in the requested version."""
    if resource.group == "events.k8s.io":
        return events.as_new_event(obj)
    return {"kind": resource.kind, "apiVersion": resource.api_version} | {
        key: value for key, value in obj.items() if key not in ("kind", "apiVersion")
    }


def list_objects(
    *, state: State, resource: Resource, address: Address, query: Mapping[str, str], metadata_only: bool = False
) -> Json:
    """Return a list. Items of built-in kinds carry neither kind nor apiVersion; those of custom kinds do."""
    page = lists.page(store=state.store, resource=resource, namespace=address.namespace, query=query)
    metadata: Json = {"resourceVersion": str(page.revision)}
    if page.token:
        metadata["continue"] = page.token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    if metadata_only:
        items = [partial(obj) for obj in page.objects]
        kind, api_version = "PartialObjectMetadataList", "meta.k8s.io/v1"
    else:
        items = [_item(shown(obj, resource=resource), keep_kind=resource.custom) for obj in page.objects]
        kind, api_version = f"{resource.kind}List", resource.api_version
        if resource.custom:
            metadata = {"continue": "", **metadata}
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items}


def partial(obj: Json) -> Json:
    """Return the metadata-only form of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _item(obj: Json, *, keep_kind: bool) -> Json:
    return obj if keep_kind else {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def pod_log(*, state: State, resource: Resource, address: Address, query: Mapping[str, str]) -> str | None:
    """Return the log of a container of a pod, None for 204."""
    pod = existing(state=state, resource=resource, address=address)
    return logs.read(
        pod=pod,
        node=lambda name: state.store.get(table=("", "nodes"), namespace="", name=name),
        logs=state.logs,
        query=query,
        now=state.now(),
    )
