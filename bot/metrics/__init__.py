"""Define and record all metrics for Prometheus."""

from bot.metrics.families import Documented
from bot.metrics.metrics import REFUSED, Metrics

__all__ = ["REFUSED", "Documented", "Metrics"]
