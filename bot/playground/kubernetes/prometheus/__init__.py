"""Simulate Prometheus on loopback, answering PromQL from declared series: the far end of tests and of the demo."""

from bot.playground.kubernetes.prometheus.series import Declared, parse_metrics
from bot.playground.kubernetes.prometheus.server import SimulatedPrometheus
