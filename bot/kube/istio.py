"""Istio's Sidecar resources: which one holds for a pod's proxy, and whether it leaves anything out.

Rules: networking.istio.io/Sidecar. A workload's own comes before its namespace's, which comes before the root's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.kube.placement import selects
from intents.domain import Json


def defaults(sidecars: Iterable[Json], namespace: str) -> list[Json]:
    """The Sidecars of a namespace that mean all its workloads, the oldest first, as Istio chooses."""
    found = [each for each in sidecars if _home(each) == namespace and not _spec(each).get("workloadSelector")]
    return sorted(
        found, key=lambda each: (str(_metadata(each).get("creationTimestamp")), str(_metadata(each).get("name")))
    )


def bounding(pod: Json, sidecars: Sequence[Json], *, root: str) -> str:
    """namespace/name of the Sidecar that holds for a pod, if it leaves anything out; "" if none does."""
    home, labels = _home(pod), _metadata(pod).get("labels") or {}
    own = [
        each
        for each in sidecars
        if _home(each) == home
        and (chosen := _spec(each).get("workloadSelector"))
        and selects({"matchLabels": chosen.get("labels") or {}}, labels)
    ]
    applied = next(iter((*own, *defaults(sidecars, home), *defaults(sidecars, root))), None)
    if applied is None or _imports_all(applied):
        return ""
    return f"{_home(applied)}/{_metadata(applied).get('name', '')}"


def _imports_all(sidecar: Json) -> bool:
    """Without any egress listener a Sidecar leaves the default, which is everything."""
    egress: Sequence[Mapping[str, Any]] = _spec(sidecar).get("egress") or ()
    return not egress or any("*/*" in (each.get("hosts") or ()) for each in egress)


def _metadata(obj: Json) -> Mapping[str, Any]:
    return obj.get("metadata") or {}


def _spec(obj: Json) -> Mapping[str, Any]:
    return obj.get("spec") or {}


def _home(obj: Json) -> str:
    return str(_metadata(obj).get("namespace") or "")
