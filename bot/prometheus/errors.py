"""Everything that can go wrong between a query and its answer, each as a gap of the diagnosis."""

from __future__ import annotations

from typing import ClassVar, Final

from bot.common.outside_text import clean
from intents.domain import Gap, GapReason

WHAT: Final = "Prometheus"


class PrometheusError(Exception):
    """A query was not answered. `str()` is one clear line without any secret."""

    reason: ClassVar[GapReason] = GapReason.SERVER_ERROR
    usual: ClassVar[str] = "it failed"
    quiet: ClassVar[bool] = False

    def __init__(self, detail: str = "", *, detail_zh: str = "") -> None:
        self.detail = clean(detail) or self.usual
        self.detail_zh = clean(detail_zh)
        super().__init__(f"{WHAT}: {self.detail}")

    def gap(self) -> Gap:
        return Gap(what=WHAT, reason=self.reason, detail=self.detail, detail_zh=self.detail_zh, quiet=self.quiet)


class NotConfigured(PrometheusError):
    """There is none for this cluster: nothing is missing that anybody meant to be there."""

    reason = GapReason.NOT_CONFIGURED
    usual = "CASEBOOK_PROMETHEUS_URL names none for this cluster"
    quiet = True

    def __init__(self) -> None:
        super().__init__(detail_zh="CASEBOOK_PROMETHEUS_URL 未指定该集群的地址")


class Unreachable(PrometheusError):
    """No connection, or something else than a Prometheus answers there."""

    reason = GapReason.UNREACHABLE
    usual = "it cannot be reached"


class TimedOut(PrometheusError):
    reason = GapReason.TIMED_OUT
    usual = "no answer in time"


class Unauthorized(PrometheusError):
    reason = GapReason.UNAUTHORIZED
    usual = "it does not accept the credentials"


class Forbidden(PrometheusError):
    reason = GapReason.FORBIDDEN
    usual = "it refuses the query"


class Throttled(PrometheusError):
    reason = GapReason.THROTTLED
    usual = "it is too busy"


class TooLarge(PrometheusError):
    reason = GapReason.TRUNCATED
    usual = "its answer is too large"


class BadQuery(PrometheusError):
    """It does not understand the query, or refuses to carry it out."""

    usual = "it does not understand the query"


class Failed(PrometheusError):
    """5xx, or an answer that no Prometheus gives."""
