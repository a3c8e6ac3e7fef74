"""Run the calls of programs: read the question, limit rate and time, answer, audit, count. HTTP and MCP share it."""

from __future__ import annotations

import asyncio
import math
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import structlog
from pydantic import ValidationError

from bot.common.tracing import SpanName, trace
from bot.surfaces.api.answer_service import OVERVIEW_DEADLINES, AnswerService, Caller
from bot.surfaces.api.api_errors import ApiError, of_validation
from bot.surfaces.api.api_models import (
    ApiQuestion,
    DiagnoseQuestion,
    ExplainDocument,
    ExplainQuestion,
    IncidentsDocument,
    IncidentsQuestion,
    OverviewQuestion,
)
from responses.documents import Document, OverviewDocument, TimedDiagnosisDocument
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)

LARGEST_BODY: Final = 1024 * 1024
# Calls of one token in flight.
_AT_ONCE: Final = 4
# Connecting and rendering take time beside the deadline of the reads.
_SPARE_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that programs may ask: the name of its MCP tool, its HTTP method and path, and its models."""

    name: str
    method: str
    path: str
    question: type[ApiQuestion]
    answer: type[Document]
    says: str


OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({
    each.name: each
    for each in (
        Operation(
            name="diagnose", method="POST", path="/v1/diagnose", question=DiagnoseQuestion,
            answer=TimedDiagnosisDocument,
            says="Diagnose one Kubernetes object by reading the cluster: root causes with verdicts, the evidence for"
            " and against each, what could not be read, and next steps. Only the verdict `confirmed` is proven.",
        ),
        Operation(
            name="explain", method="POST", path="/v1/explain", question=ExplainQuestion, answer=ExplainDocument,
            says="Explain a pasted error, event or log of Kubernetes. If it matches a known incident or names an"
            " object, the cluster is read to confirm it or rule it out.",
        ),
        Operation(
            name="overview", method="POST", path="/v1/overview", question=OverviewQuestion, answer=OverviewDocument,
            says="List what is wrong in a namespace or in a whole cluster, by root cause, the worst first."
            " Diagnose the `asked` object of a finding to get its evidence.",
        ),
        Operation(
            name="incidents", method="GET", path="/v1/incidents", question=IncidentsQuestion,
            answer=IncidentsDocument,
            says="Search the incidents that Casebook knows: their ids, titles and explanations.",
        ),
    )
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A call that was answered or refused; `outcome` is the verdict, "ok", or the code of the error."""

    caller: str
    via: str
    operation: str
    cluster: str
    target: str
    outcome: str


async def _unrecorded(_call: ApiCall) -> None:
    return


@dataclass(slots=True)
class _Bucket:
    """The calls that a token has left, refilled at a constant rate."""

    left: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Limits the calls of each caller: so many a minute, and a few in flight. The limits are those of one process."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _in_flight: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def counted(self, caller: str) -> Iterator[None]:
        """Count a call. Raise ApiError if it is over a limit."""
        now, rate = self.clock(), self.per_minute / 60
        bucket = self._buckets.setdefault(caller, _Bucket(left=self.per_minute, at=now))
        bucket.left = min(self.per_minute, bucket.left + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.left < 1:
            wait = max(1, math.ceil((1 - bucket.left) / rate))
            raise ApiError(
                429, "rate_limited", f"more than {self.per_minute} calls a minute: wait {wait} s", retry_after=wait
            )
        if self._in_flight[caller] >= _AT_ONCE:
            raise ApiError(429, "busy", f"{_AT_ONCE} calls of this token are in flight: wait for one", retry_after=1)
        bucket.left -= 1
        self._in_flight[caller] += 1
        try:
            yield
        finally:
            self._in_flight[caller] -= 1
            if not self._in_flight[caller]:
                del self._in_flight[caller]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCalls:
    """Runs calls. `record` audits one before its answer is given; `count` counts each, also a malformed one."""

    service: AnswerService
    limit: RateLimit | None = None
    record: Callable[[ApiCall], Awaitable[None]] = _unrecorded
    count: Callable[[str, str, str], None] = lambda _via, _operation, _outcome: None

    async def run(
        self, operation: Operation, body: Callable[[], Awaitable[bytes]], caller: Caller, via: str
    ) -> Document:
        """Return the answer to the question in a JSON body. Raise ApiError."""
        with trace(SpanName.REQUEST, surface=via, kind=operation.name) as arrival:
            try:
                with self.limit.counted(caller.name) if self.limit else nullcontext():
                    answer = await self._answered(operation, await body(), caller, via)
            except ApiError as error:
                self.count(via, operation.name, error.code)
                arrival.set(result=error.code)
                raise
            self.count(via, operation.name, "ok")
            arrival.set(result="ok")
            return answer

    async def _answered(self, operation: Operation, raw: bytes, caller: Caller, via: str) -> Document:
        question = read_question(operation, raw)
        outcome, (cluster, target) = "failed", map(safe_line, question.about)
        try:
            answer = await self._in_time(question, caller)
            outcome, cluster = str(getattr(answer, "verdict", "") or "ok"), getattr(answer, "cluster", cluster)
        except ApiError as error:
            outcome = error.code
            raise
        finally:
            await self.record(
                ApiCall(
                    caller=caller.name, via=via, operation=operation.name, cluster=cluster, target=target,
                    outcome=outcome,
                )
            )  # fmt: skip
        return answer

    async def _in_time(self, question: ApiQuestion, caller: Caller) -> Document:
        deadlines = OVERVIEW_DEADLINES if isinstance(question, OverviewQuestion) else 1
        try:
            async with asyncio.timeout(self.service.deadline * deadlines + _SPARE_S):
                return await self.service.answer(question, caller)
        except TimeoutError:
            raise ApiError(504, "timed_out", "no answer in time", retry_after=5) from None
        except ApiError:
            raise
        except Exception as error:  # noqa: BLE001 - logged without its text, which could quote the request
            frame = traceback.extract_tb(error.__traceback__)[-1]
            at = f"{frame.filename}:{frame.lineno}"
            _log.error("api_call_failed", question=type(question).__name__, error=type(error).__name__, at=at)
            raise ApiError(500, "internal_error", "Casebook hit an internal error") from None


def read_question(operation: Operation, raw: bytes) -> ApiQuestion:
    """Return the question in a JSON body. Raise ApiError."""
    if len(raw) > LARGEST_BODY:
        raise ApiError(413, "too_large", f"the question is larger than {LARGEST_BODY} bytes")
    try:
        return operation.question.model_validate_json(raw)
    except ValidationError as error:
        raise of_validation(error) from None
