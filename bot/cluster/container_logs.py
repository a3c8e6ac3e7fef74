"""Read the end of one container's log, as much as fits the limit.

The server's limitBytes keeps the first bytes of the requested tail, but the failure is in the last ones. A log that
hits the limit is read once more with fewer lines.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Self

from bot.cluster.api_calls import ClusterRequest, ClusterResponse
from bot.cluster.errors import BadRequest, NoLog
from bot.cluster.resources import well_known
from bot.kube.objects import name_of, namespace_of
from intents.domain import Json

# Refusals of the kubelet (400) that mean "no log yet", not "bad request".
_NONE_YET: Final = re.compile(
    r"previous terminated container|waiting to start|trying and failing to pull|is not available|is terminated"
)
# A kubelet whose runtime has removed the container answers 200 with this one line.
_GONE: Final = b"unable to retrieve container logs for "
# The share of the measured lines that is requested again; the rest is reserve for longer lines at the end.
_MARGIN: Final = 0.8

SendRequest = Callable[[ClusterRequest], Awaitable[ClusterResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """The part of a container's log to read."""

    namespace: str
    pod: str
    container: str = ""
    previous: bool = False
    tail_lines: int = 2000
    limit_bytes: int = 524288
    timestamps: bool = False

    @classmethod
    def of(
        cls, pod: Json, container: str, *, previous: bool = False, tail_lines: int, timestamps: bool = False
    ) -> Self:
        """Return the query for a container of this pod."""
        return cls(
            namespace=namespace_of(pod), pod=name_of(pod), container=container,
            previous=previous, tail_lines=tail_lines, timestamps=timestamps,
        )  # fmt: skip

    @property
    def owner(self) -> str:
        return f"pod {self.namespace}/{self.pod}"


async def read_log(read: SendRequest, log: LogQuery) -> str:
    """Return the last lines of a container's log. Raise NoLog if there is none, or another ClusterError."""
    pods = well_known("pods")
    assert pods is not None
    path = pods.path(namespace=log.namespace, name=log.pod, subresource="log")
    which = f"the {'previous ' if log.previous else ''}log of"
    what = f"{which} container {log.container} of {log.owner}" if log.container else f"{which} {log.owner}"

    async def attempt(lines: int) -> bytes:
        query = [("tailLines", str(lines)), ("limitBytes", str(log.limit_bytes))]
        query += [("container", log.container)] if log.container else []
        query += [("previous", "true")] if log.previous else []
        query += [("timestamps", "true")] if log.timestamps else []
        request = ClusterRequest(
            path=path,
            query=tuple(query),
            accept="text/plain, */*",
            # A server that ignores limitBytes may send one endless line.
            most_bytes=2 * log.limit_bytes,
            what=what,
            scope=f"the logs of pods in {log.namespace}",
            permission=pods.permission("get", subresource="log"),
        )
        try:
            answer = await read(request)
        except BadRequest as error:
            if _NONE_YET.search(error.detail):
                raise NoLog(what=what, detail=error.detail) from error
            raise
        if answer.status == 204:
            raise NoLog(what=what, detail="the pod is not scheduled to a node yet")
        if answer.body.startswith(_GONE) and answer.body.count(b"\n") <= 1:
            raise NoLog(what=what, detail=answer.body.decode(errors="replace"))
        return answer.body

    body = await attempt(log.tail_lines)
    read_lines = body.count(b"\n")
    if len(body) >= log.limit_bytes and 1 < read_lines < log.tail_lines:
        body = await attempt(max(1, int(read_lines * _MARGIN)))
    return body[-log.limit_bytes :].decode(errors="replace")
