"""Make the HorizontalPodAutoscalers of a scene, with the status of the workload they scale."""

from __future__ import annotations

import math
from typing import Any, Final

from bot.playground.kubernetes import patches, times
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import keys
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage

_USUAL: Final = 80
_FOUND: Final = "the HPA was able to successfully calculate a replica count from cpu"
_WITHIN: Final = ("False", "DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_MANY: Final = ("True", "TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW: Final = ("True", "TooFewReplicas", "the desired replica count is less than the minimum replica count")


def make(obj: Json, form: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store an autoscaler by CPU with the status its controller would write. `obj` is its head."""
    check(form, keys.ANY_OBJECT, keys.AUTOSCALER, path=path)
    namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
    kind, _, target = str(form.get("target", f"Deployment/{name}")).rpartition("/")
    wanted = int(form.get("cpu", _USUAL))
    uses = int(form.get("uses", wanted))
    low, high = int(form.get("min", 1)), int(form.get("max", 10))
    scaled = stage.get(kind, namespace, target)
    present: int = ((scaled or {}).get("spec") or {}).get("replicas", 1)
    current = int(form.get("replicas", present))
    last = (
        stage.stamp(form["scaled"], path=(*path, "scaled"))
        if "scaled" in form
        else obj["metadata"]["creationTimestamp"]
    )
    asked = math.ceil(current * uses / wanted)
    measured = "container resource utilization" if "container" in form else "resource utilization"
    spec: Json = {
        "scaleTargetRef": {"kind": kind, "name": target, "apiVersion": "apps/v1"},
        "minReplicas": low,
        "maxReplicas": high,
        "metrics": [_metric(form, {"target": {"type": "Utilization", "averageUtilization": wanted}})],
    }
    status: Json = {
        "currentReplicas": current,
        "desiredReplicas": min(max(asked, low), high),
        "lastScaleTime": last,
        "currentMetrics": [_metric(form, {"current": _use(form, scaled, uses, stage=stage)})],
        "conditions": [
            {"type": kind, "status": state, "lastTransitionTime": obj["metadata"]["creationTimestamp"]}
            | {"reason": reason, "message": message}
            for kind, state, reason, message in (
                ("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
                ("ScalingActive", "True", "ValidMetricFound", f"{_FOUND} {measured} (percentage of request)"),
                ("ScalingLimited", *(_TOO_MANY if asked > high else _TOO_FEW if asked < low else _WITHIN)),
            )
        ],
    }
    given = times.resolve({key: form.get(key) or {} for key in ("spec", "status")}, now=stage.now)
    stage.put(obj | {"spec": patches.merge(spec, given["spec"]), "status": patches.merge(status, given["status"])})


def limited(asked: int, *, low: int, high: int) -> Json:
    """Return the condition ScalingLimited, without its time, for so many replicas that the load needs."""
    status, reason, message = _TOO_MANY if asked > high else _TOO_FEW if asked < low else _WITHIN
    return {"status": status, "reason": reason, "message": message}


def _metric(form: Json, values: Json) -> Json:
    if "container" in form:
        return {
            "type": "ContainerResource",
            "containerResource": {"container": form["container"], "name": "cpu"} | values,
        }
    return {"type": "Resource", "resource": {"name": "cpu"} | values}


def _use(form: Json, scaled: Json | None, uses: int, *, stage: Stage) -> Json:
    """Return the use per pod: a share of what its pods request, and how much that is."""
    current: Json = {"averageUtilization": uses}
    pods = stage.workloads.pods_of(scaled) if scaled else []
    counted = [
        each
        for each in (pods[0]["spec"]["containers"] if pods else ())
        if form.get("container") in (None, each["name"])
    ]
    if requested := sum(map(_requested, counted)):
        current["averageValue"] = f"{requested * uses // 100}m"
    return current


def _requested(container: Json) -> int:
    """Return how many thousandths of a core a container requests."""
    amount: Any = ((container.get("resources") or {}).get("requests") or {}).get("cpu", 0)
    text = str(amount)
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)
