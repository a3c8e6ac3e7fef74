"""The namespaces in question: the one named or that of the object named, else all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, NotFound
from bot.kube.objects import name_of
from bot.probes.contract import Look
from intents.domain import Gap, Json, Permission

READS_NAMESPACES: Final = (
    Permission(verb="get", resource="namespaces"),
    Permission(verb="list", resource="namespaces"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaces:
    """The namespaces in question, sorted by name; see ProbeResult for `missing` and `gaps`."""

    namespaces: tuple[Json, ...] = ()
    missing: str = ""
    gaps: tuple[Gap, ...] = ()


async def namespaces_of(look: Look) -> Namespaces:
    """Read the namespaces in question."""
    focus = look.focus
    name = focus.name if focus.kind == "Namespace" else focus.namespace
    try:
        if name:
            return Namespaces(namespaces=(await look.snapshot.get("Namespace", name),))
        listing = await look.snapshot.list("Namespace")
    except NotFound:
        return Namespaces(missing=f"Namespace {name}")
    except ClusterError as error:
        return Namespaces(gaps=(error.gap(f"namespace {name}" if name else "namespaces"),))
    gap = listing.gap("namespaces")
    return Namespaces(namespaces=tuple(sorted(listing.items, key=name_of)), gaps=(gap,) if gap else ())
