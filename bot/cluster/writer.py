"""Send every change to a cluster through `Writer`: once, with preconditions, under one field manager.

A read may be retried. A write may not: a reset connection or a time-out does not say what the API server did. So a
write is sent once, and the caller reads the object back to learn the result.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from bot.cluster.api_calls import ClusterRequest, Meter, check_about, decode, is_allowed, review_of_self
from bot.cluster.connection import Connection
from bot.cluster.errors import BadRequest, ClusterError, OutcomeUnknown, ServerError
from bot.cluster.resources import WELL_KNOWN, Resource, well_known
from bot.kube.access import ActsAs
from bot.kube.objects import name_of
from intents.domain import Gap, Json, Permission

# The API server keeps this name in managedFields for every field that Casebook changed.
FIELD_MANAGER: Final = "casebook"
_POD: Final = next(each for each in WELL_KNOWN if each.kind == "Pod")


class PatchType(StrEnum):
    """The type of a patch; the value is its media type."""

    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    JSON = "application/json-patch+json"


class Writer:
    """Writes to one cluster within a deadline, as Casebook or as a user. Nothing is ever sent twice.

    Every write raises a ClusterError: Conflict if the object is not the one that was meant (uid or resourceVersion),
    Forbidden and BadRequest with the message of the server or its webhooks, NotFound, and OutcomeUnknown if no answer
    came. As a user it raises ForbiddenAs if the user is not allowed, Forbidden if Casebook may not impersonate them. A
    dry run changes nothing, so it never raises OutcomeUnknown.
    """

    def __init__(self, connection: Connection, *, deadline: float = 8.0, acting_as: ActsAs | None = None) -> None:
        """Set the deadline of all writes together, in seconds from now, and the user to act as (None: Casebook)."""
        self._connection = connection
        self._acting_as = acting_as
        self._deadline = time.monotonic() + deadline
        self._meter = Meter()

    @property
    def calls(self) -> int:
        """Return the number of HTTP calls so far."""
        return self._meter.calls

    async def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        uid: str,
        resource_version: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Delete the object with this uid and its dependents, at `resource_version` if given.

        Return the server's answer.
        """
        preconditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})
        options: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions}
        if resource == well_known("Job"):
            # By default the pods of a Job, and of no other kind, stay and go on running.
            options["propagationPolicy"] = "Background"
        if dry_run:
            options["dryRun"] = ["All"]
        request = _write("DELETE", resource, name, namespace, does="delete", body=options, dry_run=dry_run)
        return await self._send(request, uid=uid, or_status=True)

    async def evict(self, name: str, *, namespace: str, uid: str, dry_run: bool = False) -> Json:
        """Evict the pod with this uid as its disruption budgets allow. Raise Throttled while one does not."""
        options: Json = {"preconditions": {"uid": uid}} | ({"dryRun": ["All"]} if dry_run else {})
        body: Json = {
            "kind": "Eviction",
            "apiVersion": "policy/v1",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": options,
        }
        request = _write(
            "POST", _POD, name, namespace, does="evict", body=body, dry_run=dry_run, subresource="eviction"
        )
        return await self._send(request, or_status=True)

    async def patch(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        patch: Json | Sequence[Json],
        patch_type: PatchType = PatchType.MERGE,
        uid: str,
        resource_version: str,
        dry_run: bool = False,
    ) -> Json:
        """Patch the object with this uid at `resource_version`. Return the patched object."""
        body = _guarded(patch, uid=uid, resource_version=resource_version)
        request = _write("PATCH", resource, name, namespace, does="change", body=body, dry_run=dry_run)
        request = replace(request, query=_options(dry_run=dry_run), content_type=str(patch_type))
        return await self._send(request, uid=uid)

    async def create(
        self,
        resource: Resource,
        obj: Json,
        *,
        namespace: str = "",
        dry_run: bool = False,
    ) -> Json:
        """Create an object and return it as stored. Its own name makes a retry safe: Conflict if it exists."""
        name = name_of(obj)
        request = _write("POST", resource, name, namespace, does="create", body=obj, dry_run=dry_run)
        return await self._send(replace(request, query=_options(dry_run=dry_run)), name=name)

    async def may(self, permission: Permission, *, namespace: str = "", name: str = "") -> bool | Gap:
        """Return whether the API server would allow the user we act as (SelfSubjectAccessReview), or a gap if it cannot
        be asked.
        """
        who = self._acting_as.user if self._acting_as else "we"
        request = review_of_self(
            permission,
            namespace=namespace,
            name=name,
            what=f"whether {who} may {permission.verb} {permission.resource}",
        )
        try:
            # An access review changes nothing, so it may be retried like a read.
            answer = await self._connection.read(self._as_somebody(request), deadline=self._deadline, meter=self._meter)
            return await is_allowed(answer, what=request.what)
        except ClusterError as error:
            return error.gap(request.what)

    async def _send(self, request: ClusterRequest, *, name: str = "", uid: str = "", or_status: bool = False) -> Json:
        """Send a write and return its answer: the object with that name or uid, or a Status if one may come."""
        answer = await self._connection.write(self._as_somebody(request), deadline=self._deadline, meter=self._meter)
        try:
            value = await decode(answer, what=request.what)
            if not (or_status and value.get("kind") == "Status"):
                check_about(value, what=request.what, name=name, uid=uid)
            return value
        except ServerError as error:
            if not request.changes:
                raise
            raise OutcomeUnknown(what=request.what, does=request.does, detail=error.detail) from error

    def _as_somebody(self, request: ClusterRequest) -> ClusterRequest:
        """Return the request with the user to act as. Raise BadRequest, before anything is sent, for names that cannot
        be sent.
        """
        if self._acting_as is not None and (wrong := self._acting_as.wrong):
            raise BadRequest(what=request.what, does=request.does, detail=wrong)
        return replace(request, acts_as=self._acting_as)


_VERBS: Final = {"DELETE": "delete", "PATCH": "patch", "POST": "create"}


def _write(
    method: str,
    resource: Resource,
    name: str,
    namespace: str,
    *,
    does: str,
    body: Json | list[Json],
    dry_run: bool,
    subresource: str = "",
) -> ClusterRequest:
    """Return the request of a write of one object."""
    inside = resource.namespaced and namespace
    # An object that is created has no path of its own yet.
    path = resource.path(namespace=namespace, name="" if does == "create" else name, subresource=subresource)
    return ClusterRequest(
        method=method,
        path=path,
        body=body,
        content_type="application/json",
        changes=not dry_run,
        does=does,
        what=f"{resource.kind} {namespace}/{name}" if inside else f"{resource.kind} {name}",
        scope=f"{resource.plural} in {namespace}" if inside else resource.plural,
        permission=resource.permission(_VERBS[method], subresource=subresource),
    )


def _options(*, dry_run: bool) -> tuple[tuple[str, str], ...]:
    named = (("fieldManager", FIELD_MANAGER),)
    return (*named, ("dryRun", "All")) if dry_run else named


def _guarded(patch: Json | Sequence[Json], *, uid: str, resource_version: str) -> Json | list[Json]:
    """Add uid and resourceVersion as preconditions; the API server answers 409 if they differ."""
    if isinstance(patch, Mapping):
        metadata: Mapping[str, Any] = patch.get("metadata") or {}
        return {**patch, "metadata": {**metadata, "uid": uid, "resourceVersion": resource_version}}
    guards: list[Json] = [
        {"op": "replace", "path": "/metadata/uid", "value": uid},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": resource_version},
    ]
    return [*guards, *patch]
