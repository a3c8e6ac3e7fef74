"""The bodies with which an API server refuses: Status objects, and the few answers that are plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.kubernetes.resources import Json


class Refusal(Exception):
    """An answer that is not a success. `body` is a Status, or text that goes out as text/plain."""

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
    """A failure Status; `reason` and `details` are left out when there are none, as the real server does."""
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
    """The Status of a write that has no object to answer with."""
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
    return Refusal(code=404, body="404 page not found\n")


def service_unavailable() -> Refusal:
    """What the aggregator answers for an API whose backend is not available."""
    return Refusal(code=503, body="service unavailable\n")


def too_many_requests(*, retry_after: float = 1) -> Refusal:
    """What priority and fairness answers: text, no Status."""
    return Refusal(
        code=429,
        body="Too many requests, please try again later.\n",
        headers={"Retry-After": f"{retry_after:g}"},
    )


def unknown_resource() -> Refusal:
    return refusal(code=404, message="the server could not find the requested resource", reason="NotFound", details={})


def method_not_allowed() -> Refusal:
    return refusal(
        code=405,
        message="the server does not allow this method on the requested resource",
        reason="MethodNotAllowed",
        details={},
    )


def not_found(*, group: str, resource: str, name: str) -> Refusal:
    return refusal(
        code=404,
        message=f'{_qualified(group=group, resource=resource)} "{name}" not found',
        reason="NotFound",
        details=_details(name=name, group=group, kind=resource),
    )


def already_exists(*, group: str, resource: str, name: str) -> Refusal:
    return refusal(
        code=409,
        message=f'{_qualified(group=group, resource=resource)} "{name}" already exists',
        reason="AlreadyExists",
        details=_details(name=name, group=group, kind=resource),
    )


def conflict(*, group: str, resource: str, name: str, because: str) -> Refusal:
    return refusal(
        code=409,
        message=f'Operation cannot be fulfilled on {_qualified(group=group, resource=resource)} "{name}": {because}',
        reason="Conflict",
        details=_details(name=name, group=group, kind=resource),
    )


def unauthorized() -> Refusal:
    return refusal(code=401, message="Unauthorized", reason="Unauthorized")


def bad_request(message: str) -> Refusal:
    return refusal(code=400, message=message, reason="BadRequest")


def unsupported_media_type(message: str) -> Refusal:
    return refusal(code=415, message=message, reason="UnsupportedMediaType")


def cause(*, reason: str, message: str, field: str) -> Json:
    return {"reason": reason, "message": message, "field": field}


def invalid(*, group: str = "", kind: str, name: str, causes: Sequence[Json]) -> Refusal:
    """422 with its causes; the message joins them as the real server's aggregate of errors does."""
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
    """The refusal of an authorizer; it comes before any check of whether the object or even its kind exists."""
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
    """The refusal of an admission plugin (quota, a namespace that is going away)."""
    details = _details(name=name, group=group, kind=resource)
    if causes:
        details["causes"] = list(causes)
    return refusal(
        code=403,
        message=f'{_qualified(group=group, resource=resource)} "{name}" is forbidden: {because}',
        reason="Forbidden",
        details=details,
    )
