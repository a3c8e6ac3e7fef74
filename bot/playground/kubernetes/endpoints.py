"""Update the endpoints of EndpointSlices after pods changed."""

from __future__ import annotations

from bot.playground.kubernetes import budgets
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

SLICES = ("discovery.k8s.io", "endpointslices")
SERVICES = ("", "services")


def refresh_endpoints(namespace: str, *, state: State) -> None:
    """Update the endpoints of each slice of the namespace whose Service selects pods.

    Only existing slices are updated; none are created.
    """
    resource = state.registry.of_table(SLICES)
    for each in state.store.objects(table=SLICES, namespace=namespace):
        name = (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
        service = state.store.get(table=SERVICES, namespace=namespace, name=name) if name else None
        selector = ((service or {}).get("spec") or {}).get("selector")
        if not selector:
            continue
        endpoints = [
            _endpoint(pod)
            for pod in state.store.objects(table=("", "pods"), namespace=namespace)
            if selector.items() <= (pod["metadata"].get("labels") or {}).items()
            and (pod.get("status") or {}).get("podIP")
            and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        ]
        if endpoints != (each.get("endpoints") or []):
            state.put(resource=resource, obj=each | {"endpoints": endpoints or None})


def _endpoint(pod: Json) -> Json:
    metadata, ready = pod["metadata"], budgets.is_ready(pod)
    leaving = bool(metadata.get("deletionTimestamp"))
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not leaving, "serving": ready, "terminating": leaving},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }
