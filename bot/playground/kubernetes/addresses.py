"""Parse the verb, resource, namespace and name of a request from its method and path, as an API server does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.kubernetes.status import page_not_found

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A resource request. `namespace` is "" at the cluster scope; `name` is "" for a collection."""

    verb: str
    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def is_resource_path(parts: list[str]) -> bool:
    """Return whether the path lies below a group version; discovery documents and health checks do not."""
    return (parts[:1] == ["api"] and len(parts) > 2) or (parts[:1] == ["apis"] and len(parts) > 3)


def parse(*, method: str, parts: list[str], query: Mapping[str, str]) -> Address:
    """Parse the address of a resource request. Refusal 404 (text) for too many path parts or an unknown method."""
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    verb = _VERBS.get(method)
    if verb is None:
        raise page_not_found()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and not (len(rest) == 3 and rest[2] in _NAMESPACE_SUBRESOURCES):
            rest = rest[2:]
        # RBAC checks a request for a namespace object as a request in that namespace.
    if len(rest) > 3 and not (len(rest) > 2 and rest[2] == "proxy"):
        raise page_not_found()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if not name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
        if verb == "list" and query.get("watch") in ("true", "1"):
            verb = "watch"
    return Address(
        verb=verb,
        group=group,
        version=version,
        resource=rest[0],
        namespace=namespace,
        name=name,
        subresource=subresource,
    )
