"""Look into the reads of a snapshot: the objects that were read, and the lists that cover another read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from bot.cluster.object_lists import ListQuery, ObjectList
from bot.cluster.resources import Resource
from bot.kube.objects import namespace_of
from intents.domain import Json

Reads: TypeAlias = Mapping[object, asyncio.Task[Any]]


def objects_in(reads: Iterable[asyncio.Task[Any]]) -> tuple[Json, ...]:
    """Return the objects that were read; items of lists carry their kind too."""
    done = [task.result() for task in reads if task.done() and not _failed(task)]
    lists = (item for one in done if isinstance(one, ObjectList) for item in one.items)
    return (*(one for one in done if isinstance(one, dict) and "metadata" in one and "kind" in one), *lists)


def lists_of(
    reads: Reads, resource: Resource, *, namespace: str, fresh: bool = False
) -> tuple[tuple[ListQuery, asyncio.Task[ObjectList]], ...]:
    """Return the lists, done or in flight, of a kind in `namespace` or all; only `fresh` ones if asked."""
    return tuple(
        (key, task)
        for key, task in reads.items()
        if isinstance(key, ListQuery)
        and key.resource == resource
        and key.namespace in ("", namespace)
        and (key.fresh or not fresh)
    )


def known_list(reads: Reads, resource: Resource, *, namespace: str, fields: str) -> tuple[Json, ...] | None:
    """Return the objects that a list, which is done, holds in full: all in the namespace, or those with `fields`.

    None if no such list has been read.
    """
    for query, task in lists_of(reads, resource, namespace=namespace):
        if query.labels or query.fields not in ("", fields) or not task.done() or _failed(task):
            continue
        if not (listing := task.result()).truncated:
            return tuple(item for item in listing.items if namespace in ("", namespace_of(item)))
    return None


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.cancelled() or task.exception() is not None
