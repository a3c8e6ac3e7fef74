"""Labels of nodes: those that nobody may add by hand, and the one most like a label that no node has."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from bot.kube.placement import Requirement

# The kubelet, the cloud controller and controllers of nodes write labels of these domains; volumes depend on them.
_FIXED: Final = ("kubernetes.io", "k8s.io")
_NODE_POOLS: Final = ("eks.amazonaws.com", "cloud.google.com", "azure.com", "karpenter.sh", "openshift.io")
_LIKE: Final = 0.6
_MOST: Final = 2000


def is_fixed_label(key: str) -> bool:
    """Tell whether a label is well known: it says what a node is, so a node that is not so must not carry it."""
    domain = key.rpartition("/")[0]
    return any(domain == each or domain.endswith(f".{each}") for each in (*_FIXED, *_NODE_POOLS))


def closest_label(asked: Iterable[Requirement], nodes: Iterable[Mapping[str, str]]) -> str:
    """Return the label (key=value) of the nodes that is most like one asked for that no node has; "" for none."""
    found = list(dict.fromkeys(pair for labels in nodes for pair in labels.items()))[:_MOST]
    for each in asked:
        wanted = [f"{each.key}={value}" for value in each.values] if each.operator == "In" else []
        have = [f"{key}={value}" for key, value in found]
        if not wanted or set(wanted) & set(have):
            continue
        # Another value of the same key tells more than a similar word.
        if same := [pair for pair, (key, _) in zip(have, found, strict=True) if key == each.key]:
            return (difflib.get_close_matches(wanted[0], same, n=1, cutoff=0.0) or same)[0]
        if close := difflib.get_close_matches(wanted[0], have, n=1, cutoff=_LIKE):
            return close[0]
        if value := [pair for pair, (_, value) in zip(have, found, strict=True) if value in each.values]:
            return value[0]
    return ""
