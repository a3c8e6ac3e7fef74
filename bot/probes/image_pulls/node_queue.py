"""The image pulls of a node as a queue: which pull waited for which, decided from the kubelet's events alone.

A kubelet that pulls one image at a time sends its requests in the order of its Pulling events. So a pull waited for the
pulls that began before it and ended while it was under way. Where pulls end in another order than they began, several
run at once, and an overlap proves nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.cluster.events import event_last_seen
from bot.kube.pull_failures import UNTOLD, Pulled, failed_image, parse_pulled, pulling_image
from intents.domain import Json

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
    namespace: str
    pod: str
    uid: str
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
        return self.start, self.end, self.namespace, self.pod, self.container


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
    told: dict[tuple[str, str, str], list[Json]] = defaultdict(list)
    for event in events:
        if event.get("reason") in REASONS and (image := _image_of(str(event.get("message") or ""))):
            about = event.get("involvedObject") or {}
            told[str(about.get("uid") or about.get("name") or ""), str(about.get("fieldPath") or ""), image].append(
                event
            )
    found = [pull for each in told.values() for pull in _pulls(each, now)]
    return sorted(found, key=lambda pull: (pull.node, pull.order))


def queue(pulls: Sequence[Pull]) -> tuple[list[Queued], bool]:
    """Return the pulls of one node with what they waited for, and whether several run at once there."""
    parallel = any(_overtakes(later, earlier) for earlier in pulls for later in pulls)
    return [_queued(pull, pulls) for pull in pulls], parallel


def _image_of(message: str) -> str:
    done = parse_pulled(message)
    return done.image if done else pulling_image(message) or failed_image(message)


def _pulls(events: Sequence[Json], now: datetime) -> Iterable[Pull]:
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
    about, source = event.get("involvedObject") or {}, event.get("source") or {}
    message = str(event.get("message") or "")
    path = str(about.get("fieldPath") or "")
    return Pull(
        node=str(source.get("host") or event.get("reportingInstance") or ""),
        namespace=str(about.get("namespace") or ""),
        pod=str(about.get("name") or ""),
        uid=str(about.get("uid") or ""),
        container=path.partition("{")[2].rstrip("}"),
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
    before = [each for each in pulls if each is not pull and each.uid != pull.uid and each.order < pull.order]
    behind = [each for each in before if each.state is not State.PULLING and pull.start < each.end < pull.end]
    behind.sort(key=lambda each: (each.end, each.order), reverse=True)
    ahead = [each for each in before if State.PULLING is each.state is pull.state]
    told = pull.told_wait_s != UNTOLD
    waited_s = pull.told_wait_s if told else _overlap_s(pull, behind)
    return Queued(pull=pull, waited_s=waited_s, told=told, behind=tuple(behind), ahead=tuple(ahead))


def _overlap_s(pull: Pull, behind: Sequence[Pull]) -> float:
    """Return how long a pull was under way when the last of those it waited for ended."""
    return (behind[0].end - pull.start).total_seconds() if behind else 0.0
