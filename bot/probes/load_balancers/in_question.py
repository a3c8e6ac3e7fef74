"""The Services in question: the one named, else those of the namespace or the cluster."""

from __future__ import annotations

from dataclasses import dataclass

from bot.probes.contract import Look, Missing
from bot.probes.rows import RowValues
from intents.domain import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow(RowValues):
    """A Service of type LoadBalancer."""

    namespace: str
    service: str
    kind: str  # aws-elb, aws-nlb, azure, alibaba, huawei, google, openstack; "" if it cannot be told


async def services_in_question(look: Look) -> tuple[Json, ...]:
    """Return the Services in question. Raise Missing if the one named does not exist, and ClusterError."""
    namespace = look.focus.namespace
    name = look.focus.name if look.focus.kind == "Service" else ""
    if name and namespace:
        found = await look.snapshot.find("Service", name, namespace=namespace)
        items: tuple[Json, ...] = (found,) if found else ()
    else:
        fields = f"metadata.name={name}" if name else ""
        items = (await look.snapshot.list("Service", namespace=namespace, fields=fields)).items
    if name and not items:
        raise Missing(f"Service {namespace or '*'}/{name}")
    return items
