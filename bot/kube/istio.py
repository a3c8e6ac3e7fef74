"""Istio's Sidecar resources: the one that applies to a pod's proxy, and whether it leaves anything out.

Rules: networking.istio.io/Sidecar. A workload's own wins over its namespace's, which wins over the root namespace's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.kube.objects import created_at, labels_of, name_of, namespace_of, spec_of
from bot.kube.placement import selects
from intents.domain import Json


def defaults(sidecars: Iterable[Json], namespace: str) -> list[Json]:
    """Return the Sidecars of a namespace that select all its workloads, the oldest first, as Istio chooses."""
    found = [each for each in sidecars if namespace_of(each) == namespace and not spec_of(each).get("workloadSelector")]
    return sorted(found, key=lambda each: (created_at(each), name_of(each)))


def bounding_sidecar(pod: Json, sidecars: Sequence[Json], *, root: str) -> str:
    """Return namespace/name of the Sidecar that applies to a pod, if it leaves anything out; "" if none does."""
    home = namespace_of(pod)
    own = [
        each
        for each in sidecars
        if namespace_of(each) == home
        and (chosen := spec_of(each).get("workloadSelector"))
        and selects({"matchLabels": chosen.get("labels") or {}}, labels_of(pod))
    ]
    applied = next(iter((*own, *defaults(sidecars, home), *defaults(sidecars, root))), None)
    if applied is None or _imports_all(applied):
        return ""
    return f"{namespace_of(applied)}/{name_of(applied)}"


def _imports_all(sidecar: Json) -> bool:
    """Tell whether a Sidecar leaves nothing out: without an egress listener the default is everything."""
    egress: Sequence[Mapping[str, Any]] = spec_of(sidecar).get("egress") or ()
    return not egress or any("*/*" in (each.get("hosts") or ()) for each in egress)
