"""Say why a node is not ready, by its condition Ready, and which nodes became so at about the same time.

How far a kubelet's version may differ: https://kubernetes.io/releases/version-skew-policy/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from bot.kube.agents import traits
from bot.kube.objects import condition, created_at, name_of
from bot.kube.timestamps import UNKNOWN, seconds_since

# Nodes whose Ready condition changed within this time of each other count as one failure.
TOGETHER_S: Final = 600
# A new node is not ready until its network plugin has started.
JOINING_S: Final = 300
# The kubelet writes the first condition within this time of registering its node.
_FIRST_REPORT_S: Final = 30
# The node controller's reason for the silence of a kubelet that has reported before.
_FELL_SILENT: Final = "NodeStatusUnknown"
_NEVER_REPORTED: Final = "NodeStatusNeverUpdated"

# The kubelet's words in the condition Ready, by the part of the node that it waits for.
_FAILURES: Final = (
    ("shutdown", re.compile(r"(?i)shutting down")),
    ("network", re.compile(r"(?i)cni|network ?plugin|networkready=false|network plugin is not ready")),
    ("runtime", re.compile(r"(?i)container runtime|runtimeready=false|containerd|docker|cri-?o\b|runtime status")),
    ("pleg", re.compile(r"PLEG is not healthy")),
    ("storage", re.compile(r"(?i)csinode")),
)


def status_of_ready(node: Mapping[str, Any]) -> str:
    """Return the status of the condition Ready: True, False or Unknown."""
    return str(condition(node, "Ready").get("status") or "Unknown")


def failure_of(node: Mapping[str, Any]) -> str:
    """Return what keeps a node from being ready: silent, network, runtime, pleg, shutdown, storage, other; or ""."""
    status = status_of_ready(node)
    if status == "True":
        return ""
    if status != "False":
        return "silent"
    ready = condition(node, "Ready")
    text = f"{ready.get('reason', '')} {ready.get('message', '')}"
    return next((kind for kind, words in _FAILURES if words.search(text)), "other")


def is_joining(node: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a node was registered minutes ago and has never been ready yet."""
    age_s = seconds_since(created_at(node), now)
    return status_of_ready(node) != "True" and UNKNOWN < age_s < JOINING_S and _never_was_ready(node, age_s, now)


def _never_was_ready(node: Mapping[str, Any], age_s: int, now: datetime) -> bool:
    """Tell whether the condition Ready has not changed since the node was registered."""
    ready = condition(node, "Ready")
    reason = str(ready.get("reason") or "")
    if reason in (_FELL_SILENT, _NEVER_REPORTED):
        return reason == _NEVER_REPORTED
    since_s = seconds_since(ready.get("lastTransitionTime"), now)
    return since_s == UNKNOWN or abs(age_s - since_s) <= _FIRST_REPORT_S


def failed_together(node: Mapping[str, Any], since_s: Mapping[str, int]) -> tuple[str, ...]:
    """Return the other nodes that became not ready at about the same time, from the ages of all that are not."""
    name = name_of(node)
    own = since_s.get(name, UNKNOWN)
    return tuple(
        other
        for other, age in sorted(since_s.items())
        if other != name and UNKNOWN not in (own, age) and abs(age - own) <= TOGETHER_S
    )


def shared_zone(failed: Iterable[Mapping[str, Any]], nodes: Iterable[Mapping[str, Any]]) -> str:
    """Return the zone of all failed nodes where there are several and other zones have ready nodes; "" otherwise."""
    failed = tuple(failed)
    zones = {traits(node)["zone"] for node in failed}
    if len(failed) < 2 or len(zones) != 1:
        return ""
    [zone] = zones
    elsewhere = any(traits(node)["zone"] not in ("", zone) and status_of_ready(node) == "True" for node in nodes)
    return zone if elsewhere else ""


_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)")
# A kubelet of 1.25 or later may be three minor versions older than the API server, an earlier one two.
_ALLOWED: Final = 3
_ALLOWED_BEFORE: Final = ((1, 25), 2)


def minors_behind(kubelet: str, server: str) -> int | None:
    """Return how many minor versions a kubelet is older than the API server, negative if newer; None if unknown."""
    old, new = _parsed(kubelet), _parsed(server)
    if old is None or new is None or old[0] != new[0]:
        return None
    return new[1] - old[1]


def allowed_behind(kubelet: str) -> int:
    """Return how many minor versions such a kubelet may be older than the API server."""
    parsed, (before, allowed) = _parsed(kubelet), _ALLOWED_BEFORE
    return allowed if parsed is not None and parsed < before else _ALLOWED


def _parsed(version: str) -> tuple[int, int] | None:
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else None
