"""The namespaces in question: the one named or that of the object named, else all."""

from __future__ import annotations

from typing import Final

from bot.cluster.errors import NotFound
from bot.kube.objects import name_of
from bot.probes.contract import Look, Missing, may
from intents.domain import Json

READS_NAMESPACES: Final = may("get list", "namespaces")


async def namespaces_of(look: Look) -> tuple[Json, ...]:
    """Return the namespaces in question, sorted by name. Raise Missing if the one named does not exist."""
    focus = look.focus
    name = focus.name if focus.kind == "Namespace" else focus.namespace
    if not name:
        return tuple(sorted(await look.list("Namespace"), key=name_of))
    try:
        return (await look.snapshot.get("Namespace", name),)
    except NotFound:
        raise Missing(f"Namespace {name}") from None
