"""Find, make, scale and number the ReplicaSets of a Deployment."""

from __future__ import annotations

import json

from bot.playground.copies import copied
from bot.playground.kubernetes.defaults import suffix
from bot.playground.kubernetes.objects import amount, annotations_of, owner_reference, with_metadata
from bot.playground.kubernetes.resources import REPLICA_SETS, Json
from bot.playground.kubernetes.state import State

_DEPLOYMENTS = ("apps", "deployments")
_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"


def revision(obj: Json) -> int:
    """Return the revision number of a ReplicaSet, 0 without one."""
    return int(annotations_of(obj).get(_REVISION, 0))


def of_template(deployment: Json, sets: list[Json]) -> Json | None:
    """Return the newest ReplicaSet with the Deployment's template, compared without the hash label."""
    wanted = _without_hash(deployment["spec"].get("template") or {})
    return next((each for each in reversed(sets) if _without_hash(each["spec"].get("template") or {}) == wanted), None)


def resized(obj: Json, *, replicas: int) -> Json:
    """Return the workload with another size and the next generation."""
    metadata = obj["metadata"]
    if obj["spec"].get("replicas") == replicas and metadata.get("generation"):
        return obj
    counted = metadata | {"generation": metadata.get("generation", 0) + 1}
    return obj | {"metadata": counted, "spec": obj["spec"] | {"replicas": replicas}}


def promote(deployment: Json, current: Json | None, *, state: State, replicas: int, number: int) -> Json:
    """Store the Deployment's ReplicaSet with its new size; make it if it is missing. A rollout has a `number`."""
    replica_set = current or made(deployment, state=state)
    annotations = dict(annotations_of(replica_set))
    if number:
        if before := annotations.get(_REVISION):
            history = annotations.get(f"{_REVISION}-history")
            annotations[f"{_REVISION}-history"] = f"{history},{before}" if history else before
        annotations[_REVISION] = str(number)
        if (latest := state.latest(_DEPLOYMENTS, deployment)) is not None:
            numbered = annotations_of(latest) | {_REVISION: str(number)}
            state.put(_DEPLOYMENTS, with_metadata(latest, annotations=numbered))
    annotations["deployment.kubernetes.io/desired-replicas"] = str(replicas)
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    surge = amount(rolling.get("maxSurge", 0), of=int(deployment["spec"].get("replicas", 1)))
    annotations["deployment.kubernetes.io/max-replicas"] = str(replicas + surge)
    sized = resized(replica_set, replicas=replicas)
    return state.put(REPLICA_SETS, with_metadata(sized, annotations=annotations))


def made(deployment: Json, *, state: State, digest: str = "") -> Json:
    """Return a new ReplicaSet of the Deployment's template; `digest` is the template hash in its name."""
    metadata = deployment["metadata"]
    template = copied(deployment["spec"]["template"])
    digest = digest or suffix(json.dumps(template, sort_keys=True), length=10)
    labels = ((template.get("metadata") or {}).get("labels") or {}) | {_HASH: digest}
    template["metadata"] = (template.get("metadata") or {}) | {"labels": labels}
    selector = copied(deployment["spec"].get("selector") or {})
    selector["matchLabels"] = (selector.get("matchLabels") or {}) | {_HASH: digest}
    name = f"{metadata['name']}-{digest}"
    return {
        "kind": "ReplicaSet",
        "apiVersion": "apps/v1",
        "metadata": state.new_metadata(REPLICA_SETS, name, namespace=metadata["namespace"])
        | {"generation": 0, "labels": labels, "ownerReferences": [owner_reference(deployment)]},
        "spec": {"replicas": 0, "selector": selector, "template": template},
        "status": {"replicas": 0},
    }


def _without_hash(template: Json) -> Json:
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {key: value for key, value in (metadata.get("labels") or {}).items() if key != _HASH}
    return template | {"metadata": metadata}
