"""Read from a program's log the ports on which only its own pod can reach it.

Programs print the address that they listen on. `localhost` is often printed for people to click on, so it proves
nothing; an address of the loopback interface does, unless the program names another one for that port.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from bot.kube.log_causes import Peer, class_of, is_own
from bot.kube.objects import spec_of
from bot.kube.pod_states import is_ready

_LISTENS: Final = re.compile(
    r"(?i)\b(?:listen(?:s|ing)?|running|serving|serves|bound|bind(?:s|ing)?|started|starting|accepting|available|network)\b"
    r"(?:(?!\b(?:to|from|against|upstream|backend|target|proxy|prox(?:ies|ying)|check(?:s|ing)?|forward\w*|connect\w*)\b)"
    r"[^\n]){0,80}?(?:://|[\s\[('\"=@])(?P<host>(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-f:]+\]|\*)?:(?P<port>\d{2,5})(?![\d.:])"
)
_EVERYWHERE: Final = re.compile(r"(?i)\ball (?:addresses|interfaces)\b")
_PROBED: Final = ("httpGet", "tcpSocket", "grpc")


def loopback_ports(text: str) -> Mapping[int, str]:
    """Return the ports on which a program says that it listens on the loopback interface alone, with the line."""
    own: dict[int, str] = {}
    others: set[int] = set()
    for line in text.splitlines():
        for found in _LISTENS.finditer(line) if class_of(line) == "" else ():
            host, port = (found["host"] or "").strip("[]"), int(found["port"])
            if host and host not in ("0.0.0.0", "::") and is_own(Peer(host=host)):
                own.setdefault(port, line.strip())
            else:
                others.add(port)
    if _EVERYWHERE.search(text):
        return {}
    return {port: line for port, line in own.items() if port not in others}


def probed_ports(pod: Mapping[str, Any]) -> frozenset[int]:
    """Return the ports of a ready pod that the kubelet reaches at the pod's address."""
    found: set[int] = set()
    for container in spec_of(pod).get("containers") or () if is_ready(pod) else ():
        names = {str(each.get("name")): int(each.get("containerPort") or 0) for each in container.get("ports") or ()}
        probe = container.get("readinessProbe") or {}
        for handler in (probe.get(each) or {} for each in _PROBED):
            if (port := handler.get("port")) and not handler.get("host"):
                found.add(port if isinstance(port, int) else names.get(str(port), 0))
    return frozenset(found)
