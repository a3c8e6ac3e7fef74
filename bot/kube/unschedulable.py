"""Parse the scheduler's message about a pod it could not place.

`0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu. preemption: …`: the reasons are
counted by node, each node with its first reason only. Wordings of 1.18 to 1.36.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_INSUFFICIENT: Final = re.compile(r"\bInsufficient ([A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9])")
_TAINT: Final = re.compile(r"\btaints? \{([^{}:]+):\s*([^{}]*)\}")
_TOO_MANY_PODS: Final = re.compile(r"\bToo many pods\b")
# The filters of the scheduler that refuse nodes, by the names that `bot.probes.placement.filters` gives them.
_REASONS: Final = {
    "selector": re.compile(
        r"match (?:Pod's )?node (?:affinity|selector)|MatchNodeSelector|didn't satisfy plugin\(s\) \[NodeAffinity\]"
    ),
    "taint": re.compile(
        r"untolerated taint|that the pod didn't tolerate|\(s\) were unschedulable|PodToleratesNodeTaints"
    ),
    "ports": re.compile(r"free ports for the requested pod ports|PodFitsHostPorts"),
    "pods": re.compile(r"Too many pods|Insufficient pods"),
    "volume": re.compile(
        r"volume node affinity conflict|PersistentVolume's node affinity|no available volume zone|NoVolumeZoneConflict"
    ),
    "spread": re.compile(r"topology spread constraints|anti-affinity|pod affinity|MatchInterPodAffinity"),
}
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Unschedulable:
    """The parts of a message: resources that lacked, taints as key or key=value.

    `reasons` names the filters that refused nodes: selector, taint, ports, pods, volume, spread.
    """

    lacks: tuple[str, ...] = ()
    taints: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def parse_unschedulable(message: str) -> Unschedulable:
    """Parse a message; any other message gives an empty result."""
    # The rest says why preemption does not help, and repeats the counts with other meanings.
    reasons = message[:_LONGEST].partition("preemption:")[0]
    lacks = set(_INSUFFICIENT.findall(reasons))
    if _TOO_MANY_PODS.search(reasons):
        lacks.add("pods")
    taints = {
        f"{key.strip()}={value.strip()}" if value.strip() else key.strip() for key, value in _TAINT.findall(reasons)
    }
    return Unschedulable(
        lacks=tuple(sorted(lacks)),
        taints=tuple(sorted(taints)),
        reasons=tuple(name for name, pattern in _REASONS.items() if pattern.search(reasons)),
    )
