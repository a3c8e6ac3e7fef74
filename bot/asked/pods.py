"""Find the pods that a question is about, whatever object it names."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.asked.contract import Asked
from bot.cluster.owners import PERMISSIONS_BELOW
from bot.kube.autoscaling import target_of
from bot.kube.ingresses import backends_of
from bot.kube.objects import place_of
from bot.probes.contract import Look, may
from bot.probes.shared.scope import READS_PODS, pods_of, pods_or_claim_users
from intents.domain import Focus, Json, ObjectRef
from intents.sheets import CLUSTER

PERMISSIONS: Final = (
    *READS_PODS,
    *PERMISSIONS_BELOW,
    *may("get", "ingresses.networking.k8s.io", "horizontalpodautoscalers.autoscaling"),
)
WHOLE: Final = frozenset({"Namespace", CLUSTER})
_MOST_BACKENDS: Final = 8


def look_at(asked: Asked, about: ObjectRef | None = None) -> Look:
    """Return the look by which probes read what concerns an object; of a namespace or the cluster, all of it."""
    about = about or asked.about
    if about.kind in WHOLE:
        focus = Focus(namespace=about.name if about.kind == "Namespace" else "")
    else:
        focus = Focus(kind=about.kind, namespace=about.namespace, name=about.name)
    return Look(snapshot=asked.snapshot, focus=focus, args={}, named={})


async def pods_behind(asked: Asked) -> tuple[Json, ...]:
    """Return the pods of a workload, behind a Service, an Ingress or an autoscaler, of a claim, on a node, in a place.

    What cannot be read is a gap, if gaps are collected. Raise ClusterError if the object itself cannot be read.
    """
    about = asked.about
    if about.kind not in ("Ingress", "HorizontalPodAutoscaler"):
        return (await pods_or_claim_users(look_at(asked))).pods
    obj = await asked.snapshot.get(about.kind, about.name, namespace=about.namespace)
    found = await asyncio.gather(*(pods_of(look_at(asked, target)) for target in _targets(obj, about)))
    return tuple({place_of(pod): pod for each in found for pod in each.pods}.values())


def _targets(obj: Json, about: ObjectRef) -> list[ObjectRef]:
    if about.kind == "Ingress":
        names = dict.fromkeys(backend.service for backend in backends_of(obj) if backend.service)
        kinds = [("Service", name) for name in list(names)[:_MOST_BACKENDS]]
    else:
        kinds = [target_of(obj)]
    return [ObjectRef(kind=kind, namespace=about.namespace, name=name) for kind, name in kinds if kind and name]
