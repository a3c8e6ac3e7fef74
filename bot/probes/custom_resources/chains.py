"""Follow a custom resource that is not ready to the objects that it waits for, down to the one that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError, NotServed
from bot.cluster.resources import Resource
from bot.kube.custom_references import CustomReference, owned_kinds, references_of
from bot.kube.object_conditions import Judgement, judged
from bot.kube.objects import created_at, name_of, namespace_of, uid_of
from bot.kube.owners import owner_references
from bot.probes.contract import Look
from intents.domain import Gap, Json

# Certificate, CertificateRequest, Order, Challenge: no known chain is longer.
_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An object in trouble that another waits for (`needed_by`); one that does not exist has no `obj`."""

    resource: Resource
    reference: CustomReference
    needed_by: str
    obj: Json | None = None
    state: Judgement | None = None


async def failing_below(look: Look, resource: Resource, obj: Json, gaps: list[Gap]) -> list[Link]:
    """Return what an object waits for and that is in trouble, the deepest first."""
    return await _below(look, resource, obj, gaps, depth=1)


async def _below(look: Look, resource: Resource, obj: Json, gaps: list[Gap], *, depth: int) -> list[Link]:
    needed_by = f"{resource.kind} {namespace_of(obj)}/{name_of(obj)}".replace(" /", " ")
    referred = (_referred(look, each, needed_by, gaps) for each in references_of(obj))
    owned = (_owned(look, each, obj, needed_by, gaps) for each in owned_kinds(obj))
    links = [link for found in await asyncio.gather(*referred, *owned) for link in found]
    found: list[Link] = []
    for link in links:
        if link.obj is not None and depth < _DEEPEST:
            found += await _below(look, link.resource, link.obj, gaps, depth=depth + 1)
        found.append(link)
    return found


async def _referred(look: Look, reference: CustomReference, needed_by: str, gaps: list[Gap]) -> Sequence[Link]:
    try:
        resource = await look.snapshot.resource(reference.word)
        obj = await look.snapshot.find(resource, reference.name, namespace=reference.namespace)
    except NotServed:
        return ()
    except ClusterError as error:
        gaps.append(error.gap(f"{reference.kind} {reference.name}"))
        return ()
    if obj is None:
        return (Link(resource=resource, reference=reference, needed_by=needed_by),)
    return _link(resource, reference.word, obj, needed_by)


async def _owned(look: Look, kind: str, obj: Json, needed_by: str, gaps: list[Gap]) -> Sequence[Link]:
    """Return the newest object of a kind that another owns: its controller replaces those that failed before."""
    try:
        resource = await look.snapshot.served(kind)
        if resource is None:
            return ()
        listing = await look.snapshot.list(resource, namespace=namespace_of(obj))
    except ClusterError as error:
        gaps.append(error.gap(kind))
        return ()
    owner = uid_of(obj)
    mine = [each for each in listing.items if any(one.get("uid") == owner for one in owner_references(each))]
    newest = max(mine, key=lambda each: (created_at(each), name_of(each)), default=None)
    return _link(resource, kind, newest, needed_by) if newest is not None else ()


def _link(resource: Resource, word: str, obj: Json, needed_by: str) -> Sequence[Link]:
    state = judged(obj)
    if not (state.bad or state.unsure):
        return ()
    reference = CustomReference(word=word, kind=resource.kind, namespace=namespace_of(obj), name=name_of(obj))
    return (Link(resource=resource, reference=reference, needed_by=needed_by, obj=obj, state=state),)
