"""Image pulls that waited for others on their node, from the kubelet's Normal events alone.

Such a pod shows nothing but ContainerCreating. The kubelet's configuration says whether it pulls one image at a time,
but only nodes/proxy serves that; the times of events show a queue without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import containers_in
from bot.kube.images import normalized
from bot.kube.objects import name_of, namespace_of, node_name_of, ref, status_of, uid_of
from bot.probes.contract import Look
from bot.probes.image_pulls.node_queue import Pull, Queued, State, pulls_in, queue
from bot.probes.image_pulls.surroundings import PULL_REASONS
from bot.probes.shared.ages import UNKNOWN
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, Json, ObjectRef, ProbeResult, Row, RowType, Value

# So many pulls are shown, those in question first.
MOST_ROWS: Final = 40
# For shorter pulls no other namespace is read.
_WORTH_S: Final = 30
# For so many nodes the sizes of images are read.
_MOST_NODES: Final = 5

KEYS: Final[Mapping[str, RowType]] = {
    "asked": RowType.BOOLEAN,  # of a pod in question; else one of those that were waited for
    "state": RowType.STRING,  # pulled, pulling, failed; none for a container that waits without any pull
    "began_s": RowType.INTEGER,  # seconds ago
    "ended_s": RowType.INTEGER,  # -1 while it is in progress
    "took_s": RowType.INTEGER,  # from Pulling to Pulled, the waiting included
    "waited_s": RowType.INTEGER,
    "own_s": RowType.INTEGER,
    "waiting_pct": RowType.INTEGER,  # the waiting's share of took_s
    "told": RowType.BOOLEAN,  # the kubelet reports the waiting; else it follows from the order of events
    "behind": RowType.STRINGS,  # the pulls that ended while it waited
    "ahead": RowType.STRINGS,  # earlier pulls that are in progress, as it is
    "blocker": RowType.STRING,  # of those that ended, the one that held the queue longest
    "blocker_own_s": RowType.INTEGER,
    "blocker_size": RowType.INTEGER,
    "parallel": RowType.BOOLEAN,  # pulls of this node overtook each other: several run at once
    "pod_failed": RowType.BOOLEAN,  # some pull of this pod failed
}

_BLANK: Final[Mapping[RowType, Value]] = {
    RowType.STRING: "",
    RowType.INTEGER: UNKNOWN,
    RowType.BOOLEAN: False,
    RowType.STRINGS: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _PullsInQuestion:
    """The pulls that the request is about."""

    uids: frozenset[str]
    node: str
    image: str

    def means(self, pull: Pull) -> bool:
        return (
            pull.uid in self.uids
            and self.node in ("", pull.node)
            and (not self.image or normalized(self.image) == normalized(pull.image))
        )


async def read(look: Look) -> ProbeResult:
    """Read the events of the pods in question; where a pull took long, also those of everything beside them."""
    suspects = await pods_of(look)
    image = "" if look.focus.names_object else look.named.get("image", "")
    asked = _PullsInQuestion(uids=frozenset(map(uid_of, suspects.pods)), node=look.focus.node, image=image)
    pulls, gaps = await _pulls(look, asked, home=_home(look, suspects.pods))
    mine = [pull for pull in pulls if asked.means(pull)]
    failed = _failed(suspects.pods, mine)
    rows = _rows(look, pulls, asked, failed=failed)
    if unsized := {
        str(row.values["node"]) for row in rows if row.values["blocker"] and row.values["blocker_size"] == -1
    }:
        pulls, gap = await _sized(look, pulls, unsized)
        gaps += [gap] if gap else []
        rows = _rows(look, pulls, asked, failed=failed)
    if look.focus.names_object:
        rows += _without_pull(suspects.pods, {pull.uid for pull in mine})
    gaps = [*suspects.gaps, *gaps]
    return ProbeResult(rows=tuple(rows[:MOST_ROWS]), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


async def _pulls(look: Look, asked: _PullsInQuestion, *, home: str) -> tuple[list[Pull], list[Gap]]:
    """Return the pulls of the namespace in question; of all, where one took long: another's may have held the node."""
    events, gap = await _events(look, home)
    gaps = [gap] if gap else []
    pulls = pulls_in(events, now=look.now)
    if home and any(pull.took_s >= _WORTH_S for pull in pulls if asked.means(pull)):
        everywhere, gap = await _events(look, "")
        gaps += [gap] if gap else []
        pulls = pulls if gap else pulls_in(everywhere, now=look.now)
    return pulls, gaps


def _home(look: Look, pods: Sequence[Json]) -> str:
    """Return the one namespace of the pods in question, "" for several."""
    if look.focus.namespace:
        return look.focus.namespace
    namespaces = {namespace_of(pod) for pod in pods}
    return namespaces.pop() if len(namespaces) == 1 else ""


async def _events(look: Look, namespace: str) -> tuple[Sequence[Json], Gap | None]:
    try:
        return await look.snapshot.events_in(namespace), None
    except ClusterError as error:
        return (), error.gap(f"image pulls in {namespace or 'all namespaces'}")


async def _sized(look: Look, pulls: Sequence[Pull], nodes: Iterable[str]) -> tuple[list[Pull], Gap | None]:
    """Return the pulls with the sizes that their nodes list, at most 50 images each: kubelets up to 1.29 log none."""
    sizes: dict[tuple[str, str], int] = {}
    gap: Gap | None = None
    names = sorted(filter(None, nodes))[:_MOST_NODES]
    found: list[Json | None] = []
    try:
        found = await asyncio.gather(*(look.snapshot.find("Node", node) for node in names))
    except ClusterError as error:
        gap = error.gap("the sizes of images")
    for node, manifest in zip(names, found, strict=False):
        for image in status_of(manifest or {}).get("images") or ():
            for name in image.get("names") or ():
                sizes[node, normalized(str(name))] = int(image.get("sizeBytes") or -1)
    known = [
        replace(pull, size=sizes.get((pull.node, normalized(pull.image)), -1)) if pull.size < 0 else pull
        for pull in pulls
    ]
    return known, gap


def _failed(pods: Iterable[Json], pulls: Iterable[Pull]) -> frozenset[str]:
    """Return the uids of pods of which an image could not be pulled, now or earlier."""
    waiting = {uid_of(pod) for pod in pods if any(each.reason in PULL_REASONS for each in containers_in(pod))}
    return frozenset(waiting | {pull.uid for pull in pulls if pull.state is State.FAILED})


def _rows(look: Look, pulls: Sequence[Pull], asked: _PullsInQuestion, *, failed: frozenset[str]) -> list[Row]:
    """Return a row per pull asked about, the longest waiting first; then per pull that these waited for."""
    mine: list[Row] = []
    others: dict[int, Row] = {}
    for node in sorted({pull.node for pull in pulls if asked.means(pull)}):
        queued, parallel = queue([pull for pull in pulls if pull.node == node])
        place = {id(each.pull): each for each in queued}
        for each in queued:
            if not asked.means(each.pull):
                continue
            mine.append(_row(look, each, place, parallel=parallel, asked=True, failed=each.pull.uid in failed))
            for other in (*each.ahead, *reversed(each.behind)):
                if not asked.means(other) and id(other) not in others:
                    others[id(other)] = _row(
                        look,
                        place[id(other)],
                        place,
                        parallel=parallel,
                        asked=False,
                        failed=other.state == State.FAILED,
                    )
    mine.sort(key=lambda row: (-int(str(row.values["waited_s"])), -int(str(row.values["took_s"])), str(row.subject)))
    return [*mine, *others.values()]


def _row(look: Look, queued: Queued, place: dict[int, Queued], *, parallel: bool, asked: bool, failed: bool) -> Row:
    pull = queued.pull
    now = look.now
    blocker = max(queued.behind, key=lambda each: (place[id(each)].own_s, each.order), default=None)
    values: dict[str, Value] = {
        "asked": asked,
        "node": pull.node,
        "namespace": pull.namespace,
        "pod": pull.pod,
        "image": pull.image,
        "state": str(pull.state),
        "began_s": max(int((now - pull.start).total_seconds()), 0),
        "ended_s": UNKNOWN if pull.state is State.PULLING else max(int((now - pull.end).total_seconds()), 0),
        "took_s": int(pull.took_s),
        "waited_s": int(queued.waited_s),
        "own_s": int(queued.own_s),
        "waiting_pct": int(100 * queued.waited_s / pull.took_s) if pull.took_s else 0,
        "told": queued.told,
        "behind": tuple(map(_named, queued.behind)),
        "ahead": tuple(map(_named, queued.ahead)),
        "blocker": _named(blocker) if blocker else "",
        "blocker_own_s": int(place[id(blocker)].own_s) if blocker else UNKNOWN,
        "blocker_size": blocker.size if blocker else -1,
        "parallel": parallel,
        "pod_failed": failed,
    }
    return Row(
        values=values,
        subject=ObjectRef(kind="Pod", namespace=pull.namespace, name=pull.pod, uid=pull.uid),
        quote=pull.message,
        reproduce=f"kubectl events -A | grep -E 'Pull(ing|ed)' # node {pull.node}",
    )


def _named(pull: Pull) -> str:
    return f"{pull.image} ({pull.namespace}/{pull.pod})"


def _without_pull(pods: Iterable[Json], pulled: set[str]) -> list[Row]:
    """Return a row per container that waits to be created though none of its pod's images is being pulled."""
    return [
        _no_pull(pod, container.image)
        for pod in pods
        if uid_of(pod) not in pulled
        for container in containers_in(pod)
        if container.state in ("waiting", "") and container.reason == "ContainerCreating"
    ]


def _no_pull(pod: Json, image: str) -> Row:
    named = {"namespace": namespace_of(pod), "pod": name_of(pod), "image": image}
    blank = {key: _BLANK[kind] for key, kind in KEYS.items()}
    told: dict[str, Value] = {
        "asked": True,
        "node": node_name_of(pod),
        "state": "none",
        "waited_s": 0,
        "waiting_pct": 0,
    }
    return Row(
        values={**blank, **named, **told, "node": node_name_of(pod)},
        subject=ref(pod, "Pod"),
        quote="ContainerCreating, and no event of a pull",
        reproduce=f"kubectl -n {namespace_of(pod)} events --for pod/{name_of(pod)}",
    )
