"""The cluster autoscaler as far as the cluster shows it: its Deployment with flags, or only the status it writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from bot.kube.containers import OFF, flag
from bot.kube.objects import name_of, namespace_of, pod_template_of, ref, spec_of
from bot.probes.contract import Look, may
from intents.domain import Json

DEFAULT_THRESHOLD: Final = Fraction(1, 2)
_IMAGE: Final = re.compile(r"(?i)cluster-autoscaler(?:-|:|@|$)")
_STATUS: Final = ("kube-system", "cluster-autoscaler-status")
PERMISSIONS: Final = (*may("list", "deployments.apps"), *may("get", "configmaps"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoscaler:
    """The cluster autoscaler: what shows that it runs, and the flags that decide which nodes it removes."""

    shown_by: str = ""
    namespace: str = ""
    name: str = ""
    container: str = ""
    threshold: Fraction = DEFAULT_THRESHOLD
    given: bool = False
    ignores: bool = False


async def autoscaler_of(look: Look) -> Autoscaler:
    """Return its Deployment with its flags; where the provider runs it out of sight, the status that it writes."""
    if found := _among(await look.list("Deployment")):
        return found
    status = await look.find("ConfigMap", _STATUS[1], namespace=_STATUS[0])
    return Autoscaler(shown_by=f"ConfigMap {'/'.join(_STATUS)}") if status else Autoscaler()


def _among(deployments: Iterable[Json]) -> Autoscaler | None:
    for deployment in sorted(deployments, key=lambda each: str(ref(each))):
        for container in spec_of(pod_template_of(deployment)).get("containers") or ():
            if _IMAGE.search(str(container.get("image") or "")):
                return _deployed(deployment, container)
    return None


def _deployed(deployment: Json, container: Mapping[str, Any]) -> Autoscaler:
    threshold = _fraction(flag(container, "scale-down-utilization-threshold", takes_value=True))
    namespace, name = namespace_of(deployment), name_of(deployment)
    return Autoscaler(
        shown_by=f"Deployment {namespace}/{name}",
        namespace=namespace,
        name=name,
        container=str(container.get("name") or ""),
        threshold=DEFAULT_THRESHOLD if threshold is None else threshold,
        given=threshold is not None,
        ignores=flag(container, "ignore-daemonsets-utilization") not in ("", OFF),
    )


def _fraction(text: str) -> Fraction | None:
    try:
        return Fraction(text) if len(text) <= 20 else None
    except (ValueError, ZeroDivisionError):
        return None
