"""Simulate a Kubernetes API server on loopback: the far end of tests and of the demo."""

from bot.playground.kubernetes.calls import Request as RecordedRequest
from bot.playground.kubernetes.scenes import expanded
from bot.playground.kubernetes.server import SimulatedCluster
from bot.playground.kubernetes.world_checks import WorldError
