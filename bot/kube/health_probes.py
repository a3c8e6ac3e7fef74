"""Describe the liveness, readiness and startup probes of a container, and tell the time that they leave for a start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What the API server fills in, in seconds and tries.
_EVERY_S, _TIMEOUT_S, _TRIES = 10, 1, 3
# A readiness probe that begins later than this keeps a pod out of service for longer than a start takes.
_MOST_DELAY_S = 600


def described(probe: Mapping[str, Any] | None) -> str:
    """Return what a probe asks and how often: "GET :8080/healthz every 10s, timeout 1s, 3 tries"; "" for none."""
    if not probe:
        return ""
    every = probe.get("periodSeconds") or _EVERY_S
    timeout = probe.get("timeoutSeconds") or _TIMEOUT_S
    tries = probe.get("failureThreshold") or _TRIES
    delay = probe.get("initialDelaySeconds")
    after = f" after {delay}s" if delay else ""
    return f"{_asks(probe)}{after} every {every}s, timeout {timeout}s, {tries} tries"


def port_of(probe: Mapping[str, Any] | None) -> str:
    """Return the port that a probe asks, a number or a name; "" for a command."""
    handler: Mapping[str, Any] = (
        next((probe[key] for key in ("httpGet", "tcpSocket", "grpc") if probe.get(key)), {}) if probe else {}
    )
    return str(handler.get("port", ""))


def startup_budget_s(container: Mapping[str, Any]) -> int:
    """Return how long a container of a spec may fail its startup probe, and wait for its first readiness probe."""
    startup, readiness = container.get("startupProbe") or {}, container.get("readinessProbe") or {}
    tries = int(startup.get("failureThreshold") or _TRIES)
    starts = int(startup.get("initialDelaySeconds") or 0) + tries * _cycle_s(startup) if startup else 0
    successes = int(readiness.get("successThreshold") or 1)
    delay = int(readiness.get("initialDelaySeconds") or 0) + successes * _cycle_s(readiness) if readiness else 0
    return starts + min(delay, _MOST_DELAY_S)


def _cycle_s(probe: Mapping[str, Any]) -> int:
    return int(probe.get("periodSeconds") or _EVERY_S)


def _asks(probe: Mapping[str, Any]) -> str:
    if request := probe.get("httpGet"):
        return f"GET :{request.get('port', '')}{request.get('path', '/')}"
    if socket := probe.get("tcpSocket"):
        return f"connects to :{socket.get('port', '')}"
    if call := probe.get("grpc"):
        return f"asks gRPC :{call.get('port', '')}"
    return "runs " + " ".join(map(str, (probe.get("exec") or {}).get("command") or ()))
