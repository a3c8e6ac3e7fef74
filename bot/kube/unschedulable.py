"""Parse the scheduler's message about a pod it could not place.

`0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu. preemption: …`: the reasons are
counted by node, each node with its first reason only. Wordings of 1.18 to 1.36.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NODES: Final = re.compile(r"\b\d+/(\d+) nodes? (?:is|are) available")
_INSUFFICIENT: Final = re.compile(r"\bInsufficient ([A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9])")
_TAINT: Final = re.compile(r"\btaints? \{([^{}:]+):\s*([^{}]*)\}")
_TOO_MANY_PODS: Final = re.compile(r"\bToo many pods\b")
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Unschedulable:
    """The parts of a message: nodes looked at (-1: not said), resources that lacked, taints as key or key=value."""

    nodes: int = -1
    lacks: tuple[str, ...] = ()
    taints: tuple[str, ...] = ()


def parse_unschedulable(message: str) -> Unschedulable:
    """Parse a message; any other message gives an empty result."""
    # The rest says why preemption does not help, and repeats the counts with other meanings.
    reasons = message[:_LONGEST].partition("preemption:")[0]
    nodes = _NODES.search(reasons)
    lacks = set(_INSUFFICIENT.findall(reasons))
    if _TOO_MANY_PODS.search(reasons):
        lacks.add("pods")
    taints = {
        f"{key.strip()}={value.strip()}" if value.strip() else key.strip() for key, value in _TAINT.findall(reasons)
    }
    return Unschedulable(nodes=int(nodes[1]) if nodes else -1, lacks=tuple(sorted(lacks)), taints=tuple(sorted(taints)))
