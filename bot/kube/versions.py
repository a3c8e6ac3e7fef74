"""Compare the version of a kubelet with that of the API server.

Source of the rule: https://kubernetes.io/releases/version-skew-policy/
"""

from __future__ import annotations

import re
from typing import Final

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
