"""Apply faults to autoscalers: one without metrics, or one whose load needs more replicas than it may run."""

from __future__ import annotations

import math
from typing import Final

from bot.playground.kubernetes.resources import Json
from bot.playground.kubernetes.scenes import autoscalers, keys
from bot.playground.kubernetes.scenes.keys import check
from bot.playground.kubernetes.scenes.stage import Stage

KIND: Final = "HorizontalPodAutoscaler"
_UNABLE: Final = "the HPA was unable to compute the replica count: "
_SYNC_S: Final = 15


def apply(scaler: Json, fault: Json, *, stage: Stage, path: tuple[str, ...]) -> None:
    """Store an autoscaler with the status that its controller writes in this state, as recorded."""
    check(fault, keys.AUTOSCALER_FAULTS, keys.ANY_FAULTS, path=path)
    since = stage.stamp(fault.get("since", "20m"), path=(*path, "since"))
    status = scaler["status"]
    before = {each["type"]: each for each in status["conditions"]}
    changed: dict[str, Json] = {}
    if "uses" in fault:
        metric = scaler["spec"]["metrics"][0]
        wanted = _body(metric)["target"]["averageUtilization"]
        most, current = scaler["spec"]["maxReplicas"], status["currentReplicas"]
        asked = math.ceil(current * int(fault["uses"]) / wanted)
        changed["ScalingLimited"] = autoscalers.limited(asked, low=scaler["spec"]["minReplicas"], high=most)
        used = _body(status["currentMetrics"][0]) | {"current": {"averageUtilization": int(fault["uses"])}}
        now = {**status["currentMetrics"][0], _key(metric): used}
        status = status | {"currentMetrics": [now], "desiredReplicas": min(asked, most)}
    if "no_metrics" in fault:
        # Without metrics there is nothing to limit, and no metric to show.
        before.pop("ScalingLimited", None)
        reason = fault.get("reason", "FailedGetResourceMetric")
        message = _UNABLE + fault["no_metrics"]
        changed["ScalingActive"] = {"status": "False", "reason": reason, "message": message}
        status = status | {"currentMetrics": [{"type": ""}], "desiredReplicas": 0}
        if "events" not in fault:
            first, last = stage.when(since), stage.when("10s")
            count = max(1, int((last - first).total_seconds()) // _SYNC_S)
            stage.tell(scaler, reason=reason, message=fault["no_metrics"], first=first, last=last, count=count,
                       type="Warning", source="horizontal-pod-autoscaler")  # fmt: skip
    for kind, told in changed.items():
        before[kind] = {"type": kind, "lastTransitionTime": since, **told}
    stage.put(scaler | {"status": status | {"conditions": list(before.values())}})


def _key(metric: Json) -> str:
    return "containerResource" if "containerResource" in metric else "resource"


def _body(metric: Json) -> Json:
    body: Json = metric[_key(metric)]
    return body
