"""Why autoscalers have no metrics: the API that serves them, and containers without the request that is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.kube.autoscaling import API_OF_REASON, MissingRequest, missing_request
from bot.kube.objects import condition, namespace_of, place_of, pod_template_of, spec_of
from bot.probes.contract import Look, may
from bot.probes.pod_autoscalers.scalers import Pipeline, target_of
from intents.domain import Json

PERMISSIONS: Final = (
    *may("list", "apiservices.apiregistration.k8s.io"),
    *may("get", "deployments.apps", "statefulsets.apps", "replicasets.apps"),
)
_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
# Of so many autoscalers without metrics the target is read.
_MOST_TARGETS: Final = 10


async def pipelines(look: Look, scalers: Iterable[Json]) -> dict[tuple[str, str], Pipeline]:
    """Return the pipelines of the autoscalers without metrics by their place; nothing is read if all have theirs."""
    blind = [each for each in scalers if condition(each, "ScalingActive").get("reason") in API_OF_REASON]
    services = await look.whole("APIService") if blind else None
    found: dict[tuple[str, str], Pipeline] = {}
    for count, scaler in enumerate(blind):
        active = condition(scaler, "ScalingActive")
        api = API_OF_REASON[str(active["reason"])]
        missing = missing_request(str(active.get("message") or ""))
        found[place_of(scaler)] = Pipeline(
            api=api,
            api_problem="" if services is None else _problem(api, services),
            no_request=await _without_request(look, scaler, missing) if missing and count < _MOST_TARGETS else (),
        )
    return found


def _problem(group: str, services: Iterable[Json]) -> str:
    """Return why an API answers nothing; "" if one of its versions is available."""
    mine = [each for each in services if spec_of(each).get("group") == group]
    down = [available for each in mine if (available := condition(each, "Available")).get("status") != "True"]
    if len(down) < len(mine):
        return ""
    return str(down[0].get("message") or down[0].get("reason") or "") if down else "no APIService is registered for it"


async def _without_request(look: Look, scaler: Json, missing: MissingRequest) -> tuple[str, ...]:
    """Return the container that the controller names, else those of the target's template."""
    if missing.container:
        return (missing.container,)
    kind, name = target_of(scaler)
    target = await look.find(kind, name, namespace=namespace_of(scaler)) if kind in _WORKLOADS else None
    containers = spec_of(pod_template_of(target or {})).get("containers") or ()
    return tuple(str(each.get("name")) for each in containers if not _requests(each, missing.resource))


def _requests(container: Mapping[str, Any], resource: str) -> bool:
    """Tell whether a container requests a resource; a limit alone is also its request."""
    resources = container.get("resources") or {}
    return any((resources.get(key) or {}).get(resource) for key in ("requests", "limits"))
