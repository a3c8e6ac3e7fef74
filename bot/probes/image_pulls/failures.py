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

from bot.cluster.errors import ClusterError
from bot.cluster.events import event_last_seen
from bot.cluster.owners import Top
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, containers_in
from bot.kube.images import normalized, registry_of
from bot.kube.objects import name_of, namespace_of, node_name_of, ref, uid_of
from bot.kube.owners import owner_of
from bot.kube.pull_failures import cause_of, classify, is_telling
from bot.probes.contract import Look
from bot.probes.image_pulls.surroundings import PULL_REASONS, Around, Elsewhere, around, elsewhere
from bot.probes.shared.ages import UNKNOWN, moment
from bot.probes.shared.scope import pods_of
from intents.domain import Gap, Json, ObjectRef, ProbeResult, Row, RowType

# Waiting reasons that the kubelet may show between two attempts of a pull.
_STARTING: Final = ("", "ContainerCreating", "PodInitializing")
_CONTAINER: Final = re.compile(r"^spec\.(?:initContainers|containers)\{(.+)\}$")
_SECRETS: Final = re.compile(r"Unable to retrieve some image pull secrets \(([^)]*)\)")
# For so many pods of one answer the owners and secrets are read.
_MOST: Final = 20
_LONGEST: Final = 1000
_NOTHING: Final = Around(top=Top(ref=ObjectRef(kind="", name="")))

KEYS: Final[Mapping[str, RowType]] = {
    "owner_kind": RowType.STRING,
    "owner": RowType.STRING,
    "top_kind": RowType.STRING,
    "top_name": RowType.STRING,
    "revisions": RowType.INTEGER,  # earlier templates that a rollout could go back to
    "container": RowType.STRING,
    "named_image": RowType.BOOLEAN,  # the text names this image, or none
    "registry": RowType.STRING,
    "node_platform": RowType.STRING,
    "waiting": RowType.BOOLEAN,
    "reason": RowType.STRING,
    "message": RowType.STRING,
    "failure": RowType.STRING,  # one of bot.kube.pull_failures.PullFailure
    "cause": RowType.STRING,  # the part of the message that says why
    "pull_secrets": RowType.STRINGS,
    "missing_secrets": RowType.STRINGS,
    "runs_elsewhere": RowType.INTEGER,  # ready containers with the same image
    "failing_nodes": RowType.STRINGS,
}


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


async def read(look: Look) -> ProbeResult:
    """Read the pods in question, their events, and what is around those that lack an image."""
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if any(_lacks_image(each) for each in containers_in(pod))]
    events, gaps = await _events(look.snapshot, pods)
    pulls = [
        pull
        for pod in pods
        for container in containers_in(pod)
        if _is_pull(pull := _pull(look.snapshot, container, events.get(uid_of(pod), ())))
    ]
    if not pulls:
        return ProbeResult(
            gaps=(*suspects.gaps, *gaps), missing=suspects.missing, looked_at=_with_image(look, suspects.pods)
        )
    troubled = list({uid_of(pull.container.pod): pull.container.pod for pull in pulls}.values())
    others, read_around = await asyncio.gather(
        elsewhere(look), asyncio.gather(*(around(look.snapshot, pod) for pod in troubled[:_MOST]))
    )
    near = dict(zip(map(uid_of, troubled), read_around, strict=False))
    gaps = (*suspects.gaps, *gaps, *others.gaps, *(gap for each in read_around for gap in each.gaps))
    rows = []
    for pull in pulls:
        uid = uid_of(pull.container.pod)
        rows.append(_row(look, pull, near.get(uid, _NOTHING), others, events.get(uid, ())))
    return ProbeResult(
        rows=tuple(rows),
        gaps=tuple(dict.fromkeys(gaps)),
        missing=suspects.missing,
        looked_at=_with_image(look, suspects.pods),
    )


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


async def _events(snapshot: Snapshot, pods: Sequence[Json]) -> tuple[dict[str, Sequence[Json]], tuple[Gap, ...]]:
    """Return the events of each pod by its uid, oldest first."""

    async def of(pod: Json) -> tuple[Sequence[Json], Gap | None]:
        try:
            return await snapshot.events(ref(pod, "Pod")), None
        except ClusterError as error:
            return (), error.gap(f"events in {namespace_of(pod)}")

    found = await asyncio.gather(*map(of, pods))
    gaps = dict.fromkeys(gap for _, gap in found if gap is not None)
    return {uid_of(pod): events for pod, (events, _) in zip(pods, found, strict=True)}, tuple(gaps)


def _pull(snapshot: Snapshot, container: Container, events: Sequence[Json]) -> _Pull:
    return _Pull(container=container, events=_pull_events(snapshot, container, events))


def _pull_events(snapshot: Snapshot, container: Container, events: Sequence[Json]) -> _PullEvents:
    message, failed, last_s = "", False, UNKNOWN
    for event in events:
        text, reason = str(event.get("message", "")), event.get("reason")
        if not _is_about(event, container, text):
            continue
        if reason in ("Pulled", "Pulling", "Created", "Started"):
            failed = failed and reason == "Pulling"
        elif reason in ("Failed", "BackOff", "ErrImageNeverPull", "InspectFailed") and _is_about_pull(text):
            failed = True
            seen = event_last_seen(event)
            last_s = UNKNOWN if seen is None else max(int((snapshot.now - seen).total_seconds()), 0)
            message = text if is_telling(text) or not message else message
    return _PullEvents(message=message, failed=failed, last_s=last_s)


def _is_about_pull(message: str) -> bool:
    lowered = message.lower()
    return "image" in lowered and ("pull" in lowered or "image name" in lowered or "image tag" in lowered)


def _is_about(event: Json, container: Container, message: str) -> bool:
    """Tell whether an event is about the container: by the field it names, else by the image in its message."""
    path = str((event.get("involvedObject") or {}).get("fieldPath", ""))
    if match := _CONTAINER.match(path):
        return match.group(1) == container.name
    return f'"{container.image}"' in message


def _row(look: Look, pull: _Pull, near: Around, others: Elsewhere, events: Sequence[Json]) -> Row:
    container = pull.container
    pod, image = container.pod, normalized(container.image)
    namespace, name, owner = namespace_of(pod), name_of(pod), owner_of(pod)
    node = node_name_of(pod)
    wanted = look.named.get("image", "")
    return Row(
        values={
            "namespace": namespace,
            "pod": name,
            "owner_kind": owner.kind,
            "owner": owner.name,
            "top_kind": near.top.ref.kind,
            "top_name": near.top.ref.name,
            "revisions": near.revisions,
            "container": container.name,
            "image": container.image,
            "named_image": not wanted or normalized(wanted) == image,
            "registry": registry_of(container.image),
            "node": node,
            "node_platform": near.platform,
            "waiting": pull.waiting,
            "reason": container.reason,
            "message": pull.message[:_LONGEST],
            "failure": str(classify(pull.message, reason=container.reason)),
            "cause": _cause(pull.message, container.image),
            "pull_secrets": near.secrets,
            "missing_secrets": _missing_secrets(events),
            "runs_elsewhere": others.running.get(image, 0),
            "failing_nodes": others.failing.get(image, (node,) if node else ()),
        },
        subject=ref(pod, "Pod"),
        quote=pull.message[:_LONGEST],
        reproduce=f"kubectl -n {namespace} describe pod {name}",
        at=moment(look.snapshot, pull.events.last_s),
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
