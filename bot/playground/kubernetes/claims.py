"""Make the claims of StatefulSet pods, and release or delete a volume when its claim is deleted.

No provisioner runs here: a new claim stays Pending unless a world's reaction sets another status.
"""

from __future__ import annotations

import copy
from typing import Final

from bot.playground.kubernetes import defaults, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.state import State

CLAIMS: Final = ("", "persistentvolumeclaims")
VOLUMES: Final = ("", "persistentvolumes")
_PROTECTION: Final = "kubernetes.io/pvc-protection"


def make_missing(owner: Json, *, pod: str, state: State) -> None:
    """Make the missing claims of a StatefulSet's pod from its claim templates."""
    if owner["kind"] != "StatefulSet":
        return
    namespace, resource = owner["metadata"]["namespace"], state.registry.of_table(CLAIMS)
    for template in owner["spec"].get("volumeClaimTemplates") or ():
        written = template.get("metadata") or {}
        name = f"{written.get('name', '')}-{pod}"
        if state.store.get(table=CLAIMS, namespace=namespace, name=name) is not None:
            continue
        metadata = {
            "name": name,
            "namespace": namespace,
            "uid": state.store.new_uid(table=CLAIMS, namespace=namespace, name=name),
            "creationTimestamp": times.timestamp(state.now()),
            "labels": dict((owner["spec"].get("selector") or {}).get("matchLabels") or {}),
            "finalizers": [_PROTECTION],
        }
        spec = copy.deepcopy(template.get("spec") or {})
        claim: Json = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": metadata, "spec": spec}
        defaults.fill(claim, resource=resource)
        state.put(resource=resource, obj=claim | {"status": {"phase": "Pending"}})


def free_volume(claim: Json, *, state: State) -> None:
    """Delete or release the volume of a deleted claim, by its reclaim policy."""
    name = str((claim.get("spec") or {}).get("volumeName") or "")
    volume = state.store.get(table=VOLUMES, namespace="", name=name) if name else None
    if volume is None or (volume["spec"].get("claimRef") or {}).get("uid") != claim["metadata"]["uid"]:
        return
    resource = state.registry.of_table(VOLUMES)
    if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        state.remove(resource=resource, obj=volume)
        return
    state.put(resource=resource, obj=volume | {"status": (volume.get("status") or {}) | {"phase": "Released"}})


def offer_again(volume: Json, *, state: State) -> None:
    """Set a Released volume without claimRef to Available."""
    status = volume.get("status") or {}
    if status.get("phase") == "Released" and not (volume.get("spec") or {}).get("claimRef"):
        state.put(resource=state.registry.of_table(VOLUMES), obj=volume | {"status": status | {"phase": "Available"}})
