"""Define what can go wrong with a query; each error becomes a gap of the diagnosis."""

from __future__ import annotations

from typing import ClassVar, Final

from bot.common.redaction import clean
from intents.domain import Gap, GapReason

WHAT: Final = "Prometheus"


class PrometheusError(Exception):
    """A query that was not answered. `str()` is one clear line without secrets."""

    reason: ClassVar[GapReason] = GapReason.SERVER_ERROR
    usual: ClassVar[str] = "it failed"
    usual_zh: ClassVar[str] = ""
    quiet: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        self.detail = clean(detail) or self.usual
        super().__init__(f"{WHAT}: {self.detail}")

    def gap(self) -> Gap:
        """Return this error as a gap of an answer."""
        return Gap(what=WHAT, reason=self.reason, detail=self.detail, detail_zh=self.usual_zh, quiet=self.quiet)


class NotConfigured(PrometheusError):
    """No Prometheus is configured for this cluster. The gap is not shown, because nothing is broken."""

    reason = GapReason.NOT_CONFIGURED
    usual = "CASEBOOK_PROMETHEUS_URL has no URL for this cluster"
    usual_zh = "CASEBOOK_PROMETHEUS_URL 中没有该集群的地址"
    quiet = True


class SwitchedOff(PrometheusError):
    """The policy keeps metrics from being read for the requester; nothing was sent."""

    reason = GapReason.FORBIDDEN
    usual = "the policy has metrics: false in its section reading"
    usual_zh = "访问策略 reading 部分设置了 metrics: false"


class PrometheusUnreachable(PrometheusError):
    """No connection, or the server there is not a Prometheus."""

    reason = GapReason.UNREACHABLE
    usual = "it cannot be reached"


class QueryTimedOut(PrometheusError):
    """No answer in time."""

    reason = GapReason.TIMED_OUT
    usual = "no answer in time"


class QueryUnauthorized(PrometheusError):
    """401: the credentials are not accepted."""

    reason = GapReason.UNAUTHORIZED
    usual = "it does not accept the credentials"


class QueryForbidden(PrometheusError):
    """403: the query is refused."""

    reason = GapReason.FORBIDDEN
    usual = "it refuses the query"


class QueryThrottled(PrometheusError):
    """429: Prometheus sheds load."""

    reason = GapReason.THROTTLED
    usual = "it is too busy"


class ResultTooLarge(PrometheusError):
    """The answer exceeds the byte limit."""

    reason = GapReason.TRUNCATED
    usual = "its answer is too large"


class BadQuery(PrometheusError):
    """Prometheus does not understand the query or refuses to run it."""

    usual = "it does not understand the query"


class QueryFailed(PrometheusError):
    """5xx, or an answer that no Prometheus gives."""
