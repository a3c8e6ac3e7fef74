"""The Services in question: the one named, else those of the namespace or the cluster."""

from __future__ import annotations

from bot.probes.contract import Look
from intents.domain import Gap, Json


async def services_in_question(look: Look) -> tuple[tuple[Json, ...], str, Gap | None]:
    """Return the Services, the one that is named and does not exist, and a gap. Raise ClusterError."""
    namespace = look.focus.namespace
    name = look.focus.name if look.focus.kind == "Service" else ""
    gap: Gap | None = None
    items: tuple[Json, ...]
    if name and namespace:
        found = await look.snapshot.find("Service", name, namespace=namespace)
        items = (found,) if found else ()
    else:
        fields = f"metadata.name={name}" if name else ""
        listing = await look.snapshot.list("Service", namespace=namespace, fields=fields)
        items, gap = listing.items, listing.gap("all Services")
    return items, f"Service {namespace or '*'}/{name}" if name and not items else "", gap
