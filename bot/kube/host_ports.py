"""The ports of its node that a pod takes, and the pods that have them already: the NodePorts filter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.objects import spec_of

_ANY_ADDRESS: Final = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPort:
    """A port of the node, on one of its addresses or on all; it prints as 443/TCP."""

    port: int
    protocol: str = "TCP"
    address: str = ""

    def __str__(self) -> str:
        return f"{self.port}/{self.protocol}"

    def clashes(self, other: HostPort) -> bool:
        """Tell whether two pods of one node cannot both have these."""
        same_address = self.address == other.address or bool({self.address, other.address} & _ANY_ADDRESS)
        return (self.port, self.protocol) == (other.port, other.protocol) and same_address


def host_ports(pod: Mapping[str, Any]) -> tuple[HostPort, ...]:
    """Return the host ports of a pod: of its containers and sidecars. In the node's network, every port is one."""
    spec = spec_of(pod)
    key = "containerPort" if spec.get("hostNetwork") else "hostPort"
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    return tuple(
        HostPort(
            port=int(port.get("hostPort") or port[key]),
            protocol=str(port.get("protocol") or "TCP"),
            address=str(port.get("hostIP") or ""),
        )
        for container in (*(spec.get("containers") or ()), *sidecars)
        for port in container.get("ports") or ()
        if port.get("hostPort") or port.get(key)
    )


def taken(wanted: Iterable[HostPort], pods: Iterable[Mapping[str, Any]]) -> tuple[HostPort, Mapping[str, Any]] | None:
    """Return the first wanted port that one of the pods has, with that pod."""
    held = [(port, pod) for pod in pods for port in host_ports(pod)]
    return next(((each, pod) for each in wanted for port, pod in held if each.clashes(port)), None)
