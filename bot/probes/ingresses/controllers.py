"""Find the workload that runs an Ingress controller in this cluster."""

from __future__ import annotations

from collections.abc import Iterable

from bot.kube.ingresses import workload_words
from bot.kube.objects import name_of, place_of
from bot.kube.replicas import replicas_of
from intents.domain import Json


def workload_of(controller: str, among: Iterable[Json]) -> Json | None:
    """Return the workload whose name tells that it runs a controller; one with ready pods first."""
    words = workload_words(controller)
    likely = [each for each in among if any(word in name_of(each) for word in words) and _controls(each)]
    return min(likely, key=lambda each: (replicas_of(each).ready <= 0, place_of(each)), default=None)


def _controls(workload: Json) -> bool:
    """Tell whether a workload may be a controller: one that is only called nginx is a web server."""
    namespace, name = place_of(workload)
    telling = ("ingress", "controller", "gateway")
    return "nginx" not in name or any(word in f"{namespace} {name}" for word in telling)
