"""Queue the faults that a test injects into requests: overload, errors, resets, hangs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.playground.kubernetes.dispatch import Request
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.status import Refusal, refusal, too_many_requests

_REASONS = {500: "InternalError", 502: "", 503: "ServiceUnavailable", 504: "Timeout", 401: "Unauthorized"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """A request as it reached the server. `status` is 0 if the connection was reset or left hanging.

    `acts_as` is the user that its headers ask to impersonate, in these groups; "" without impersonation.
    """

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    body: str = ""
    acts_as: str = ""
    acting_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request, *, status: int) -> RecordedRequest:
        """Return a request with the status of its response."""
        body = request.body.decode(errors="replace")
        kept = {key: getattr(request, key) for key in ("method", "path", "query", "acts_as", "acting_groups")}
        return cls(status=status, body=body, **kept)

    @property
    def writes(self) -> bool:
        """Return whether the request changes anything; dry runs and access reviews do not."""
        reads = self.method == "GET" or "accessreviews" in self.path
        return not reads and self.query.get("dryRun") != "All" and '"dryRun"' not in self.body


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault for the next `times` requests whose path starts with `path_prefix`; of one method only if given.

    They get `status` (429 in plain text, others with a Status, or `body`). With `reset` the connection is closed
    without a response, with `hang` no response is sent until the server stops. With `done` the requests are carried out
    first, and only the response is lost.
    """

    path_prefix: str
    method: str = ""
    done: bool = False
    status: int = 503
    times: int = 1
    retry_after: float | None = None
    body: Json | str | None = None
    reset: bool = False
    hang: bool = False

    def answer(self) -> Refusal:
        """Return the response of the fault: as recorded for 429, a Status for others unless a body is given."""
        headers = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
        if self.body is not None:
            return Refusal(code=self.status, body=self.body, headers=headers)
        if self.status == 429:
            return too_many_requests(retry_after=1 if self.retry_after is None else self.retry_after)
        message = f"the server answers {self.status} because a test wants it to"
        return refusal(code=self.status, message=message, reason=_REASONS.get(self.status, ""), headers=headers)


def next_fault(waiting: list[Fault], request: Request) -> Fault | None:
    """Return the oldest fault that waits for such a request, None without one, and count it as used once."""
    for fault in waiting:
        if request.path.startswith(fault.path_prefix) and fault.method in ("", request.method):
            fault.times -= 1
            if fault.times <= 0:
                waiting.remove(fault)
            return fault
    return None
