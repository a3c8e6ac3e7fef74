"""Make the claims and volumes of a scene, and apply the faults of claims: one that waits, or that lost its volume.

A healthy claim is made with the volume it is bound to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.playground.kubernetes import patches
from bot.playground.kubernetes.claims import PROTECTION, users_of, volume_of
from bot.playground.kubernetes.objects import annotations_of, without
from bot.playground.kubernetes.resources import CLAIMS, VOLUMES, Json
from bot.playground.kubernetes.scenes import pod_faults
from bot.playground.kubernetes.scenes.forms import KEYS, MANIFEST, Form
from bot.playground.kubernetes.scenes.messages import TEXTS, filled
from bot.playground.kubernetes.scenes.stage import Stage, address

_CLASS: Final = "standard"
_NO_CLASS: Final = "none"
_SIZE: Final = "10Gi"
_ACCESS: Final = "ReadWriteOnce"
_ATTEMPTS_S: Final = 15
_UNBOUND: Final = "0/{} nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
_NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"
_ASKED: Final = ("volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner")


def make_claim(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a claim and bind it. `obj` is its head: kind, apiVersion and metadata."""
    spec = patches.merge(claim_spec(form), form.get("spec") or {})
    obj["metadata"]["finalizers"] = [PROTECTION[CLAIMS]]
    claim = bind(stage.put(obj | {"spec": spec, "status": {"phase": "Pending"}}), stage=stage)
    if "status" in form:
        stage.put(claim | {"status": patches.merge(claim["status"], form["status"])})


def claim_spec(form: Json) -> Json:
    """Return the spec of a claim, or of a StatefulSet's claim template."""
    spec: Json = {"accessModes": [form.get("access", _ACCESS)]}
    if (named := form.get("class", _CLASS)) != _NO_CLASS:
        spec["storageClassName"] = named
    spec |= {"volumeMode": "Filesystem", "resources": {"requests": {"storage": form.get("size", _SIZE)}}}
    return spec | ({"volumeName": form["volume"]} if "volume" in form else {})


def claim_template(name: str, form: Form) -> Json:
    """Return a StatefulSet's claim template. WorldError for a malformed form."""
    known = {key: KEYS["claim"][key] for key in ("size", "class", "access")} | {"mount": "text"}
    return {"metadata": {"name": name}, "spec": claim_spec(form.check(known, manifest=False))}


def bind(claim: Json, *, stage: Stage) -> Json:
    """Bind a claim to the volume it names, or to one that its class provisions, and return it."""
    metadata, spec = claim["metadata"], claim["spec"]
    name = spec.get("volumeName") or f"pvc-{metadata['uid']}"
    size = spec["resources"]["requests"]["storage"]
    if stage.state.get(VOLUMES, name) is None:
        created = stage.when(metadata["creationTimestamp"])
        head = stage.new("PersistentVolume", name=name, created=created, finalizers=[PROTECTION[VOLUMES]])
        driver = {"driver": "csi.example.com", "volumeHandle": name}
        own = {"accessModes": spec["accessModes"], "claimRef": {"uid": metadata["uid"]}, "csi": driver}
        place = f"{metadata['namespace']}/{metadata['name']}"
        form = {"size": size, "class": spec.get("storageClassName", ""), "claim": place, "spec": own}
        make_volume(head, Form(form, path=(), now=stage.now), stage=stage)
    status = {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": {"storage": size}}
    return stage.put(claim | {"spec": spec | {"volumeName": name}, "status": status})


def make_volume(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store a volume, bound if the scene names its claim, else free."""
    sources = without(form, *KEYS["volume"], *KEYS["any_objects"])
    spec: Json = {
        "capacity": {"storage": form.get("size", _SIZE)},
        "accessModes": [form.get("access", _ACCESS)],
        "storageClassName": form.get("class", ""),
        "persistentVolumeReclaimPolicy": form.get("reclaim", "Delete"),
    }
    if "claim" in form:
        namespace, slash, name = form["claim"].partition("/")
        if not slash:
            raise form.wrong(f"expected namespace/name, got {form['claim']!r}", "claim")
        spec["claimRef"] = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace, "name": name}
    if "node" in form:
        term = {"key": "kubernetes.io/hostname", "operator": "In", "values": [form["node"]]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}}
        spec |= {} if "local" in sources else {"local": {"path": f"/mnt/disks/{obj['metadata']['name']}"}}
    spec |= without(sources, *MANIFEST)
    status = {"phase": "Bound" if "claim" in form else "Available"}
    stage.put(form.over(obj | {"spec": spec, "status": status}))


def apply(claim: Json, fault: Form, *, stage: Stage) -> None:
    """Store a claim, without its volume if the fault asks for that."""
    pending = fault.get("pending")
    if not isinstance(pending, bool | str | None):
        raise fault.wrong(f"expected true or the event's message, got {pending!r}", "pending")
    if not pending and not fault.get("lost"):
        return
    since = fault.when("since", claim["metadata"]["creationTimestamp"])
    if (volume := volume_of(claim, state=stage.state)) is not None:
        stage.remove(volume)
    if fault.get("lost"):
        stage.put(claim | {"status": {"phase": "Lost"}})
        told = TEXTS["claims"]["lost"]
    else:
        told = _wait(claim, fault, stage=stage)
    if "events" not in fault:
        kind = "Warning" if told["reason"] in ("ProvisioningFailed", "ClaimLost") else "Normal"
        told = {"type": kind, "source": "persistentvolume-controller"} | told
        stage.repeat(claim, since=since, until="10s", every_s=_ATTEMPTS_S, **told)


def _wait(claim: Json, fault: Form, *, stage: Stage) -> Json:
    """Store a claim that waits for a volume, and return reason and message of the controller's event about it."""
    metadata, name, found = claim["metadata"], claim["spec"].get("storageClassName"), _class(claim, stage=stage)
    no_pod = _is_delayed(claim, stage=stage) and not users_of(claim, state=stage.state)
    provisioner = found.get("provisioner", "")
    if provisioner not in ("", _NO_PROVISIONER) and not no_pod:
        # The controller notes which provisioner it asks for a volume.
        metadata = metadata | {"annotations": annotations_of(claim) | dict.fromkeys(_ASKED, provisioner)}
    spec = without(claim["spec"], "volumeName")
    stage.put(claim | {"metadata": metadata, "spec": spec, "status": {"phase": "Pending"}})
    told_by_author = fault["pending"] is not True
    causes = {"failed": told_by_author, "no_class": not name, "unknown_class": not found, "no_pod": no_pod}
    cause = next((cause for cause, holds in causes.items() if holds), "provisioning")
    told = filled(TEXTS["claims"][cause], text=fault["pending"], name=name, provisioner=provisioner)
    return told | {"reason": fault.get("reason", told["reason"])}


def hold_up_pods(faults: Mapping[tuple[str, str, str], Form], *, stage: Stage) -> None:
    """Let pods without a fault of their own wait for their pending claims."""
    for (kind, namespace, name), fault in faults.items():
        claim = stage.get(kind, namespace, name) if kind == "PersistentVolumeClaim" and fault.get("pending") else None
        if claim is None or _is_delayed(claim, stage=stage):
            continue
        for pod in users_of(claim, state=stage.state):
            if ("Pod", namespace, pod["metadata"]["name"]) in faults or pod["status"].get("phase") != "Running":
                continue
            waits = {"unschedulable": _UNBOUND.format(len(stage.names("Node", "")))}
            pod_faults.apply(pod, Form(waits, path=("faults", address(pod)), now=stage.now), stage=stage)


def _class(claim: Json, *, stage: Stage) -> Mapping[str, Any]:
    name = claim["spec"].get("storageClassName")
    found: Mapping[str, Any] = (stage.get("StorageClass", "", name) if name else None) or {}
    return found


def _is_delayed(claim: Json, *, stage: Stage) -> bool:
    return bool(_class(claim, stage=stage).get("volumeBindingMode") == "WaitForFirstConsumer")
