"""A cluster in which each Deployment misses a ConfigMap of its own: as many causes of alerts as Deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def world_without(config_maps: Mapping[str, str], pods: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the world of Deployments in the namespace `till`: by name, the ConfigMap that is missing, and the pods."""
    return {
        "scene": {
            f"Deployment/till/{name}": {
                "containers": {"app": {"image": "app:1", "envFrom": [{"configMapRef": {"name": config}}]}},
                "pods": list(pods[name]),
            }
            for name, config in config_maps.items()
        },
        "faults": {
            f"Pod/till/{pod}": {"waiting": "CreateContainerConfigError", "message": f'configmap "{config}" not found'}
            for name, config in config_maps.items()
            for pod in pods[name]
        },
    }
