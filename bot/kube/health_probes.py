"""Describe the probes and lifecycle hooks of a container, and what the kubelet's events say of them.

Wordings of events: k8s.io/kubernetes/pkg/kubelet (prober, kuberuntime), 1.24 to 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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


def hook(container: Mapping[str, Any], name: str) -> str:
    """Return what the hook `postStart` or `preStop` does: "runs sh -c setup", "GET :8080/drain"; "" for none."""
    declared = (container.get("lifecycle") or {}).get(name) or {}
    if command := (declared.get("exec") or {}).get("command"):
        return "runs " + " ".join(map(str, command))
    if request := declared.get("httpGet"):
        return f"GET :{request.get('port', '')}{request.get('path', '/')}"
    if sleep := declared.get("sleep"):
        return f"sleeps {sleep.get('seconds', 0)}s"
    return f"connects to :{declared['tcpSocket'].get('port', '')}" if declared.get("tcpSocket") else ""


_FIELD_PATH: Final = re.compile(r"\{(?P<container>[^}]+)\}")
_KILLED: Final = re.compile(
    r"Container (?P<container>\S+) failed (?:liveness|startup) probe|is unhealthy, it will be killed"
)
_LIVE: Final = re.compile(r"^(?:Liveness|Startup) probe (?:failed|errored)")
_READY: Final = re.compile(r"^Readiness probe (?:failed|errored)")
_HOOKS: Final = frozenset({"FailedPostStartHook", "FailedPreStopHook"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEvents:
    """The newest message of each kind, "" for none."""

    killed: str = ""  # for a liveness or startup probe that failed
    live_failure: str = ""  # of a liveness or startup probe; not within the time of a start
    ready_failure: str = ""
    hook_failure: str = ""


def events_of(container: str, newest_first: Sequence[Mapping[str, Any]], *, starting: bool = False) -> ContainerEvents:
    """Return what the events of a pod say of one of its containers.

    While it is `starting`, within the time that its startup probe gives, a failure of that probe says nothing.
    """
    mine = [each for each in newest_first if _container_of(each) in ("", container)]
    said = [(str(each.get("reason", "")), str(each.get("message", ""))) for each in mine]

    def newest(pattern: re.Pattern[str], reason: str) -> str:
        return next((text for why, text in said if why == reason and pattern.search(text)), "")

    return ContainerEvents(
        killed=newest(_KILLED, "Killing"),
        live_failure="" if starting else newest(_LIVE, "Unhealthy"),
        ready_failure=newest(_READY, "Unhealthy"),
        hook_failure=next((text or why for why, text in said if why in _HOOKS), ""),
    )


def _container_of(event: Mapping[str, Any]) -> str:
    about = event.get("involvedObject") or event.get("regarding") or {}
    found = _FIELD_PATH.search(str(about.get("fieldPath") or ""))
    return found["container"] if found else ""
