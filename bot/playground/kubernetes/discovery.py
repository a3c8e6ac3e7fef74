"""Serve the discovery documents: groups, versions and resources, plain and aggregated."""

from __future__ import annotations

from bot.playground.kubernetes.resources import Json, Registry, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import fixed

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_STALE = {"freshness": "Stale"}
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


def legacy_versions(*, address: str) -> Json:
    """Return the versions of the core group, with the address of the server."""
    cidrs = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": cidrs}


def groups(registry: Registry) -> Json:
    """Return the document of all named groups."""
    groups = [_group(group, registry=registry) for group in registry.groups()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(name: str, *, registry: Registry) -> Json:
    """Return the document of one group. Refusal 404 in plain text for an unknown group."""
    if not name or not registry.versions(name):
        raise fixed("page_not_found")
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, registry=registry)}


def resources(state: State, *, group: str, version: str) -> Json:
    """Return the resources of a group version. Refusal 404 (text) if unknown, 503 (text) if its backend is down."""
    state.require_served(group=group, version=version)
    rows = [
        row for resource in state.registry.of_group_version(group=group, version=version) for row in _plain(resource)
    ]
    head: Json = {"kind": "APIResourceList"}
    if group:
        head["apiVersion"] = "v1"
    return head | {"groupVersion": f"{group}/{version}" if group else version, "resources": rows}


def aggregated(state: State, *, core: bool) -> Json:
    """Return the resources of the core group, or of all named groups, in one document."""
    groups = [""] if core else state.registry.groups()
    stale = state.unavailable()
    items = []
    for group in groups:
        versions: list[Json] = []
        for version in state.registry.versions(group):
            found = state.registry.of_group_version(group=group, version=version)
            told: Json = {"resources": [_aggregated(each) for each in found], "freshness": "Current"}
            versions.append({"version": version} | (_STALE if (group, version) in stale else told))
        items.append({"metadata": {"name": group} if group else {}, "versions": versions})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _group(group: str, *, registry: Registry) -> Json:
    versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in registry.versions(group)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _plain(resource: Resource) -> list[Json]:
    verbs = _CUSTOM_VERBS if resource.custom else resource.verbs
    row: Json = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(verbs),
    }
    rows = [row | _names(resource)]
    for each in resource.subresources:
        sub: Json = {"name": f"{resource.plural}/{each.name}", "singularName": "", "namespaced": resource.namespaced}
        if each.group:
            sub |= {"group": each.group, "version": each.version}
        rows.append(sub | {"kind": each.kind, "verbs": list(each.verbs)})
    return rows


def _aggregated(resource: Resource) -> Json:
    entry: Json = {
        "resource": resource.plural,
        "responseKind": {"group": "", "version": "", "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    subresources = [
        {
            "subresource": each.name,
            "responseKind": {"group": each.group, "version": each.version, "kind": each.kind},
            "verbs": list(each.verbs),
        }
        for each in resource.subresources
    ]
    return entry | _names(resource) | ({"subresources": subresources} if subresources else {})


def _names(resource: Resource) -> Json:
    names = {"shortNames": list(resource.short_names), "categories": list(resource.categories)}
    return {key: value for key, value in names.items() if value}
