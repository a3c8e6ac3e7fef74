"""Find the objects that a question names in a cluster."""

from __future__ import annotations

from collections.abc import Sequence

from bot.asked.inventory import inventory_of
from bot.cluster.snapshot import Snapshot
from intents.domain import ObjectRef
from intents.talk.mentions import BY_NAME, Mentions, mentions


async def mentioned(snapshot: Snapshot, text: str, *, home: str = "", near: Sequence[ObjectRef] = ()) -> Mentions:
    """Return what a question names, first in the namespaces that it or its thread names, then anywhere.

    `home` is the asker's namespace, `near` what the thread is about. Raise no ClusterError.
    """
    places = tuple(dict.fromkeys(filter(None, (home, *(one.namespace for one in near)))))
    found = mentions(text, await inventory_of(snapshot, text, near=places), home=home, near=near)
    kinds = ("Pod", *BY_NAME) if found.pods else BY_NAME
    if found.first is None or found.unknown or found.misspelt:
        return mentions(text, await inventory_of(snapshot, "", kinds=kinds), home=home, near=near)
    if found.pods:
        return mentions(text, await inventory_of(snapshot, text, near=places, kinds=kinds), home=home, near=near)
    return found
