"""The objects of custom kinds that a cluster may or may not serve, since what defines them is not always installed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.cluster.errors import NotServed
from bot.cluster.resources import Resource
from bot.cluster.snapshot import MOST_LISTED
from bot.kube.objects import place_of
from bot.probes.contract import Look
from intents.domain import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedObjects:
    """The objects of some kinds, each with how its kind is served, by kind and place."""

    objects: tuple[tuple[Resource, Json], ...] = ()
    served: bool = True  # one of the kinds, or that is not known
    whole: bool = True  # no part of them was refused, cut or hidden

    @property
    def items(self) -> tuple[Json, ...]:
        """Return the objects alone."""
        return tuple(obj for _, obj in self.objects)


async def served_objects(
    look: Look, *kinds: str, namespace: str = "", name: str = "", limit: int = MOST_LISTED
) -> ServedObjects:
    """Return the objects of the kinds that this cluster serves; a gap for what of them is not readable."""
    fields = f"metadata.name={name}" if name else ""

    async def of(kind: str) -> ServedObjects:
        try:
            resource = await look.snapshot.served(kind)
            if resource is None:
                return ServedObjects(served=False)
            listing = await look.snapshot.list(resource, namespace=namespace, fields=fields, limit=limit)
        except NotServed:  # A kind that is not installed is no gap.
            return ServedObjects(served=False)
        objects = tuple((resource, each) for each in sorted(listing.items, key=place_of))
        return ServedObjects(objects=objects, whole=not listing.truncated)

    unread = ServedObjects(whole=False)
    found = await asyncio.gather(*(look.unless_refused(of(kind), unread) for kind in kinds))
    return ServedObjects(
        objects=tuple(one for each in found for one in each.objects),
        served=any(each.served for each in found),
        whole=all(each.whole for each in found),
    )
