"""Tell which alerts have the same cause: the same incident with the same object at fault."""

from __future__ import annotations

import re
from typing import Final

from bot.diagnosing.fingerprints import fault_of
from intents.domain import Finding, JudgedHypothesis

# The object at fault as the kubelet and the API server name it: configmap "app-config" not found.
_NAMED: Final = re.compile(
    r"\b(configmap|secret|serviceaccount|persistentvolumeclaim|storageclass|priorityclass|runtimeclass|resourcequota)s?"
    r"(?:\.[a-z.0-9/]+)?:? [\"']([a-z0-9][a-z0-9.-]*)[\"']",
    re.IGNORECASE,
)


def cause_of(one: JudgedHypothesis) -> str:
    """Return the same text for alerts that share a post; "" for a hypothesis that names no object at fault.

    Pods that need the same missing ConfigMap have one cause, so do pods of one owner or with one image.
    """
    best = _best(one)
    named = _NAMED.search(best.quote) if best else None
    if best and best.subject and named:
        return "/".join((one.incident, best.subject.namespace, named[1].lower(), named[2]))
    return fault_of(one, cluster="", audience="")


def _best(one: JudgedHypothesis) -> Finding | None:
    supports = one.cluster_support
    return next((each for each in supports if each.decisive), supports[0] if supports else None)
