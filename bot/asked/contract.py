"""Define what an answerer of a request gets, and find the pods that a question is about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.cluster.owners import PERMISSIONS_BELOW
from bot.cluster.snapshot import Snapshot
from bot.kube.autoscaling import target_of
from bot.kube.ingresses import backends_of
from bot.kube.objects import place_of
from bot.probes.contract import Look, may
from bot.probes.shared.scope import READS_PODS, pods_of, pods_or_claim_users
from intents.domain import Focus, Gap, Json, ObjectRef, Text
from intents.sheets import CLUSTER, NextAsk, Sheet, SheetRow
from intents.talk.asks import Ask
from responses.next_asks import in_full

OF_PODS: Final = (
    *READS_PODS,
    *PERMISSIONS_BELOW,
    *may("get", "ingresses.networking.k8s.io", "horizontalpodautoscalers.autoscaling"),
)
WHOLE: Final = frozenset({"Namespace", CLUSTER})
_MOST_BACKENDS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request whose object is found, or that is about the whole cluster: then `about` is of kind Cluster.

    `other` is the second object that it names, `since` how far it looks back, if it says so. `in_full` asks for more
    than was shown before. `elsewhere` is the second cluster of a comparison, `clusters` are those that could be one.
    """

    snapshot: Snapshot
    text: str
    about: ObjectRef
    other: ObjectRef | None = None
    since: timedelta | None = None
    in_full: bool = False
    elsewhere: Snapshot | None = None
    clusters: tuple[str, ...] = ()

    def sheet(
        self,
        heading: Text,
        rows: Sequence[SheetRow],
        *,
        most: tuple[int, int] | None = None,
        gaps: Iterable[Gap] = (),
        reproduce: str = "",
        ask: Ask | None = None,
        within: timedelta | None = None,
        after: Iterable[SheetRow] = (),
        further: Iterable[NextAsk] = (),
    ) -> Sheet:
        """Return the first rows, at `most` so many usually and in full, else all, and those `after` them.

        With an `ask`, a button asks for the rows left out.
        """
        shown = len(rows) if most is None else most[1] if self.in_full else most[0]
        left = max(0, len(rows) - shown)
        more = [in_full(ask, self.about, within=within)] if left and ask else []
        return Sheet(
            heading=heading,
            about=self.about,
            cluster=self.snapshot.cluster,
            rows=(*rows[:shown], *after),
            left=left,
            gaps=tuple(gaps),
            next=(*more, *further),
            reproduce=reproduce,
        )


# Raises ClusterError if the object itself cannot be read; what else cannot be read is a gap of the sheet.
Answerer = Callable[[Asked], Awaitable[Sheet]]


def look_at(asked: Asked, about: ObjectRef | None = None) -> Look:
    """Return the look by which probes read what concerns an object; of a namespace or the cluster, all of it."""
    about = about or asked.about
    if about.kind in WHOLE:
        focus = Focus(namespace=about.name if about.kind == "Namespace" else "")
    else:
        focus = Focus(kind=about.kind, namespace=about.namespace, name=about.name)
    return Look(snapshot=asked.snapshot, focus=focus, args={}, named={})


async def pods_behind(asked: Asked) -> tuple[Json, ...]:
    """Return the pods of a workload, behind a Service, an Ingress or an autoscaler, of a claim, on a node, in a place.

    What cannot be read is a gap, if gaps are collected. Raise ClusterError if the object itself cannot be read.
    """
    about = asked.about
    if about.kind not in ("Ingress", "HorizontalPodAutoscaler"):
        return (await pods_or_claim_users(look_at(asked))).pods
    obj = await asked.snapshot.get(about.kind, about.name, namespace=about.namespace)
    found = await asyncio.gather(*(pods_of(look_at(asked, target)) for target in _targets(obj, about)))
    return tuple({place_of(pod): pod for each in found for pod in each.pods}.values())


def _targets(obj: Json, about: ObjectRef) -> list[ObjectRef]:
    if about.kind == "Ingress":
        names = dict.fromkeys(backend.service for backend in backends_of(obj) if backend.service)
        kinds = [("Service", name) for name in list(names)[:_MOST_BACKENDS]]
    else:
        kinds = [target_of(obj)]
    return [ObjectRef(kind=kind, namespace=about.namespace, name=name) for kind, name in kinds if kind and name]
