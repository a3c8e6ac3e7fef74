"""Stage the demo's trouble that nobody pastes: a bad release that fires an alert, and a breakage that the watch finds.

A workload is well until a visitor starts its trouble. A visitor ends it, or a button of the app does.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.page import StagedEvent

ALERTED: Final = "tickets"
WATCHED: Final = "parcels"

_IMAGE: Final = "registry.acme.io/tickets/booking"
_RELEASE: Final = "Deployment/tickets/booking"
_RELEASED: Final = "booking-5b8c7d9f64-wq8zt"
_EARLIER: Final[dict[str, Any]] = {"containers": {"booking": f"{_IMAGE}:3.1.0"}}
_NO_TAG: Final = (
    f'rpc error: code = NotFound desc = failed to pull and unpack image "{_IMAGE}:3.2.0": failed to resolve reference '
    f'"{_IMAGE}:3.2.0": {_IMAGE}:3.2.0: not found'
)
_RUNNING: Final = {"booking-7c6d5f4b89-4hk2m": "worker-a", "booking-7c6d5f4b89-m9x7c": "worker-b"}
_RELEASE_WELL: Final[dict[str, Any]] = {"scene": {_RELEASE: {**_EARLIER, "pods": _RUNNING}}}
_RELEASE_BROKEN: Final[dict[str, Any]] = {
    "scene": {
        _RELEASE: {
            "replicas": 2,
            "containers": {"booking": f"{_IMAGE}:3.2.0"},
            "pods": {_RELEASED: "worker-c"},
            "before": {**_EARLIER, "pods": list(_RUNNING)},
            "rolled": "6m",
        }
    },
    "faults": {f"Pod/tickets/{_RELEASED}": {"pull_error": _NO_TAG}},
}

_TRACKER: Final[dict[str, Any]] = {
    "containers": {
        "tracker": {
            "image": "registry.acme.io/parcels/tracker:12",
            "envFrom": [{"configMapRef": {"name": "tracker-routes"}}],
        }
    },
}
_STARTED: Final = {"tracker-6d5b9c8f47-j2v6p": "worker-a", "tracker-6d5b9c8f47-t7n4x": "worker-b"}
# The pods of a node that was drained, say: their successors need the ConfigMap that somebody deleted.
_RESTARTED: Final = ("tracker-6d5b9c8f47-b8z2r", "tracker-6d5b9c8f47-x5q9d")
_BROKEN_FOR: Final = "4m"
_CONFIG_WELL: Final[dict[str, Any]] = {
    "scene": {
        "Deployment/parcels/tracker": {**_TRACKER, "pods": _STARTED},
        "ConfigMap/parcels/tracker-routes": {"data": {"REGION": "eu"}},
    }
}
_NO_CONFIG: Final = {"waiting": "CreateContainerConfigError", "message": 'configmap "tracker-routes" not found'}
_CONFIG_BROKEN: Final[dict[str, Any]] = {
    "scene": {
        "Deployment/parcels/tracker": {**_TRACKER, "pods": {pod: {"age": _BROKEN_FOR} for pod in _RESTARTED}},
    },
    "faults": {f"Pod/parcels/{pod}": _NO_CONFIG for pod in _RESTARTED},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedTrouble:
    """A namespace that is well or in trouble."""

    cluster: SimulatedCluster
    namespace: str
    well: Mapping[str, Any]
    broken: Mapping[str, Any]

    def begin(self) -> None:
        """Break the workload."""
        self._become(self.broken)

    def end(self) -> None:
        """Repair it."""
        self._become(self.well)

    def lasts(self) -> bool:
        """Tell whether a pod of the namespace is not ready."""
        return bool(self.cluster.unready_pods(self.namespace))

    def _become(self, world: Mapping[str, Any]) -> None:
        # What a button of the app made, such as the pods of another revision, must not stay beside it.
        self.cluster.clear(self.namespace)
        self.cluster.load(deepcopy(world))


def staged_events(cluster: SimulatedCluster, *, channel: str) -> tuple[StagedEvent, ...]:
    """Add both workloads to a cluster, well, and return what a visitor may let happen to them.

    The posts come to `channel`. Raise WorldError if the cluster has objects that contradict them.
    """
    release = StagedTrouble(cluster=cluster, namespace=ALERTED, well=_RELEASE_WELL, broken=_RELEASE_BROKEN)
    config = StagedTrouble(cluster=cluster, namespace=WATCHED, well=_CONFIG_WELL, broken=_CONFIG_BROKEN)
    release.end()
    config.end()
    return (
        StagedEvent(
            name="alert",
            title="An alert fires",
            ending="Roll the release back",
            note=f"a bad release in {ALERTED}: Alertmanager calls the bot, which posts the cause and follows the alert",
            channel=channel,
            trouble=release,
        ),
        StagedEvent(
            name="watch",
            title="Something breaks by itself",
            ending="Restore the ConfigMap",
            note=f"nobody asks: the bot watches {WATCHED}. Its three minutes pass in a few seconds here",
            channel=channel,
            trouble=config,
        ),
    )
