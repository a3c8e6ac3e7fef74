"""Make the HorizontalPodAutoscalers of a scene, with the status of the workload they scale, and apply their faults.

One without metrics, or one whose load needs more replicas than it may run.
"""

from __future__ import annotations

import math
from typing import Final

from bot.playground.kubernetes.objects import with_status
from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes.forms import Form
from bot.playground.kubernetes.scenes.messages import TEXTS, filled
from bot.playground.kubernetes.scenes.stage import Stage
from bot.playground.kubernetes.validation import quantity

_USUAL: Final = 80
_SYNC_S: Final = 15


def make(obj: Json, form: Form, *, stage: Stage) -> None:
    """Store an autoscaler by CPU with the status its controller would write. `obj` is its head."""
    namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
    created = obj["metadata"]["creationTimestamp"]
    kind, _, target = str(form.get("target", f"Deployment/{name}")).rpartition("/")
    wanted = int(form.get("cpu", _USUAL))
    uses = int(form.get("uses", wanted))
    scaled = stage.get(kind, namespace, target) or {}
    current = int(form.get("replicas", (scaled.get("spec") or {}).get("replicas", 1)))
    spec: Json = {
        "scaleTargetRef": {"kind": kind, "name": target, "apiVersion": "apps/v1"},
        "minReplicas": int(form.get("min", 1)),
        "maxReplicas": int(form.get("max", 10)),
        "metrics": [_metric(form, {"target": {"type": "Utilization", "averageUtilization": wanted}})],
    }
    asked = math.ceil(current * uses / wanted)
    measured = "container resource utilization" if "container" in form else "resource utilization"
    told = TEXTS["scaling"]
    conditions = {
        "AbleToScale": told["able"],
        "ScalingActive": filled(told["active"], measured=measured),
        "ScalingLimited": _limited(asked, spec),
    }
    status: Json = {
        "currentReplicas": current,
        "desiredReplicas": min(max(asked, spec["minReplicas"]), spec["maxReplicas"]),
        "lastScaleTime": form.stamp("scaled", created),
        "currentMetrics": [_metric(form, {"current": _use(form, scaled, uses, stage=stage)})],
        "conditions": [{"type": key, "lastTransitionTime": created, **each} for key, each in conditions.items()],
    }
    stage.put(form.over(obj | {"spec": spec, "status": status}))


def apply(scaler: Json, fault: Form, *, stage: Stage) -> None:
    """Store an autoscaler with the status that its controller writes in this state, as recorded."""
    since = fault.stamp("since", "20m")
    spec, status = scaler["spec"], scaler["status"]
    conditions = {each["type"]: each for each in status["conditions"]}
    changed: dict[str, Json] = {}
    if "uses" in fault:
        uses, metric = int(fault["uses"]), status["currentMetrics"][0]
        key = next(key for key in metric if key != "type")
        asked = math.ceil(status["currentReplicas"] * uses / spec["metrics"][0][key]["target"]["averageUtilization"])
        changed["ScalingLimited"] = _limited(asked, spec)
        used = metric | {key: metric[key] | {"current": {"averageUtilization": uses}}}
        status = status | {"currentMetrics": [used], "desiredReplicas": min(asked, spec["maxReplicas"])}
    if "no_metrics" in fault:
        # Without metrics there is nothing to limit, and no metric to show.
        conditions.pop("ScalingLimited", None)
        why = {"reason": fault.get("reason", "FailedGetResourceMetric"), "message": fault["no_metrics"]}
        changed["ScalingActive"] = filled(TEXTS["scaling"]["unable"], **why)
        status = status | {"currentMetrics": [{"type": ""}], "desiredReplicas": 0}
        if "events" not in fault:
            stage.repeat(
                scaler, since=stage.when(since), until="10s", every_s=_SYNC_S, type="Warning",
                source="horizontal-pod-autoscaler", **why,
            )  # fmt: skip
    conditions |= {kind: {"type": kind, "lastTransitionTime": since, **told} for kind, told in changed.items()}
    stage.put(with_status(scaler | {"status": status}, conditions=list(conditions.values())))


def _limited(asked: int, spec: Json) -> Json:
    """Return the condition ScalingLimited, without its time, for so many replicas that the load needs."""
    found = "more" if asked > spec["maxReplicas"] else "fewer" if asked < spec["minReplicas"] else "within"
    told: Json = TEXTS["scaling"][found]
    return told


def _metric(form: Form, values: Json) -> Json:
    if "container" in form:
        measured = {"container": form["container"], "name": "cpu"} | values
        return {"type": "ContainerResource", "containerResource": measured}
    return {"type": "Resource", "resource": {"name": "cpu"} | values}


def _use(form: Form, scaled: Json, uses: int, *, stage: Stage) -> Json:
    """Return the use per pod: a share of what its pods request, and how much that is."""
    current: Json = {"averageUtilization": uses}
    pods = stage.workloads.pods_of(scaled) if scaled else []
    containers = pods[0]["spec"]["containers"] if pods else ()
    counted = [each for each in containers if form.get("container") in (None, each["name"])]
    amounts = [((each.get("resources") or {}).get("requests") or {}).get("cpu", 0) for each in counted]
    if requested := int(sum(map(quantity, amounts)) * 1000):
        current["averageValue"] = f"{requested * uses // 100}m"
    return current
