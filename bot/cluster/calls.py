"""The words of one call: what is asked, what came back, where the connection leads and what has been spent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.cluster.errors import ServerError
from bot.kube.impersonation import ActsAs
from intents.domain import Json, Permission

# Parsing a larger body takes longer than the event loop may be kept from other work.
_LARGE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call, by default a GET. The rest is for its errors, in words.

    `what` it `does` something to, `scope`: all that one `permission` would open. If it `changes` something, no answer
    is not the same as not done. It is made as Casebook, or as the user that it `acts_as`.
    """

    method: str = "GET"
    path: str
    query: tuple[tuple[str, str], ...] = ()
    accept: str = "application/json"
    body: Json | list[Json] | None = None
    content_type: str = ""
    changes: bool = False
    acts_as: ActsAs | None = None
    does: str = "read"
    what: str
    scope: str = ""
    permission: Permission | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterResponse:
    """A successful answer, its body undecoded."""

    status: int
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCall:
    """One HTTP call as it ended, after so many `seconds`, without whatever it named.

    `status` is the class of HTTP's (2xx, 4xx), or timeout, unreachable, cancelled.
    """

    cluster: str
    verb: str
    resource: str
    status: str
    seconds: float


# Hears of each call; neither raises nor waits.
Watch = Callable[[CompletedCall], None]


def unwatched(_call: CompletedCall) -> None:
    """A `Watch` that nobody listens to."""


@dataclass(slots=True)
class Meter:
    """What one diagnosis spent: HTTP calls, repeated ones included, and the server's clock at its first answer."""

    calls: int = 0
    date: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a connection's settings came from: the words an error needs to say what to change.

    `place` names the file or "the service account of this pod", `credentials` how one is identified.
    """

    context: str
    server: str
    place: str
    cluster: str = ""
    credentials: str = ""

    @property
    def subject(self) -> str:
        """What failed, in words."""
        return f'context "{self.context}": {self.server}'

    @property
    def remedy(self) -> str:
        """What to check where the address may be wrong."""
        return f"check the server of {self.settings}, or your VPN"

    @property
    def settings(self) -> str:
        """Where the address is written."""
        return f'cluster "{self.cluster}" in {self.place}' if self.cluster else self.place


async def decode(answer: ClusterResponse, *, what: str) -> Json:
    """The JSON object of an answer. Raises ServerError for anything else: a login page, a proxy's greeting."""
    try:
        if len(answer.body) > _LARGE:
            value = await asyncio.to_thread(json.loads, answer.body)
        else:
            value = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise ServerError(what=what, detail="the answer is no JSON: is this a Kubernetes API server?") from error
    if not isinstance(value, dict):
        raise ServerError(what=what, detail=f"the answer is a JSON {type(value).__name__}, expected an object")
    return value


def check_about(value: Json, *, what: str, name: str = "", uid: str = "") -> None:
    """Raises ServerError unless an answer is an object of that name and uid, where they are given.

    A proxy's JSON is JSON too: taken for the object, it would show one that was made anew, or a write that was none.
    """
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        found = {"name": metadata.get("name"), "uid": metadata.get("uid")}
        if all(found[key] == wanted for key, wanted in (("name", name), ("uid", uid)) if wanted):
            return
    raise ServerError(what=what, detail="the answer is not the object asked for: is this a Kubernetes API server?")
