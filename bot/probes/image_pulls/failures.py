"""Containers that lack their image: why the pull fails, and whether the same image runs elsewhere.

The waiting reason ImagePullBackOff mostly does not say why: then the kubelet's Failed events do. Pulls that fail before
any container exists, those of the sandbox's own pause image, have no row.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.kube.containers import Container, containers_in
from bot.kube.objects import node_name_of, ref, uid_of
from bot.kube.owners import owner_of
from bot.kube.pull_failures import cause_of, classify, is_telling, normalized, registry_of
from bot.kube.settling import container_of_event
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, probe
from bot.probes.image_pulls.surroundings import PULL_REASONS, Around, Elsewhere, ImageRow, around, elsewhere
from bot.probes.shared.scope import pods_of
from intents.domain import Json, ProbeResult, Row

# Waiting reasons that the kubelet may show between two attempts of a pull.
_STARTING: Final = ("", "ContainerCreating", "PodInitializing")
_SECRETS: Final = re.compile(r"Unable to retrieve some image pull secrets \(([^)]*)\)")
# For so many pods of one answer the owners and secrets are read.
_MOST: Final = 20
_LONGEST: Final = 1000


class FailureShown(ImageRow):
    """A container that lacks its image, and why the pull fails."""

    owner_kind: str
    owner: str
    around: Around
    container: str
    named_image: bool  # the text names this image, or none
    registry: str
    waiting: bool
    reason: str
    message: str
    failure: str  # one of bot.kube.pull_failures.PullFailure
    cause: str  # the part of the message that says why
    missing_secrets: tuple[str, ...]
    runs_elsewhere: int  # ready containers with the same image
    failing_nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PullEvents:
    """The events about one container's pulls; `failed` if the newest pull failed."""

    message: str = ""
    failed: bool = False
    last_s: int = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pull:
    """A container that lacks its image, with the events about its pulls."""

    container: Container
    events: _PullEvents

    @property
    def waiting(self) -> bool:
        return self.container.reason in PULL_REASONS

    @property
    def message(self) -> str:
        """Return the message of status or events that says why, else any of them."""
        status = self.container.message if self.waiting else ""
        return next((each for each in (status, self.events.message) if is_telling(each)), status or self.events.message)


@probe(says="containers whose image cannot be pulled, and where the same image runs", row=FailureShown)
async def read(look: Look) -> ProbeResult:
    """Read the pods in question, their events, and what is around those that lack an image."""
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if any(_lacks_image(each) for each in containers_in(pod))]
    told = await asyncio.gather(*(look.events_about(ref(pod, "Pod")) for pod in pods))
    events = dict(zip(map(uid_of, pods), told, strict=True))
    every = [
        _Pull(container=each, events=_pull_events(look, each, events[uid_of(pod)]))
        for pod in pods
        for each in containers_in(pod)
    ]
    pulls = list(filter(_is_pull, every))
    rows: list[Row] = []
    if pulls:
        troubled = list({uid_of(pull.container.pod): pull.container.pod for pull in pulls}.values())[:_MOST]
        others, found = await asyncio.gather(elsewhere(look), asyncio.gather(*(around(look, pod) for pod in troubled)))
        near = dict(zip(map(uid_of, troubled), found, strict=True))
        for pull in pulls:
            uid = uid_of(pull.container.pod)
            rows.append(_row(look, pull, near.get(uid, Around()), others, events.get(uid, ())))
    looked_at = _with_image(look, suspects.pods)
    return ProbeResult(rows=tuple(rows), missing=suspects.missing, looked_at=looked_at)


def _with_image(look: Look, pods: Sequence[Json]) -> int:
    """Return how many pods have a container of the named image; all of them if none or an object is named."""
    wanted = "" if look.focus.names_object else look.named.get("image", "")
    wanted = wanted and normalized(wanted)
    return sum(not wanted or any(normalized(each.image) == wanted for each in containers_in(pod)) for pod in pods)


def _lacks_image(container: Container) -> bool:
    """Tell whether it waits and has never run, as far as its reason says: only then can a pull hold it up."""
    return container.state in ("waiting", "") and (container.reason in PULL_REASONS or container.reason in _STARTING)


def _is_pull(pull: _Pull) -> bool:
    return pull.waiting or (pull.events.failed and _lacks_image(pull.container))


def _pull_events(look: Look, container: Container, events: Sequence[Json]) -> _PullEvents:
    message, failed, last_s = "", False, UNKNOWN
    for event in events:
        text, reason = str(event.get("message", "")), event.get("reason")
        if not _is_about(event, container, text):
            continue
        if reason in ("Pulled", "Pulling", "Created", "Started"):
            failed = failed and reason == "Pulling"
        elif reason in ("Failed", "BackOff", "ErrImageNeverPull", "InspectFailed") and _is_about_pull(text):
            failed = True
            last_s = look.seen_s(event)
            message = text if is_telling(text) or not message else message
    return _PullEvents(message=message, failed=failed, last_s=last_s)


def _is_about_pull(message: str) -> bool:
    lowered = message.lower()
    return "image" in lowered and ("pull" in lowered or "image name" in lowered or "image tag" in lowered)


def _is_about(event: Json, container: Container, message: str) -> bool:
    """Tell whether an event is about the container: by the field it names, else by the image in its message."""
    named = container_of_event(event)
    return named == container.name if named else f'"{container.image}"' in message


def _row(look: Look, pull: _Pull, near: Around, others: Elsewhere, events: Sequence[Json]) -> Row:
    container = pull.container
    pod, image = container.pod, normalized(container.image)
    node, owner = node_name_of(pod), owner_of(pod)
    wanted = look.named.get("image", "")
    return FailureShown(
        node=node,
        image=container.image,
        owner_kind=owner.kind,
        owner=owner.name,
        around=near,
        container=container.name,
        named_image=not wanted or normalized(wanted) == image,
        registry=registry_of(container.image),
        waiting=pull.waiting,
        reason=container.reason,
        message=pull.message[:_LONGEST],
        failure=str(classify(pull.message, reason=container.reason)),
        cause=_cause(pull.message, container.image),
        missing_secrets=_missing_secrets(events),
        runs_elsewhere=others.running.get(image, 0),
        failing_nodes=others.failing.get(image, (node,) if node else ()),
    ).row(
        ref(pod, "Pod"),
        quote=pull.message[:_LONGEST],
        at=look.moment(pull.events.last_s),
        lasts=pull.waiting,
    )


def _cause(message: str, image: str) -> str:
    """Return why the pull fails, without the image, which the sentence around it names already."""
    cause = cause_of(message)
    return cause.removeprefix(f"{image}: ").removeprefix(f"{normalized(image)}: ")


def _missing_secrets(events: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the pull secrets that the kubelet did not find, by its own warning: no secret needs to be read."""
    found = [match for event in events if (match := _SECRETS.search(str(event.get("message", ""))))]
    names = [name.strip() for match in found for name in match.group(1).split(",")]
    return tuple(dict.fromkeys(filter(None, names)))
