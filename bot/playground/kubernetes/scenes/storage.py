"""Make the claims and volumes of a scene; a healthy claim is made with the volume it is bound to."""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes import patches
from bot.playground.kubernetes.claims import CLAIMS, VOLUMES
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.world_checks import WorldError

_CLASS: Final = "standard"
_NO_CLASS: Final = "none"
_SIZE: Final = "10Gi"
_ACCESS: Final = "ReadWriteOnce"
_CLAIM_KEYS: Final = ("size", "class", "access", "volume")


def make_claim(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a claim and bind it. `obj` is its head: kind, apiVersion and metadata."""
    check(form, keys.ANY_OBJECT, keys.CLAIM, path=path)
    spec = patches.merge(claim_spec(form), form.get("spec") or {})
    obj["metadata"]["finalizers"] = ["kubernetes.io/pvc-protection"]
    claim = stage.put(obj | {"spec": spec, "status": {"phase": "Pending"}})
    bind(claim, stage=stage)
    if "status" in form:
        claim = (
            stage.state.store.get(
                table=CLAIMS, namespace=claim["metadata"]["namespace"], name=claim["metadata"]["name"]
            )
            or claim
        )
        stage.put(claim | {"status": patches.merge(claim["status"], form["status"])})


def claim_spec(form: Json) -> Json:
    """Return the spec of a claim, or of a StatefulSet's claim template."""
    spec: Json = {"accessModes": [form.get("access", _ACCESS)]}
    if (named := form.get("class", _CLASS)) != _NO_CLASS:
        spec["storageClassName"] = named
    spec |= {"volumeMode": "Filesystem", "resources": {"requests": {"storage": form.get("size", _SIZE)}}}
    return spec | ({"volumeName": form["volume"]} if "volume" in form else {})


def claim_template(name: str, form: Any, *, path: tuple[str, ...]) -> Json:
    """Return a StatefulSet's claim template. WorldError for a malformed form."""
    known = {key: keys.CLAIM[key] for key in ("size", "class", "access")}
    check(form, known, {"mount": keys.Key(keys.Shape.TEXT, "")}, path=path, manifest=False)
    return {"metadata": {"name": name}, "spec": claim_spec(form)}


def bind(claim: Json, *, stage: Stage) -> None:
    """Bind a claim to the volume it names, or to one that its class provisions."""
    metadata, spec = claim["metadata"], claim["spec"]
    name = spec.get("volumeName") or f"pvc-{metadata['uid']}"
    size = spec["resources"]["requests"]["storage"]
    if stage.state.store.get(table=VOLUMES, namespace="", name=name) is None:
        reference = {"kind": "PersistentVolumeClaim", "namespace": metadata["namespace"], "name": metadata["name"]}
        head = stage.head(
            stage.state.registry.of_table(VOLUMES),
            namespace="",
            name=name,
            created=stage.when(metadata["creationTimestamp"]),
        )
        stage.put(
            {
                "kind": "PersistentVolume",
                "apiVersion": "v1",
                "metadata": head | {"finalizers": ["kubernetes.io/pv-protection"]},
                "spec": {
                    "capacity": {"storage": size},
                    "accessModes": spec["accessModes"],
                    "storageClassName": spec.get("storageClassName", ""),
                    "persistentVolumeReclaimPolicy": "Delete",
                    "claimRef": reference | {"apiVersion": "v1", "uid": metadata["uid"]},
                    "csi": {"driver": "csi.example.com", "volumeHandle": name},
                },
                "status": {"phase": "Bound"},
            }
        )
    status = {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": {"storage": size}}
    stage.put(claim | {"spec": spec | {"volumeName": name}, "status": status})


def make_volume(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store a volume, bound if the scene names its claim, else free."""
    sources = {key: value for key, value in form.items() if key not in keys.VOLUME and key not in keys.ANY_OBJECT}
    spec: Json = {
        "capacity": {"storage": form.get("size", _SIZE)},
        "accessModes": [form.get("access", _ACCESS)],
        "storageClassName": form.get("class", ""),
        "persistentVolumeReclaimPolicy": form.get("reclaim", "Delete"),
    }
    if "claim" in form:
        namespace, slash, name = form["claim"].partition("/")
        if not slash:
            raise WorldError(
                f"{'.'.join(path)}: claim: expected namespace/name, got {form['claim']!r}", path=(*path, "claim")
            )
        spec["claimRef"] = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace, "name": name}
    if "node" in form:
        term = {"key": "kubernetes.io/hostname", "operator": "In", "values": [form["node"]]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}}
        spec |= {} if "local" in sources else {"local": {"path": f"/mnt/disks/{obj['metadata']['name']}"}}
    spec |= {key: value for key, value in sources.items() if key not in keys.MANIFEST}
    phase = "Bound" if "claim" in form else "Available"
    merged = {
        key: patches.merge(value, form.get(key) or {}) for key, value in (("spec", spec), ("status", {"phase": phase}))
    }
    stage.put(obj | merged)
