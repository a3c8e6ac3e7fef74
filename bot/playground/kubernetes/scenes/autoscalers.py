"""Make the HorizontalPodAutoscalers of a scene, with the status of the workload they scale, and apply their faults.

One without metrics, or one whose load needs more replicas than it may run.
"""

from __future__ import annotations

import math
from typing import Any, Final

from bot.playground.kubernetes import patches
from bot.playground.kubernetes.objects import with_status
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes.forms import Form
from bot.playground.kubernetes.scenes.stage import Stage

_USUAL: Final = 80
_FOUND: Final = "the HPA was able to successfully calculate a replica count from cpu"
_WITHIN: Final = ("False", "DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_MANY: Final = ("True", "TooManyReplicas", "the desired replica count is more than the maximum replica count")
_UNABLE: Final = "the HPA was unable to compute the replica count: "
_SYNC_S: Final = 15
_TOO_FEW: Final = ("True", "TooFewReplicas", "the desired replica count is less than the minimum replica count")


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store an autoscaler by CPU with the status its controller would write. `obj` is its head."""
    namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
    created = obj["metadata"]["creationTimestamp"]
    kind, _, target = str(form.get("target", f"Deployment/{name}")).rpartition("/")
    wanted = int(form.get("cpu", _USUAL))
    uses = int(form.get("uses", wanted))
    low, high = int(form.get("min", 1)), int(form.get("max", 10))
    scaled = stage.get(kind, namespace, target)
    present: int = ((scaled or {}).get("spec") or {}).get("replicas", 1)
    current = int(form.get("replicas", present))
    asked = math.ceil(current * uses / wanted)
    measured = "container resource utilization" if "container" in form else "resource utilization"
    able = {"status": "True", "reason": "ReadyForNewScale", "message": "recommended size matches current size"}
    active = {"status": "True", "reason": "ValidMetricFound"}
    conditions = {
        "AbleToScale": able,
        "ScalingActive": active | {"message": f"{_FOUND} {measured} (percentage of request)"},
        "ScalingLimited": _limited(asked, low=low, high=high),
    }
    spec: Json = {
        "scaleTargetRef": {"kind": kind, "name": target, "apiVersion": "apps/v1"},
        "minReplicas": low,
        "maxReplicas": high,
        "metrics": [_metric(form, {"target": {"type": "Utilization", "averageUtilization": wanted}})],
    }
    status: Json = {
        "currentReplicas": current,
        "desiredReplicas": min(max(asked, low), high),
        "lastScaleTime": form.stamp("scaled", created),
        "currentMetrics": [_metric(form, {"current": _use(form, scaled, uses, stage=stage)})],
        "conditions": [{"type": key, "lastTransitionTime": created, **told} for key, told in conditions.items()],
    }
    stage.put(patches.merge(obj | {"spec": spec, "status": status}, form.manifest()))


def apply(scaler: Json, fault: Form, *, stage: Stage) -> None:
    """Store an autoscaler with the status that its controller writes in this state, as recorded."""
    since = fault.stamp("since", "20m")
    status = scaler["status"]
    before = {each["type"]: each for each in status["conditions"]}
    changed: dict[str, Json] = {}
    if "uses" in fault:
        uses, spec = int(fault["uses"]), scaler["spec"]
        metric, most = spec["metrics"][0], spec["maxReplicas"]
        asked = math.ceil(status["currentReplicas"] * uses / _body(metric)["target"]["averageUtilization"])
        changed["ScalingLimited"] = _limited(asked, low=spec["minReplicas"], high=most)
        used = _body(status["currentMetrics"][0]) | {"current": {"averageUtilization": uses}}
        now = {**status["currentMetrics"][0], _key(metric): used}
        status = status | {"currentMetrics": [now], "desiredReplicas": min(asked, most)}
    if "no_metrics" in fault:
        # Without metrics there is nothing to limit, and no metric to show.
        before.pop("ScalingLimited", None)
        reason = fault.get("reason", "FailedGetResourceMetric")
        changed["ScalingActive"] = {"status": "False", "reason": reason, "message": _UNABLE + fault["no_metrics"]}
        status = status | {"currentMetrics": [{"type": ""}], "desiredReplicas": 0}
        if "events" not in fault:
            stage.repeat(
                scaler, since=stage.when(since), until="10s", every_s=_SYNC_S, reason=reason,
                message=fault["no_metrics"], type="Warning", source="horizontal-pod-autoscaler",
            )  # fmt: skip
    for kind, told in changed.items():
        before[kind] = {"type": kind, "lastTransitionTime": since, **told}
    stage.put(with_status(scaler | {"status": status}, conditions=list(before.values())))


def _limited(asked: int, *, low: int, high: int) -> Json:
    """Return the condition ScalingLimited, without its time, for so many replicas that the load needs."""
    status, reason, message = _TOO_MANY if asked > high else _TOO_FEW if asked < low else _WITHIN
    return {"status": status, "reason": reason, "message": message}


def _metric(form: Form, values: Json) -> Json:
    if "container" in form:
        measured = {"container": form["container"], "name": "cpu"} | values
        return {"type": "ContainerResource", "containerResource": measured}
    return {"type": "Resource", "resource": {"name": "cpu"} | values}


def _use(form: Form, scaled: Json | None, uses: int, *, stage: Stage) -> Json:
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


def _key(metric: Json) -> str:
    return "containerResource" if "containerResource" in metric else "resource"


def _body(metric: Json) -> Json:
    body: Json = metric[_key(metric)]
    return body
