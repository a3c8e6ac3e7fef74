"""Define the values of one API call: request, response, limits of memory, origin, and requests of access reviews."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.cluster.errors import ServerError, TooLarge
from bot.kube.access import ActsAs
from intents.domain import Json, Permission

# Parsing a larger body would block the event loop for too long.
LARGE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRequest:
    """One API call, by default a GET. `does`, `what`, `scope` and `permission` word its errors.

    `does` is the verb and `what` its object; `scope` is everything that one `permission` would open. If `changes` is
    set, a missing response does not mean that nothing was done. The call is made as Casebook, or as the user in
    `acts_as`. An answer with more than `most_bytes` is an error; 0 means the limit of the connection.
    """

    method: str = "GET"
    path: str
    query: tuple[tuple[str, str], ...] = ()
    accept: str = "application/json"
    body: Json | list[Json] | None = None
    content_type: str = ""
    changes: bool = False
    acts_as: ActsAs | None = None
    most_bytes: int = 0
    does: str = "read"
    what: str
    scope: str = ""
    permission: Permission | None = None

    @property
    def is_json(self) -> bool:
        return self.accept.startswith("application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterResponse:
    """A successful response with an undecoded body; `memory` estimates the bytes that it takes, JSON when parsed."""

    status: int
    body: bytes
    memory: int
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCall:
    """The record of one HTTP call and its duration, without any object names.

    `status` is the class of the HTTP status (2xx, 4xx), or timeout, unreachable, cancelled.
    """

    cluster: str
    verb: str
    resource: str
    status: str
    seconds: float


# Called after each API call; must neither raise nor block.
CallObserver = Callable[[CompletedCall], None]


def ignore_call(_call: CompletedCall) -> None:
    """Ignore the call; used where nobody observes calls."""


@dataclass(slots=True)
class Meter:
    """The cost of one diagnosis: HTTP calls including retries, bytes received, and estimated memory of its objects.

    `date` is the server's clock at its first response.
    """

    calls: int = 0
    received: int = 0
    held: int = 0
    date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOrigin:
    """The source of a connection's settings, so that an error can say what to change.

    `place` names the file or "the service account of this pod"; `credentials` names the identity in use.
    """

    context: str
    server: str
    place: str
    cluster: str = ""
    credentials: str = ""

    @property
    def subject(self) -> str:
        """Return what failed: the context and its server."""
        return f'context "{self.context}": {self.server}'

    @property
    def remedy(self) -> str:
        """Return what to check if the address may be wrong."""
        return f"check the server of {self.settings}, or your VPN"

    @property
    def settings(self) -> str:
        """Return the place where the address is written."""
        return f'cluster "{self.cluster}" in {self.place}' if self.cluster else self.place


async def decode(answer: ClusterResponse, *, what: str) -> Json:
    """Return the JSON object in a response. Raise ServerError for anything else, such as a login page of a proxy."""
    try:
        if len(answer.body) > LARGE:
            value = await asyncio.to_thread(_parse, answer.body)
        else:
            value = _parse(answer.body)
    except (ValueError, RecursionError) as error:
        raise ServerError(what=what, detail="the answer is not JSON: is this a Kubernetes API server?") from error
    if not isinstance(value, dict):
        raise ServerError(what=what, detail=f"the answer is a JSON {type(value).__name__}, expected an object")
    return value


def _parse(body: bytes) -> object:
    return json.loads(body, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> object:
    # NaN and Infinity are not JSON, and no quantity of a cluster is one.
    raise ValueError(name)


def check_about(value: Json, *, what: str, name: str = "", uid: str = "") -> None:
    """Raise ServerError unless a response is an object with the given name and uid.

    A proxy may also answer with JSON. Taken for the object, it would show a recreated object or a write that never
    happened.
    """
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        found = {"name": metadata.get("name"), "uid": metadata.get("uid")}
        if all(found[key] == wanted for key, wanted in (("name", name), ("uid", uid)) if wanted):
            return
    raise ServerError(what=what, detail="the answer is not the object asked for: is this a Kubernetes API server?")


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


# Measured with CPython 3.11: an empty object takes 64 bytes and its place in a list 8.
_BYTES_PER_VALUE: Final = 75


@dataclass(slots=True)
class MemoryAccount:
    """The memory that all reads of one connection hold together, in bytes."""

    limit: int
    held: int = 0

    def take(self, size: int) -> bool:
        """Add `size` if it is within the limit; return False and add nothing if it is not."""
        if self.held + size > self.limit:
            return False
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        self.held -= size


def estimated_memory(chunk: bytes) -> int:
    """Return about how many bytes a part of a JSON answer and its parsed values take.

    Commas in strings count too, so it is rather high.
    """
    values = chunk.count(b",") + chunk.count(b"{") + chunk.count(b"[")
    return len(chunk) + _BYTES_PER_VALUE * values


def answer_too_large(request: ClusterRequest, *, limit: int) -> TooLarge:
    """Return the error for one answer with more bytes than `limit`."""
    size = _in_mib(limit)
    return _too_large(request, f"the answer has more than {size}", f"响应超过 {size}", smaller_may_fit=True)


def diagnosis_too_large(request: ClusterRequest, *, limit: int) -> TooLarge:
    """Return the error for answers that together exceed the limit of a diagnosis."""
    size = _in_mib(limit)
    return _too_large(
        request, f"the answers of this diagnosis have more than {size} together", f"本次诊断的响应总计超过 {size}"
    )


def diagnosis_memory_full(request: ClusterRequest, *, limit: int) -> TooLarge:
    """Return the error for objects that together need more memory than a diagnosis may hold."""
    size = _in_mib(limit)
    en, zh = f"the objects of this diagnosis need more than {size} of memory", f"本次诊断的对象需要超过 {size} 的内存"
    return _too_large(request, en, zh, smaller_may_fit=True)


def memory_full(request: ClusterRequest) -> TooLarge:
    """Return the error for an answer that does not fit beside those of other diagnoses."""
    en = "the diagnoses in flight hold too much data of this cluster: ask again"
    return _too_large(request, en, "正在进行的诊断占用了过多该集群的数据，请稍后重试")


def _too_large(request: ClusterRequest, en: str, zh: str, *, smaller_may_fit: bool = False) -> TooLarge:
    return TooLarge(what=request.what, does=request.does, detail=en, detail_zh=zh, smaller_may_fit=smaller_may_fit)


def _in_mib(size: int) -> str:
    return f"{size / (1 << 20):.3g} MiB"
