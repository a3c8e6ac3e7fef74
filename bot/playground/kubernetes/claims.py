"""Make the claims of StatefulSet pods, expand claims, and release or delete the volume of a deleted claim.

No provisioner runs here: a new claim stays Pending unless a world's reaction sets another status.
"""

from __future__ import annotations

from bot.playground.copies import copied
from bot.playground.kubernetes import defaults
from bot.playground.kubernetes.objects import has_ended, status_of, with_status
from bot.playground.kubernetes.resources import CLAIMS, PODS, VOLUMES, Json, Table
from bot.playground.kubernetes.state import State

# The finalizer with which a controller protects an object in use.
PROTECTION: dict[Table, str] = {CLAIMS: "kubernetes.io/pvc-protection", VOLUMES: "kubernetes.io/pv-protection"}
_CLASSES = ("storage.k8s.io", "storageclasses")


def make_missing(owner: Json, *, pod: str, state: State) -> None:
    """Make the missing claims of a StatefulSet's pod from its claim templates."""
    if owner["kind"] != "StatefulSet":
        return
    namespace = owner["metadata"]["namespace"]
    for template in owner["spec"].get("volumeClaimTemplates") or ():
        name = f"{(template.get('metadata') or {}).get('name', '')}-{pod}"
        if state.get(CLAIMS, name, namespace=namespace) is not None:
            continue
        metadata = state.new_metadata(CLAIMS, name, namespace=namespace) | {
            "labels": dict((owner["spec"].get("selector") or {}).get("matchLabels") or {}),
            "finalizers": [PROTECTION[CLAIMS]],
        }
        spec = copied(template.get("spec") or {})
        claim: Json = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "metadata": metadata, "spec": spec}
        defaults.fill(claim, resource=state.registry.of_table(CLAIMS))
        state.put(CLAIMS, claim | {"status": {"phase": "Pending"}})


def users_of(claim: Json, *, state: State) -> list[Json]:
    """Return the pods that mount a claim."""
    metadata = claim["metadata"]
    found = []
    for pod in state.objects(PODS, metadata["namespace"]):
        sources = [each.get("persistentVolumeClaim") or {} for each in pod["spec"].get("volumes") or ()]
        if metadata["name"] in [each.get("claimName") for each in sources]:
            found.append(pod)
    return found


def is_in_use(obj: Json, *, table: Table, state: State) -> bool:
    """Return whether a claim or volume is used, so that its protection stays."""
    if table == VOLUMES:
        return bool(status_of(obj).get("phase") == "Bound")
    # Only a scheduled pod uses a claim: recorded in 18-storage-pending.
    return any(pod["spec"].get("nodeName") and not has_ended(pod) for pod in users_of(obj, state=state))


def grow(claim: Json, *, state: State) -> None:
    """Expand a bound claim that requests more, if its class allows expansion."""
    status = status_of(claim)
    asked = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    capacity = status.get("capacity") or {}
    storage_class = state.get(_CLASSES, claim["spec"].get("storageClassName", "")) or {}
    expands = storage_class.get("allowVolumeExpansion") and asked != capacity.get("storage")
    if status.get("phase") == "Bound" and expands:
        state.put(CLAIMS, with_status(claim, capacity=capacity | {"storage": asked}))


def volume_of(claim: Json, *, state: State) -> Json | None:
    """Return the volume that is bound to a claim, None without one."""
    volume = state.get(VOLUMES, str((claim.get("spec") or {}).get("volumeName") or ""))
    bound = volume is not None and (volume["spec"].get("claimRef") or {}).get("uid") == claim["metadata"]["uid"]
    return volume if bound else None


def free_volume(claim: Json, *, state: State) -> None:
    """Delete or release the volume of a deleted claim, by its reclaim policy."""
    volume = volume_of(claim, state=state)
    if volume is None:
        return
    if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        state.remove(VOLUMES, volume)
    else:
        state.put(VOLUMES, with_status(volume, phase="Released"))


def offer_again(volume: Json, *, state: State) -> None:
    """Set a Released volume without claimRef to Available."""
    if status_of(volume).get("phase") == "Released" and not (volume.get("spec") or {}).get("claimRef"):
        state.put(VOLUMES, with_status(volume, phase="Available"))
