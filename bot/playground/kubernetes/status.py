"""Build an API server's refusals: Status objects, and the few responses in plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.kubernetes.resources import Json


class Refusal(Exception):
    """An unsuccessful response. `body` is a Status, or text that is sent as text/plain."""

    def __init__(self, *, code: int, body: Json | str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code} {body if isinstance(body, str) else body.get('message')}")
        self.code = code
        self.body = body
        self.headers = dict(headers or {})


def refusal(
    *,
    code: int,
    message: str,
    reason: str = "",
    details: Json | None = None,
    metadata: Json | None = None,
    headers: Mapping[str, str] | None = None,
) -> Refusal:
    """Return a failure Status; empty `reason` and `details` are omitted, as by the real server."""
    body: Json = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": metadata or {},
        "status": "Failure",
        "message": message,
    }
    if reason:
        body["reason"] = reason
    if details is not None:
        body["details"] = details
    body["code"] = code
    return Refusal(code=code, body=body, headers=headers)


def success(*, details: Json | None = None, code: int | None = None) -> Json:
    """Return the Status of a write whose response has no object."""
    body: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        body["details"] = details
    if code is not None:
        body["code"] = code
    return body


def _details(*, name: str = "", group: str = "", kind: str = "", **more: Any) -> Json:
    named = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in named.items() if value} | more


def _qualified(*, group: str, resource: str) -> str:
    return f"{resource}.{group}" if group else resource


def page_not_found() -> Refusal:
    """Return the 404 in plain text for an unknown path."""
    return Refusal(code=404, body="404 page not found\n")


def service_unavailable() -> Refusal:
    """Return the aggregator's 503 for an API whose backend is not available."""
    return Refusal(code=503, body="service unavailable\n")


def too_many_requests(*, retry_after: float = 1) -> Refusal:
    """Return the 429 of priority and fairness: text, no Status."""
    return Refusal(
        code=429,
        body="Too many requests, please try again later.\n",
        headers={"Retry-After": f"{retry_after:g}"},
    )


def unknown_resource() -> Refusal:
    """Return the 404 for a resource that is not served."""
    return refusal(code=404, message="the server could not find the requested resource", reason="NotFound", details={})


def method_not_allowed() -> Refusal:
    """Return the 405 for a verb that the resource does not support."""
    return refusal(
        code=405,
        message="the server does not allow this method on the requested resource",
        reason="MethodNotAllowed",
        details={},
    )


def not_found(*, group: str, resource: str, name: str) -> Refusal:
    """Return the 404 for an object that does not exist."""
    return refusal(
        code=404,
        message=f'{_qualified(group=group, resource=resource)} "{name}" not found',
        reason="NotFound",
        details=_details(name=name, group=group, kind=resource),
    )


def already_exists(*, group: str, resource: str, name: str) -> Refusal:
    """Return the 409 for a create of an object that exists."""
    return refusal(
        code=409,
        message=f'{_qualified(group=group, resource=resource)} "{name}" already exists',
        reason="AlreadyExists",
        details=_details(name=name, group=group, kind=resource),
    )


def conflict(*, group: str, resource: str, name: str, because: str) -> Refusal:
    """Return the 409 for a failed precondition or an outdated resourceVersion."""
    return refusal(
        code=409,
        message=f'Operation cannot be fulfilled on {_qualified(group=group, resource=resource)} "{name}": {because}',
        reason="Conflict",
        details=_details(name=name, group=group, kind=resource),
    )


def unauthorized() -> Refusal:
    """Return the 401 for a wrong token."""
    return refusal(code=401, message="Unauthorized", reason="Unauthorized")


def bad_request(message: str) -> Refusal:
    """Return a 400 with this message."""
    return refusal(code=400, message=message, reason="BadRequest")


def unsupported_media_type(message: str) -> Refusal:
    """Return a 415 with this message."""
    return refusal(code=415, message=message, reason="UnsupportedMediaType")


def cause(*, reason: str, message: str, field: str) -> Json:
    """Return one cause for the details of a Status."""
    return {"reason": reason, "message": message, "field": field}


def invalid(*, group: str = "", kind: str, name: str, causes: Sequence[Json]) -> Refusal:
    """Return 422 with its causes; the message joins them as the real server's aggregate of errors does."""
    texts = list(dict.fromkeys(f"{each['field']}: {each['message']}" for each in causes))
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified = f"{kind}.{group}" if group else kind
    return refusal(
        code=422,
        message=f'{qualified} "{name}" is invalid: {joined}',
        reason="Invalid",
        details=_details(name=name, group=group, kind=kind, causes=list(causes)),
    )


def resource_version_too_large(*, asked: int, current: int) -> Refusal:
    """Return the 504 for a resourceVersion that lies in the future."""
    return refusal(
        code=504,
        message=f"Timeout: Too large resource version: {asked}, current: {current}",
        reason="Timeout",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
        headers={"Retry-After": "1"},
    )


def forbidden(
    *, user: str, verb: str, group: str, resource: str, subresource: str, namespace: str, name: str
) -> Refusal:
    """Return the 403 of an authorizer, which is checked before the existence of the object or its kind."""
    qualified = _qualified(group=group, resource=resource)
    what = f'{qualified} "{name}"' if name else qualified
    wanted = f"{resource}/{subresource}" if subresource else resource
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    return refusal(
        code=403,
        message=f'{what} is forbidden: User "{user}" cannot {verb} resource "{wanted}" in API group "{group}" {where}',
        reason="Forbidden",
        details=_details(name=name, group=group, kind=resource),
    )


def admission_forbidden(*, group: str, resource: str, name: str, because: str, causes: Sequence[Json] = ()) -> Refusal:
    """Return the 403 of an admission plugin (quota, a terminating namespace)."""
    details = _details(name=name, group=group, kind=resource)
    if causes:
        details["causes"] = list(causes)
    return refusal(
        code=403,
        message=f'{_qualified(group=group, resource=resource)} "{name}" is forbidden: {because}',
        reason="Forbidden",
        details=details,
    )
