"""Compare the selector of a Service with pods: the pods it selects, and those that it misses by a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from bot.kube.objects import has_ended, is_builtin, labels_of, name_of, namespace_of, spec_of

# Values so alike are taken for one that is misspelled.
_ALIKE: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A pod that a selector misses: the labels it asks for and the pod lacks, and what the pod has in their place."""

    pod: Mapping[str, Any]
    lacking: tuple[str, ...]
    instead: tuple[str, ...]
    score: float


def selector_of(service: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels that a Service selects pods by; none for an ExternalName Service, which ignores them."""
    spec = spec_of(service)
    if spec.get("type") == "ExternalName" or not is_builtin(service):
        return {}
    return spec.get("selector") or {}


def selected_pods(service: Mapping[str, Any], pods: Iterable[Any]) -> list[Any]:
    """Return the pods behind a Service. Those that have ended are no endpoints."""
    selector, home = selector_of(service), namespace_of(service)
    return [
        pod
        for pod in pods
        if selector and namespace_of(pod) == home and selector.items() <= labels_of(pod).items() and not has_ended(pod)
    ]


def near_misses(service: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> list[NearMiss]:
    """Return the pods of the Service's namespace that its selector nearly means, all of one score: the closest."""
    home = namespace_of(service)
    found = [_near_miss(service, pod) for pod in pods if namespace_of(pod) == home and not has_ended(pod)]
    best = max((each.score for each in found), default=0.0)
    return sorted((each for each in found if each.score == best > 0), key=lambda each: name_of(each.pod))


def _near_miss(service: Mapping[str, Any], pod: Mapping[str, Any]) -> NearMiss:
    labels, lacking, instead, score = labels_of(pod), [], [], 0.0
    for key, value in selector_of(service).items():
        if labels.get(key) == value:
            score += 1
            continue
        lacking.append(f"{key}={value}")
        if key in labels:
            instead.append(f"{key}={labels[key]}")
            likeness = SequenceMatcher(None, value, str(labels[key])).ratio()
            score += likeness if likeness >= _ALIKE else 0
        elif other := next((each for each in sorted(labels) if labels[each] == value), ""):
            instead.append(f"{other}={value}")
            score += 0.5
    return NearMiss(pod=pod, lacking=tuple(lacking), instead=tuple(instead), score=score)
