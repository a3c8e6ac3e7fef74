"""Define and record all metrics for Prometheus."""

from bot.metrics.metrics import REFUSED, Metrics
