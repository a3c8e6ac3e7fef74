"""Image pulls that waited for others on their node, from the kubelet's Normal events alone.

Such a pod shows nothing but ContainerCreating. The kubelet's configuration says whether it pulls one image at a time,
but only nodes/proxy serves that; the times of events show a queue without it.

A kubelet that pulls one image at a time sends its requests in the order of its Pulling events. So a pull waited for the
pulls that began before it and ended while it was under way. Where pulls end in another order than they began, several
run at once, and an overlap proves nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from bot.cluster.events import event_last_seen, involved_object
from bot.kube.containers import containers_in
from bot.kube.objects import node_name_of, place_of, ref, status_of, uid_of
from bot.kube.pull_failures import UNTOLD, Pulled, failed_image, normalized, parse_pulled, pulling_image
from bot.kube.settling import container_of_event
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, probe
from bot.probes.image_pulls.surroundings import PULL_REASONS, ImageRow, home_of
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ObjectRef, ProbeResult, Row

REASONS: Final = frozenset({"Pulling", "Pulled", "Failed"})
# Events carry whole seconds: two that are closer together than this have no order.
_SAME: Final = timedelta(seconds=3)


class State(StrEnum):
    """The progress of a pull."""

    PULLED = "pulled"
    PULLING = "pulling"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One pull on a node. `end` is when it ended, or now while it is in progress."""

    node: str
    pod: ObjectRef
    container: str
    image: str
    start: datetime
    end: datetime
    state: State
    message: str
    told_wait_s: float = UNTOLD
    size: int = -1

    @property
    def took_s(self) -> float:
        return max((self.end - self.start).total_seconds(), 0.0)

    @property
    def order(self) -> tuple[datetime, datetime, str, str, str]:
        return self.start, self.end, self.pod.namespace, self.pod.name, self.container


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A pull with its place in the queue of its node."""

    pull: Pull
    waited_s: float
    told: bool  # the kubelet reports the waiting itself
    behind: tuple[Pull, ...] = ()  # that ended while it waited, the last to end first
    ahead: tuple[Pull, ...] = ()  # that began before it and are in progress

    @property
    def own_s(self) -> float:
        return max(self.pull.took_s - self.waited_s, 0.0)


def pulls_in(events: Iterable[Json], *, now: datetime) -> list[Pull]:
    """Return the pulls that events tell of, by node and start. `events` come oldest first, as a snapshot gives them."""
    told: dict[tuple[ObjectRef, str, str], list[Json]] = defaultdict(list)
    for event in events:
        if event.get("reason") in REASONS and (image := _image_of(str(event.get("message") or ""))):
            told[involved_object(event), container_of_event(event), image].append(event)
    found = [pull for each in told.values() for pull in _pulls_of(each, now)]
    return sorted(found, key=lambda pull: (pull.node, pull.order))


def queue(pulls: Sequence[Pull]) -> tuple[list[Queued], bool]:
    """Return the pulls of one node with what they waited for, and whether several run at once there."""
    parallel = any(_overtakes(later, earlier) for earlier in pulls for later in pulls)
    return [_queued(pull, pulls) for pull in pulls], parallel


def _image_of(message: str) -> str:
    done = parse_pulled(message)
    return done.image if done else pulling_image(message) or failed_image(message)


def _pulls_of(events: Sequence[Json], now: datetime) -> Iterable[Pull]:
    """Yield the pulls of one image for one container: each ends with an event, or is in progress."""
    began: datetime | None = None
    last: Json = {}
    for event in events:
        seen = event_last_seen(event)
        if seen is None:
            continue
        if event.get("reason") == "Pulling":
            # A repeated event has its first and its last time only.
            began, last = seen, event
            continue
        done = parse_pulled(str(event.get("message") or ""))
        if done and done.total_s != UNTOLD:
            yield _pull(event, start=seen - timedelta(seconds=done.total_s), end=seen, state=State.PULLED, done=done)
        elif began is not None or done is None:
            state = State.PULLED if done else State.FAILED
            yield _pull(event, start=min(began or seen, seen), end=seen, state=state, done=done)
        began = None
    if began is not None:
        yield _pull(last, start=began, end=max(now, began), state=State.PULLING)


def _pull(event: Json, *, start: datetime, end: datetime, state: State, done: Pulled | None = None) -> Pull:
    source = event.get("source") or {}
    message = str(event.get("message") or "")
    return Pull(
        node=str(source.get("host") or event.get("reportingInstance") or ""),
        pod=involved_object(event),
        container=container_of_event(event),
        image=_image_of(message),
        start=start,
        end=end,
        state=state,
        message=message,
        told_wait_s=done.waited_s if done else UNTOLD,
        size=done.size if done else -1,
    )


def _overtakes(later: Pull, earlier: Pull) -> bool:
    """Tell whether a pull that clearly began later clearly ended first, while both were under way."""
    return (
        later.state is not State.PULLING
        and earlier.start + _SAME < later.start < earlier.end
        and later.end + _SAME < earlier.end
    )


def _queued(pull: Pull, pulls: Sequence[Pull]) -> Queued:
    before = [each for each in pulls if each is not pull and each.pod.uid != pull.pod.uid and each.order < pull.order]
    behind = [each for each in before if each.state is not State.PULLING and pull.start < each.end < pull.end]
    behind.sort(key=lambda each: (each.end, each.order), reverse=True)
    ahead = [each for each in before if State.PULLING is each.state is pull.state]
    told = pull.told_wait_s != UNTOLD
    # It waited until the last of those before it ended.
    overlap_s = (behind[0].end - pull.start).total_seconds() if behind else 0.0
    waited_s = pull.told_wait_s if told else overlap_s
    return Queued(pull=pull, waited_s=waited_s, told=told, behind=tuple(behind), ahead=tuple(ahead))


# So many pulls are shown, those in question first.
MOST_ROWS: Final = 40
# For shorter pulls no other namespace is read.
_WORTH_S: Final = 30
# For so many nodes the sizes of images are read.
_MOST_NODES: Final = 5


class QueueShown(ImageRow):
    """A pull with its place in the queue of its node; the defaults stand for a container without any pull."""

    asked: bool  # of a pod in question; else one of those that were waited for
    state: str  # pulled, pulling, failed; none for a container that waits without any pull
    began_s: int = UNKNOWN  # seconds ago
    ended_s: int = UNKNOWN  # -1 while it is in progress
    took_s: int = UNKNOWN  # from Pulling to Pulled, the waiting included
    waited_s: int = 0
    own_s: int = UNKNOWN
    waiting_pct: int = 0  # the waiting's share of took_s
    told: bool = False  # the kubelet reports the waiting; else it follows from the order of events
    behind: tuple[str, ...] = ()  # the pulls that ended while it waited
    ahead: tuple[str, ...] = ()  # earlier pulls that are in progress, as it is
    blocker: str = ""  # of those that ended, the one that held the queue longest
    blocker_own_s: int = UNKNOWN
    blocker_size: int = UNKNOWN
    parallel: bool = False  # pulls of this node overtook each other: several run at once
    pod_failed: bool = False  # some pull of this pod failed


@dataclass(frozen=True, slots=True, kw_only=True)
class _PullsInQuestion:
    """The pulls that the request is about."""

    uids: frozenset[str]
    node: str
    image: str

    def means(self, pull: Pull) -> bool:
        return (
            pull.pod.uid in self.uids
            and self.node in ("", pull.node)
            and (not self.image or normalized(self.image) == normalized(pull.image))
        )


@probe(says="each pull of the pods in question and those it waited for on its node", row=QueueShown)
async def read(look: Look) -> ProbeResult:
    """Read the events of the pods in question; where a pull took long, also those of everything beside them."""
    suspects = await pods_of(look)
    image = "" if look.focus.names_object else look.named.get("image", "")
    asked = _PullsInQuestion(uids=frozenset(map(uid_of, suspects.pods)), node=look.focus.node, image=image)
    pulls = await _pulls(look, asked, home=home_of(look, suspects.pods))
    mine = [pull for pull in pulls if asked.means(pull)]
    failed = _failed(suspects.pods, mine)
    rows = _rows(look, pulls, asked, failed=failed)
    if unsized := {
        str(row.values["node"]) for row in rows if row.values["blocker"] and row.values["blocker_size"] == -1
    }:
        rows = _rows(look, await _sized(look, pulls, unsized), asked, failed=failed)
    if look.focus.names_object:
        rows += _without_pull(suspects.pods, {pull.pod.uid for pull in mine})
    return ProbeResult(rows=tuple(rows[:MOST_ROWS]), missing=suspects.missing)


async def _pulls(look: Look, asked: _PullsInQuestion, *, home: str) -> list[Pull]:
    """Return the pulls of the namespace in question; of all, where one took long: another's may have held the node."""
    pulls = pulls_in(await look.unless_refused(look.snapshot.events_in(home), ()), now=look.now)
    if home and any(pull.took_s >= _WORTH_S for pull in pulls if asked.means(pull)):
        everywhere = await look.unless_refused(look.snapshot.events_in(""), None)
        return pulls if everywhere is None else pulls_in(everywhere, now=look.now)
    return pulls


async def _sized(look: Look, pulls: Sequence[Pull], nodes: Iterable[str]) -> list[Pull]:
    """Return the pulls with the sizes that their nodes list, at most 50 images each: kubelets up to 1.29 log none."""
    names = sorted(filter(None, nodes))[:_MOST_NODES]
    reads = asyncio.gather(*(look.snapshot.find("Node", node) for node in names))
    sizes: dict[tuple[str, str], int] = {}
    for node, manifest in zip(names, await look.unless_refused(reads, (), what="the sizes of images"), strict=False):
        for image in status_of(manifest or {}).get("images") or ():
            for name in image.get("names") or ():
                sizes[node, normalized(str(name))] = int(image.get("sizeBytes") or -1)
    return [
        replace(pull, size=sizes.get((pull.node, normalized(pull.image)), -1)) if pull.size < 0 else pull
        for pull in pulls
    ]


def _failed(pods: Iterable[Json], pulls: Iterable[Pull]) -> frozenset[str]:
    """Return the uids of pods of which an image could not be pulled, now or earlier."""
    waiting = {uid_of(pod) for pod in pods if any(each.reason in PULL_REASONS for each in containers_in(pod))}
    return frozenset(waiting | {pull.pod.uid for pull in pulls if pull.state is State.FAILED})


def _rows(look: Look, pulls: Sequence[Pull], asked: _PullsInQuestion, *, failed: frozenset[str]) -> list[Row]:
    """Return a row per pull asked about, the longest waiting first; then per pull that these waited for."""
    mine: list[Row] = []
    others: dict[int, Row] = {}
    for node in sorted({pull.node for pull in pulls if asked.means(pull)}):
        queued, parallel = queue([pull for pull in pulls if pull.node == node])
        place = {id(each.pull): each for each in queued}
        row = partial(_row, look, place=place, asked=asked, parallel=parallel, failed=failed)
        for each in queued:
            if not asked.means(each.pull):
                continue
            mine.append(row(each))
            for other in (*each.ahead, *reversed(each.behind)):
                if not asked.means(other) and id(other) not in others:
                    others[id(other)] = row(place[id(other)])
    mine.sort(key=lambda row: (-int(str(row.values["waited_s"])), -int(str(row.values["took_s"])), str(row.subject)))
    return [*mine, *others.values()]


def _row(
    look: Look,
    queued: Queued,
    *,
    place: dict[int, Queued],
    asked: _PullsInQuestion,
    parallel: bool,
    failed: frozenset[str],
) -> Row:
    pull, now, is_asked = queued.pull, look.now, asked.means(queued.pull)
    blocker = max(queued.behind, key=lambda each: (place[id(each)].own_s, each.order), default=None)
    return QueueShown(
        node=pull.node,
        image=pull.image,
        asked=is_asked,
        state=str(pull.state),
        began_s=max(int((now - pull.start).total_seconds()), 0),
        ended_s=UNKNOWN if pull.state is State.PULLING else max(int((now - pull.end).total_seconds()), 0),
        took_s=int(pull.took_s),
        waited_s=int(queued.waited_s),
        own_s=int(queued.own_s),
        waiting_pct=int(100 * queued.waited_s / pull.took_s) if pull.took_s else 0,
        told=queued.told,
        behind=tuple(map(_named, queued.behind)),
        ahead=tuple(map(_named, queued.ahead)),
        blocker=_named(blocker) if blocker else "",
        blocker_own_s=int(place[id(blocker)].own_s) if blocker else UNKNOWN,
        blocker_size=blocker.size if blocker else UNKNOWN,
        parallel=parallel,
        pod_failed=pull.pod.uid in failed if is_asked else pull.state is State.FAILED,
    ).row(
        pull.pod,
        quote=pull.message,
        reproduce=f"kubectl events -A | grep -E 'Pull(ing|ed)' # node {pull.node}",
    )


def _named(pull: Pull) -> str:
    return f"{pull.image} ({pull.pod.namespace}/{pull.pod.name})"


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
    namespace, name = place_of(pod)
    return QueueShown(node=node_name_of(pod), image=image, asked=True, state="none").row(
        ref(pod, "Pod"),
        quote="ContainerCreating, and no event of a pull",
        reproduce=f"kubectl -n {namespace} events --for pod/{name}",
    )
