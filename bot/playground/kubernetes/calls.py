"""Hold a request as it reached the server, the call of the API that it makes, and the answer to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.kubernetes import validation
from bot.playground.kubernetes.grants import USER, Address
from bot.playground.kubernetes.resources import Json, Resource
from bot.playground.kubernetes.status import bad_request, unknown_format

_OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_OBJECT_TYPES = "application/json, application/yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request, as far as the server uses it; header names are lower case.

    `user` sent it; `acts_as` and `acting_groups` are the identity that its headers ask to impersonate. `status` is that
    of its response, 0 before it and if the connection was reset or left hanging.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    user: str = USER
    acts_as: str = ""
    acting_groups: tuple[str, ...] = ()
    status: int = 0

    @property
    def body(self) -> str:
        """Return the content as text."""
        return self.content.decode(errors="replace")

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def accepts(self) -> str:
        return self.headers.get("accept", "")

    @property
    def writes(self) -> bool:
        """Return whether the request changes anything; dry runs and access reviews do not."""
        reads = self.method == "GET" or "accessreviews" in self.path
        return not reads and self.query.get("dryRun") != "All" and '"dryRun"' not in self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The response to a request; a `body` of None is sent empty, text as plain text."""

    status: int = 200
    body: Json | str | None
    content_type: str = "application/json"
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request for a resource that is served."""

    request: Request
    address: Address
    resource: Resource

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    @property
    def name(self) -> str:
        return self.address.name

    @property
    def namespace(self) -> str:
        return self.address.namespace

    @property
    def dry_run(self) -> bool:
        """Return whether nothing is to be stored. Refusal 422 for a value other than All."""
        return validation.is_dry_run({}, self.query, options=_OPTIONS[self.address.verb])

    def decoded(self, *, kind: str = "") -> Json:
        """Decode the object in the body of a create or an update. Refusal 415 or 400.

        `kind` is what the body must hold if it is not an object of the resource (a Scale, an Eviction).
        """
        if self.request.content_type.partition(";")[0].strip() not in ("", "application/json"):
            protobuf = "" if self.resource.custom else ", application/vnd.kubernetes.protobuf"
            raise unknown_format(_OBJECT_TYPES + protobuf)
        wanted = kind or self.resource.kind
        text = self.request.body
        unrecognised = f"the object provided is unrecognized (must be of type {wanted}): "
        unversioned = f"{unrecognised}couldn't get version/kind; json parse error: "
        try:
            decoded = json.loads(text)
        except ValueError:
            raise bad_request(f"{unversioned}unexpected end of JSON input ({text})") from None
        if not isinstance(decoded, dict):
            raise bad_request(f"{unversioned}not an object ({text[:30]} ...)")
        found = decoded.get("kind")
        if found is None and self.resource.custom:
            raise bad_request(f"{unrecognised}Object 'Kind' is missing in '{text}' ({text[:30]} ...)")
        if found is not None and found != wanted:
            version = str(decoded.get("apiVersion") or self.resource.version).rpartition("/")[2]
            raise bad_request(
                f'{found} in version "{version}" cannot be handled as a {wanted}: '
                f"converting ({version}.{found}) to (core.{wanted}): unknown conversion"
            )
        return decoded
