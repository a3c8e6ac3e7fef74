"""Serve the discovery documents: groups, versions and resources, plain and aggregated."""

from __future__ import annotations

from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.state import State
from bot.playground.kubernetes.status import fixed

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_STALE = {"freshness": "Stale"}
_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")


class Discovery:
    """Answers discovery from the registry of a state."""

    def __init__(self, *, state: State) -> None:
        self._state = state
        self._registry = state.registry

    def legacy_versions(self, *, address: str) -> Json:
        return {
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
        }

    def groups(self) -> Json:
        groups = [self._group(group) for group in self._registry.groups()]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def group(self, group: str) -> Json:
        """Return the document of one group. Refusal 404 in plain text for an unknown group."""
        if not group or not self._registry.versions(group):
            raise fixed("page_not_found")
        return {"kind": "APIGroup", "apiVersion": "v1", **self._group(group)}

    def resources(self, *, group: str, version: str) -> Json:
        """Return the resources of a group version. Refusal 404 (text) if unknown, 503 (text) if its backend is down."""
        self._state.require_served(group=group, version=version)
        rows = [
            row
            for resource in self._registry.of_group_version(group=group, version=version)
            for row in _plain(resource)
        ]
        head: Json = {"kind": "APIResourceList"}
        if group:
            head["apiVersion"] = "v1"
        return head | {"groupVersion": f"{group}/{version}" if group else version, "resources": rows}

    def aggregated(self, *, core: bool) -> Json:
        groups = [""] if core else self._registry.groups()
        stale = self._state.unavailable()
        items = []
        for group in groups:
            versions: list[Json] = []
            for version in self._registry.versions(group):
                found = self._registry.of_group_version(group=group, version=version)
                told: Json = {"resources": [_aggregated(each) for each in found], "freshness": "Current"}
                versions.append({"version": version} | (_STALE if (group, version) in stale else told))
            items.append({"metadata": {"name": group} if group else {}, "versions": versions})
        return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}

    def _group(self, group: str) -> Json:
        versions = [
            {"groupVersion": f"{group}/{version}", "version": version} for version in self._registry.versions(group)
        ]
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
