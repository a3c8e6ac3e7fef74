"""Define why a request of a program gets no answer: a status, a constant code, and one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from bot.cluster.errors import (
    BadRequest,
    ClusterError,
    Forbidden,
    Misconfigured,
    NotFound,
    NotServed,
    Throttled,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from bot.surfaces.api.api_models import ErrorDetails, ErrorDocument
from intents.domain import ObjectRef
from responses import failures
from responses.safety import safe_line

_STATUSES: Final[tuple[tuple[type[ClusterError], int, str], ...]] = (
    (NotServed, 404, "kind_not_served"),
    (NotFound, 404, "not_found"),
    (Forbidden, 403, "forbidden"),
    (BadRequest, 400, "invalid_request"),
    (Throttled, 503, "cluster_unavailable"),
    (Unreachable, 503, "cluster_unavailable"),
    (TimedOut, 504, "cluster_timed_out"),
    (Misconfigured, 503, "cluster_unavailable"),
)
_SILENT: Final = (Misconfigured, TimedOut, Unauthorized, Unreachable)
_EXPECTED: Final = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "string_type": "expected a string",
    "string_unicode": "expected a string of Unicode characters",
    "int_type": "expected a whole number",
    "enum": "expected one of the documented values",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "string_too_short": "must not be empty",
}
_MOST: Final = 5


class ApiError(Exception):
    """A request that gets no answer. `str()` is one line, without anything of a pasted text."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str = "",
        suggestions: Sequence[str] = (),
        candidates: Sequence[ObjectRef] = (),
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field
        self.suggestions = tuple(suggestions)
        self.candidates = tuple(candidates)
        self.retry_after = retry_after

    @property
    def document(self) -> ErrorDocument:
        """Return the error as programs get it."""
        fields = {
            "code": self.code,
            "message": safe_line(str(self)),
            "field": self.field or None,
            "suggestions": tuple(map(safe_line, self.suggestions)),
            "candidates": self.candidates,
        }
        return ErrorDocument(error=ErrorDetails.model_validate(fields))


def of_cluster(error: ClusterError, cluster: str) -> ApiError:
    """Return the error for a cluster that cannot be read. Addresses and file names stay in the log."""
    status, code = next(
        ((status, code) for kind, status, code in _STATUSES if isinstance(error, kind)), (502, "cluster_failed")
    )
    says = failures.cluster_unreachable(cluster, error.reason).en if isinstance(error, _SILENT) else str(error)
    return ApiError(status, code, says, retry_after=5 if status in (503, 504) else 0)


def of_validation(error: ValidationError) -> ApiError:
    """Return the error for a malformed request. It never quotes a value."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        return ApiError(400, "malformed_json", "the body is not JSON")
    said = [(_field(problem["loc"]), _says(problem)) for problem in problems[:_MOST]]
    message = "; ".join(f"{field}: {says}" if field else says for field, says in said)
    return ApiError(400, "invalid_request", message, field=said[0][0])


def _says(problem: Any) -> str:
    return _EXPECTED.get(problem["type"]) or str(problem["msg"]).replace("Input should be", "expected")


def _field(steps: Sequence[str | int]) -> str:
    # A key that nobody knows may be anything: it is not repeated at length.
    return safe_line(".".join(map(str, steps)), limit=100)
