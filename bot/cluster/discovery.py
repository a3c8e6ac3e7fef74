"""Find the kinds that a cluster serves beyond the well-known ones: custom resources and aggregated APIs.

This takes one call if the API server supports aggregated discovery, else one per group version. A group whose backend
is down is left out and does not fail the rest: a broken metrics API must not hide every custom resource.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotServed, ServerError
from bot.cluster.resources import WELL_KNOWN, Resource, index
from bot.kube.objects import is_builtin
from intents.domain import Json
from intents.spelling import closest

AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_ALIKE: Final = 70.0
# Their objects are measurements, computed when they are read.
_MEASUREMENTS: Final = "metrics.k8s.io"

# GETs a path and returns its JSON object: (path, accept); raises ClusterError.
Fetch = Callable[[str, str], Awaitable[Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedKinds:
    """The kinds that one cluster serves; `silent` holds registered groups whose backend did not answer.

    `words` also knows well-known kinds that this cluster may not serve; `resources` are those it does, the version that
    it prefers first.
    """

    words: Mapping[str, Resource]
    resources: tuple[Resource, ...]
    silent: frozenset[str]

    def find(self, kind: str) -> Resource | None:
        """Return the resource that a word means, or None if this cluster does not know it.

        Raises ServerError if the word names a registered but silent group, because then absence is not proven.
        """
        word = kind.strip().lower()
        if (resource := self.words.get(word)) is not None:
            return resource
        for group in sorted(self.silent):
            if word.endswith("." + group):
                raise ServerError(what=kind, detail=f"the API group {group} is registered, but its backend is down")
        return None

    def custom(self) -> tuple[Resource, ...]:
        """Return the custom kinds that can be listed, each once, in the version that the cluster prefers."""
        found: dict[tuple[str, str], Resource] = {}
        for resource in self.words.values():
            measured = resource.group.endswith(_MEASUREMENTS)
            if resource.listable and not measured and not is_builtin({"apiVersion": resource.api_version}):
                found.setdefault((resource.group, resource.plural), resource)
        return tuple(found.values())

    def unknown(self, kind: str) -> NotServed:
        """Return the error for a word that this cluster does not know, with the closest known kind."""
        known = {resource.kind for resource in self.words.values()}
        plain = kind.strip().split(".", 1)[0]
        meant = closest(plain, known, at_least=_ALIKE)
        hint = f"did you mean {meant}?" if meant else ""
        return NotServed(what=kind, detail="this cluster does not know that kind", remedy=hint)


async def discover(fetch: Fetch) -> ServedKinds:
    """Ask the cluster for its API groups. Raise ClusterError only if /apis itself cannot be read."""
    root = await fetch("/apis", AGGREGATED)
    try:
        return await _served(root, fetch)
    except (KeyError, TypeError, AttributeError) as error:
        raise ServerError(what="the served kinds", detail="the API server's list of kinds cannot be read") from error


async def _served(root: Json, fetch: Fetch) -> ServedKinds:
    if root.get("kind") == "APIGroupDiscoveryList":
        found, silent = list(_aggregated(root)), _stale(root)
    else:
        found, silent = await _one_by_one(root, fetch)
    # The core group is not listed under /apis, and never changes.
    core = [each for each in WELL_KNOWN if not each.group]
    return ServedKinds(words=index((*WELL_KNOWN, *found)), resources=(*core, *found), silent=frozenset(silent))


def _aggregated(root: Json) -> Iterator[Resource]:
    for group in root.get("items") or ():
        name = group["metadata"].get("name", "")
        for version in group.get("versions") or ():
            for entry in version.get("resources") or ():
                kind = (entry.get("responseKind") or {}).get("kind")
                if kind:
                    yield Resource(
                        group=name,
                        version=version["version"],
                        plural=entry["resource"],
                        kind=kind,
                        namespaced=entry.get("scope") == "Namespaced",
                        short_names=tuple(entry.get("shortNames") or ()),
                        listable=_lists(entry),
                    )


def _stale(root: Json) -> set[str]:
    return {
        group["metadata"].get("name", "")
        for group in root.get("items") or ()
        for version in group.get("versions") or ()
        if version.get("freshness") == "Stale" and not version.get("resources")
    }


async def _one_by_one(root: Json, fetch: Fetch) -> tuple[list[Resource], set[str]]:
    builtin = {(resource.group, resource.version) for resource in WELL_KNOWN}
    wanted = [
        (group["name"], version["version"])
        for group in root.get("groups") or ()
        for version in group.get("versions") or ()
        if (group["name"], version["version"]) not in builtin
    ]

    async def read(group: str, version: str) -> Json | None:
        try:
            return await fetch(f"/apis/{group}/{version}", "application/json")
        except ClusterError:
            return None

    answers = await asyncio.gather(*(read(group, version) for group, version in wanted))
    listed = {
        (group["name"], version["version"])
        for group in root.get("groups") or ()
        for version in group.get("versions") or ()
    }
    found = [each for each in WELL_KNOWN if (each.group, each.version) in listed]
    silent: set[str] = set()
    for (group, version), answer in zip(wanted, answers, strict=True):
        if answer is None:
            silent.add(group)
        else:
            entries = answer.get("resources") or ()
            found += [_plain(group, version, entry) for entry in entries if "/" not in entry["name"]]
    return found, silent


def _plain(group: str, version: str, entry: Mapping[str, Any]) -> Resource:
    return Resource(
        group=group,
        version=version,
        plural=entry["name"],
        kind=entry["kind"],
        namespaced=bool(entry.get("namespaced")),
        short_names=tuple(entry.get("shortNames") or ()),
        listable=_lists(entry),
    )


def _lists(entry: Mapping[str, Any]) -> bool:
    """Tell whether a kind can be listed, as far as the cluster says: reviews and some metrics cannot."""
    return "list" in (entry.get("verbs") or ["list"])
