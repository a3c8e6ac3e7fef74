"""Define the values of one API call: the request, the response, the connection's origin and the cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.cluster.errors import ServerError
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
