"""Follow a custom resource that is not ready to the objects that it waits for, down to the one that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.cluster.resources import Resource
from bot.kube.custom_references import CustomReference, owned_kinds, references_of
from bot.kube.health import Judgement, judged
from bot.kube.objects import created_at, name_of, namespace_of, ref, uid_of
from bot.kube.owners import owner_references
from bot.probes.contract import Look
from intents.domain import Json

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


async def failing_below(look: Look, resource: Resource, obj: Json, *, depth: int = 1) -> list[Link]:
    """Return what an object waits for and that is in trouble, the deepest first."""
    needed_by = str(ref(obj, resource.kind))
    referred = (_referred(look, each, needed_by) for each in references_of(obj))
    owned = (_owned(look, each, obj, needed_by) for each in owned_kinds(obj))
    parts = await asyncio.gather(*(look.unless_refused(each, ()) for each in (*referred, *owned)))
    found: list[Link] = []
    for link in (link for part in parts for link in part):
        if link.obj is not None and depth < _DEEPEST:
            found += await failing_below(look, link.resource, link.obj, depth=depth + 1)
        found.append(link)
    return found


async def _referred(look: Look, reference: CustomReference, needed_by: str) -> Sequence[Link]:
    resource = await look.snapshot.served(reference.word)
    if resource is None:
        return ()
    obj = await look.snapshot.find(resource, reference.name, namespace=reference.namespace)
    if obj is None:
        return (Link(resource=resource, reference=reference, needed_by=needed_by),)
    return _link(resource, reference.word, obj, needed_by)


async def _owned(look: Look, kind: str, obj: Json, needed_by: str) -> Sequence[Link]:
    """Return the newest object of a kind that another owns: its controller replaces those that failed before."""
    resource = await look.snapshot.served(kind)
    if resource is None:
        return ()
    listing = await look.snapshot.list(resource, namespace=namespace_of(obj))
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
