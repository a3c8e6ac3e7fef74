"""What the kubelet's events say of one container: a probe that failed, a restart for it, a lifecycle hook that failed.

Wordings of k8s.io/kubernetes/pkg/kubelet (prober, kuberuntime), 1.24 to 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
