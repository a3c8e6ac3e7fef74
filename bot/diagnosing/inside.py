"""Look inside a namespace or behind a Service of which no incident was found: it is well only if what is there is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.diagnosing.standing import scaled_to_zero
from bot.kube.objects import created_at, label_selector, labels_of, name_of, namespace_of, pod_template_of, ref, spec_of
from bot.kube.pod_states import is_ready
from bot.kube.services import is_ready_endpoint, may_still_come, selector_of, slices_of_service
from bot.kube.settling import lasting_problem
from intents.domain import Gap, Json, Observation, Permission, Text

PERMISSIONS: Final = (
    Permission(verb="list", resource="pods"),
    Permission(verb="list", group="discovery.k8s.io", resource="endpointslices"),
    Permission(verb="list", group="apps", resource="deployments"),
    Permission(verb="list", group="apps", resource="statefulsets"),
)
# So many unhealthy pods are told.
_PODS: Final = 3
_SCALED: Final = ("Deployment", "StatefulSet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The trouble inside, the intended state that explains it, if any, and the gaps."""

    troubles: tuple[Observation, ...] = ()
    standing: tuple[Text, ...] = ()
    gaps: tuple[Gap, ...] = ()


async def inside_of(snapshot: Snapshot, obj: Json, kind: str) -> Inside:
    """Return what is not well in a namespace, or behind a Service; nothing for other kinds."""
    look = _Look(snapshot=snapshot)
    standing: tuple[Text, ...] = ()
    troubles: tuple[Observation, ...] = ()
    if kind == "Namespace":
        troubles = look.unhealthy(await look.items("Pod", namespace=name_of(obj)))
    elif kind == "Service" and spec_of(obj).get("type") != "ExternalName":
        troubles = await look.behind(obj)
        standing = await look.scaled_to_zero(obj) if troubles and selector_of(obj) else ()
    return Inside(troubles=() if standing else troubles, standing=standing, gaps=tuple(dict.fromkeys(look.gaps)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    snapshot: Snapshot
    gaps: list[Gap] = field(default_factory=list)

    async def items(self, kind: str, *, namespace: str, labels: str = "") -> tuple[Json, ...] | None:
        """Return the objects of a list, None where it cannot be read in full, which is a gap."""
        try:
            listing = await self.snapshot.list(kind, namespace=namespace, labels=labels)
        except ClusterError as error:
            self.gaps.append(error.gap())
            return None
        gap = listing.gap(f"{kind}s")
        self.gaps.extend([gap] if gap else [])
        return None if gap else tuple(listing.items)

    def unhealthy(self, pods: tuple[Json, ...] | None) -> tuple[Observation, ...]:
        """Return a few pods that are not well."""
        problems = [(pod, lasting_problem(pod, "Pod", self.snapshot.now)) for pod in pods or ()]
        found = [Observation(subject=ref(pod, "Pod"), quote=text) for pod, text in problems if text]
        return tuple(sorted(found, key=lambda one: one.subject)[:_PODS])

    async def behind(self, service: Json) -> tuple[Observation, ...]:
        """Return the unhealthy pods behind a Service, else that it has no pods, else that none is its endpoint."""
        namespace, labels = namespace_of(service), label_selector(dict(selector_of(service)))
        endpoints = self.items("EndpointSlice", namespace=namespace, labels=slices_of_service(name_of(service)))
        if not labels:
            await endpoints
            return ()
        slices, pods = await asyncio.gather(endpoints, self.items("Pod", namespace=namespace, labels=labels))
        if found := self.unhealthy(pods):
            return found
        quote = ""
        if pods is not None and not pods:
            quote = f"no pod has the labels of its selector, {labels}"
        elif slices is None or may_still_come(created_at(service), self.snapshot.now):
            return ()
        elif any(map(is_ready, pods or ())):
            answered = any(map(is_ready_endpoint, (each for one in slices for each in one.get("endpoints") or ())))
            quote = "" if answered else f"its pods are ready, and none is an endpoint of it; selector {labels}"
        return (Observation(subject=ref(service, "Service"), quote=quote),) if quote else ()

    async def scaled_to_zero(self, service: Json) -> tuple[Text, ...]:
        """Return the state of a Service whose workloads are all meant to have no pods; () otherwise."""
        namespace, selector = namespace_of(service), selector_of(service)
        listed = await asyncio.gather(*(self.items(kind, namespace=namespace) for kind in _SCALED))
        selected = [
            ref(each, kind) if spec_of(each).get("replicas") == 0 else None
            for kind, items in zip(_SCALED, listed, strict=True)
            for each in items or ()
            if selector.items() <= labels_of(pod_template_of(each)).items()
        ]
        meant = [each for each in selected if each is not None]
        return scaled_to_zero(ref(service, "Service"), meant) if meant and len(meant) == len(selected) else ()
