"""Describe the liveness, readiness and startup probes of a container in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What the API server fills in, in seconds and tries.
_EVERY_S, _TIMEOUT_S, _TRIES = 10, 1, 3


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


def _asks(probe: Mapping[str, Any]) -> str:
    if request := probe.get("httpGet"):
        return f"GET :{request.get('port', '')}{request.get('path', '/')}"
    if socket := probe.get("tcpSocket"):
        return f"connects to :{socket.get('port', '')}"
    if call := probe.get("grpc"):
        return f"asks gRPC :{call.get('port', '')}"
    return "runs " + " ".join(map(str, (probe.get("exec") or {}).get("command") or ()))
