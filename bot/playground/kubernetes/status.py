"""Build an API server's refusals: Status objects, and the few responses in plain text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.kubernetes.resources import WIRE, Json


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
    body = _status("Failure", metadata=metadata, message=message, reason=reason or None, details=details, code=code)
    return Refusal(code=code, body=body, headers=headers)


def success(*, details: Json | None = None, code: int | None = None) -> Json:
    """Return the Status of a write whose response has no object."""
    return _status("Success", details=details, code=code)


def _status(outcome: str, *, metadata: Json | None = None, **fields: Any) -> Json:
    body = {"kind": "Status", "apiVersion": "v1", "metadata": metadata or {}, "status": outcome}
    return body | {key: value for key, value in fields.items() if value is not None}


def qualified(group: str, resource: str) -> str:
    """Return how messages name a resource."""
    return f"{resource}.{group}" if group else resource


def _about(*, code: int, reason: str, group: str, resource: str, name: str, says: str, **details: Any) -> Refusal:
    """Return the refusal of a request for one object; its name stands where `says` has {}."""
    named = f'{qualified(group, resource)} "{name}"'
    about = {"name": name, "group": group, "kind": resource} | details
    shown = {key: value for key, value in about.items() if value}
    return refusal(code=code, message=says.replace("{}", named, 1), reason=reason, details=shown)


def fixed(name: str) -> Refusal:
    """Return a refusal that is the same for every request (`refusals` of wire.yaml); a `text` is sent in plain."""
    row = WIRE["refusals"][name]
    return Refusal(code=row["code"], body=row["text"]) if "text" in row else refusal(**row, details={})


def not_found(*, group: str, resource: str, name: str) -> Refusal:
    """Return the 404 for an object that does not exist."""
    return _about(code=404, reason="NotFound", group=group, resource=resource, name=name, says="{} not found")


def already_exists(*, group: str, resource: str, name: str) -> Refusal:
    """Return the 409 for a create of an object that exists."""
    return _about(code=409, reason="AlreadyExists", group=group, resource=resource, name=name, says="{} already exists")


def conflict(*, group: str, resource: str, name: str, because: str) -> Refusal:
    """Return the 409 for a failed precondition or an outdated resourceVersion."""
    says = f"Operation cannot be fulfilled on {{}}: {because}"
    return _about(code=409, reason="Conflict", group=group, resource=resource, name=name, says=says)


def bad_request(message: str) -> Refusal:
    """Return a 400 with this message."""
    return refusal(code=400, message=message, reason="BadRequest")


def unknown_format(accepted: str) -> Refusal:
    """Return the 415 for a body of another type than the accepted media types."""
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return refusal(code=415, message=message, reason="UnsupportedMediaType")


def not_implemented(what: str) -> Refusal:
    """Return the 501 for a request that a real server would answer and this one does not."""
    return refusal(code=501, message=f"the simulated API server {what}", reason="NotImplemented")


def cause(*, reason: str, message: str, field: str) -> Json:
    """Return one cause for the details of a Status."""
    return {"reason": reason, "message": message, "field": field}


def invalid_value(field: str, value: Any, text: str) -> Json:
    """Return the cause for a field with an invalid value."""
    shown = json.dumps(value, separators=(",", ":"))
    return cause(reason="FieldValueInvalid", message=f"Invalid value: {shown}: {text}", field=field)


def required(field: str, text: str = "") -> Json:
    """Return the cause for a missing field."""
    message = f"Required value: {text}" if text else "Required value"
    return cause(reason="FieldValueRequired", message=message, field=field)


def unsupported(field: str, value: Any, *supported: Any) -> Json:
    """Return the cause for a value that is not one of those supported."""
    listed = ", ".join(map(json.dumps, supported))
    message = f"Unsupported value: {json.dumps(value)}: supported values: {listed}"
    return cause(reason="FieldValueNotSupported", message=message, field=field)


def not_allowed(field: str, text: str) -> Json:
    """Return the cause for a field that may not be set or changed."""
    return cause(reason="FieldValueForbidden", message=f"Forbidden: {text}", field=field)


def invalid(*, group: str = "", kind: str, name: str, causes: Sequence[Json]) -> Refusal:
    """Return 422 with its causes; the message joins them as the real server's aggregate of errors does."""
    texts = list(dict.fromkeys(f"{each['field']}: {each['message']}" for each in causes))
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    says = f"{{}} is invalid: {joined}"
    return _about(code=422, reason="Invalid", group=group, resource=kind, name=name, says=says, causes=list(causes))


def forbidden(*, group: str, resource: str, name: str, says: str, **details: Any) -> Refusal:
    """Return the 403 of an authorizer or of an admission plugin."""
    return _about(code=403, reason="Forbidden", group=group, resource=resource, name=name, says=says, **details)
