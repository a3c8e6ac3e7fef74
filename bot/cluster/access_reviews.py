"""Ask the API server whether somebody may do something: access reviews, which change nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from bot.cluster.api_calls import ClusterRequest, ClusterResponse, decode
from intents.domain import Json, Permission

_GROUP: Final = "authorization.k8s.io"


def review_of_self(permission: Permission, *, namespace: str = "", name: str = "", what: str) -> ClusterRequest:
    """Return the request that asks whether the user of the connection may do something."""
    attributes = _attributes(permission, namespace=namespace, name=name)
    return _request("SelfSubjectAccessReview", {"resourceAttributes": attributes}, what=what)


def review_of(
    user: str, groups: Collection[str], permission: Permission, *, namespace: str = "", name: str = ""
) -> ClusterRequest:
    """Return the request that asks whether a user in these groups may do something."""
    spec: Json = {
        "user": user,
        "groups": sorted(groups),
        "resourceAttributes": _attributes(permission, namespace=namespace, name=name),
    }
    return _request("SubjectAccessReview", spec, what=f"whether {user} may {permission.verb} {permission.resource}")


async def is_allowed(answer: ClusterResponse, *, what: str) -> bool:
    """Return what a review answers. Raise ServerError for anything that is no review."""
    return bool(((await decode(answer, what=what)).get("status") or {}).get("allowed"))


def _attributes(permission: Permission, *, namespace: str, name: str) -> Json:
    resource, _, subresource = permission.resource.partition("/")
    wanted = {
        "verb": permission.verb,
        "group": permission.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    return {key: value for key, value in wanted.items() if value}


def _request(kind: str, spec: Json, *, what: str) -> ClusterRequest:
    plural = f"{kind.lower()}s"
    return ClusterRequest(
        method="POST",
        path=f"/apis/{_GROUP}/v1/{plural}",
        body={"kind": kind, "apiVersion": f"{_GROUP}/v1", "spec": spec},
        content_type="application/json",
        what=what,
        permission=Permission(verb="create", group=_GROUP, resource=plural),
    )
