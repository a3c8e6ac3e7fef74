"""Decode the bodies of writes, and refuse malformed ones with the texts of a real API server."""

from __future__ import annotations

import json

from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.status import Refusal, bad_request, unsupported_media_type

_OBJECT_TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


def unknown_format(accepted: str) -> Refusal:
    """Return Refusal 415 with the accepted media types."""
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return unsupported_media_type(message)


def decode_object(body: bytes, *, content_type: str, resource: Resource, kind: str = "") -> Json:
    """Decode the object in the body of a create or an update. Refusal 415 or 400.

    `kind` is what the body must hold if it is not an object of the resource (a Scale, an Eviction).
    """
    if content_type.partition(";")[0].strip() not in ("", "application/json"):
        raise unknown_format("application/json, application/yaml" if resource.custom else _OBJECT_TYPES)
    wanted = kind or resource.kind
    text = body.decode(errors="replace")
    unrecognised = f"the object provided is unrecognized (must be of type {wanted}): "
    try:
        decoded = json.loads(text)
    except ValueError:
        raise bad_request(
            f"{unrecognised}couldn't get version/kind; json parse error: unexpected end of JSON input ({text})"
        ) from None
    if not isinstance(decoded, dict):
        raise bad_request(f"{unrecognised}couldn't get version/kind; json parse error: not an object ({text[:30]} ...)")
    found = decoded.get("kind")
    if found is None and resource.custom:
        raise bad_request(f"{unrecognised}Object 'Kind' is missing in '{text}' ({text[:30]} ...)")
    if found is not None and found != wanted:
        version = str(decoded.get("apiVersion") or resource.version).rpartition("/")[2]
        raise bad_request(
            f'{found} in version "{version}" cannot be handled as a {wanted}: '
            f"converting ({version}.{found}) to (core.{wanted}): unknown conversion"
        )
    return decoded
