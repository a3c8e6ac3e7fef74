"""Which containers lack their image, why, and whether the same image runs elsewhere.

The waiting reason ImagePullBackOff mostly says nothing: then the kubelet's Failed events do. What fails before any
container exists (the sandbox's own pause image) is no pull of a container and has no row.
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
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.pull_failures import cause_of, classify, is_telling
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, moment
from bot.probes.shared.pull_surroundings import PERMISSIONS, PULL_REASONS, Around, Elsewhere, around, elsewhere
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import Gap, Json, ObjectRef, Permission, ProbeDeclaration, Reading, Row, RowType

# Between two attempts of a pull the kubelet may show these.
_STARTING: Final = ("", "ContainerCreating", "PodInitializing")
_CONTAINER: Final = re.compile(r"^spec\.(?:initContainers|containers)\{(.+)\}$")
_SECRETS: Final = re.compile(r"Unable to retrieve some image pull secrets \(([^)]*)\)")
# Of more pods than this of one answer nobody reads the owners and secrets.
_MOST: Final = 20
_LONGEST: Final = 1000
_NOTHING: Final = Around(top=Top(ref=ObjectRef(kind="", name="")))

DECLARATION: Final = ProbeDeclaration(
    name="image-pulls",
    says="Containers whose image cannot be pulled: the kind of failure, the nodes, and where the same image runs",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "top_kind": RowType.STRING,
        "top_name": RowType.STRING,
        "revisions": RowType.INTEGER,
        "container": RowType.STRING,
        "image": RowType.STRING,
        "named_image": RowType.BOOLEAN,
        "registry": RowType.STRING,
        "node": RowType.STRING,
        "node_platform": RowType.STRING,
        "waiting": RowType.BOOLEAN,
        "reason": RowType.STRING,
        "message": RowType.STRING,
        "failure": RowType.STRING,
        "cause": RowType.STRING,  # the part of the message that says why
        "pull_secrets": RowType.STRINGS,
        "missing_secrets": RowType.STRINGS,
        "runs_elsewhere": RowType.INTEGER,
        "failing_nodes": RowType.STRINGS,
        "last_s": RowType.INTEGER,
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                Permission(verb="list", resource="events"),
                *PERMISSIONS,
            )
        )
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What events say of one container's pulls; `failed` if the newest of them failed."""

    message: str = ""
    failed: bool = False
    last_s: int = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pull:
    container: Container
    told: _Told

    @property
    def waiting(self) -> bool:
        return self.container.detail.get("reason", "") in PULL_REASONS

    @property
    def message(self) -> str:
        """The most telling of what the status and the events say."""
        status = str(self.container.detail.get("message", "")) if self.waiting else ""
        return next((each for each in (status, self.told.message) if is_telling(each)), status or self.told.message)


async def read(look: Look) -> Reading:
    suspects = await pods_of(look)
    pods = [pod for pod in suspects.pods if any(_lacks_image(each) for each in containers_in(pod))]
    events, gaps = await _events(look.snapshot, pods)
    pulls = [
        pull
        for pod in pods
        for container in containers_in(pod)
        if _is_pull(pull := _Pull(container=container, told=_told(look.snapshot, container, events.get(_uid(pod), ()))))
    ]
    if not pulls:
        return Reading(gaps=(*suspects.gaps, *gaps), missing=suspects.missing)
    troubled = list({_uid(pull.container.pod): pull.container.pod for pull in pulls}.values())
    others, read_around = await asyncio.gather(
        elsewhere(look), asyncio.gather(*(around(look.snapshot, pod) for pod in troubled[:_MOST]))
    )
    near = dict(zip(map(_uid, troubled), read_around, strict=False))
    gaps = (*suspects.gaps, *gaps, *others.gaps, *(gap for each in read_around for gap in each.gaps))
    rows = []
    for pull in pulls:
        uid = _uid(pull.container.pod)
        rows.append(_row(look, pull, near.get(uid, _NOTHING), others, events.get(uid, ())))
    return Reading(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


def _lacks_image(container: Container) -> bool:
    """It waits and has never run, as far as its reason says: only then can a pull be what keeps it."""
    reason = container.detail.get("reason", "")
    return container.state in ("waiting", "") and (reason in PULL_REASONS or reason in _STARTING)


def _is_pull(pull: _Pull) -> bool:
    return pull.waiting or (pull.told.failed and _lacks_image(pull.container))


async def _events(snapshot: Snapshot, pods: Sequence[Json]) -> tuple[dict[str, Sequence[Json]], tuple[Gap, ...]]:
    """The events of each pod by its uid, oldest first."""

    async def of(pod: Json) -> tuple[Sequence[Json], Gap | None]:
        try:
            return await snapshot.events(ref(pod, "Pod")), None
        except ClusterError as error:
            return (), error.gap(f"events in {namespace_of(pod)}")

    found = await asyncio.gather(*map(of, pods))
    gaps = dict.fromkeys(gap for _, gap in found if gap is not None)
    return {_uid(pod): events for pod, (events, _) in zip(pods, found, strict=True)}, tuple(gaps)


def _told(snapshot: Snapshot, container: Container, events: Sequence[Json]) -> _Told:
    message, failed, last_s = "", False, UNKNOWN
    for event in events:
        text, reason = str(event.get("message", "")), event.get("reason")
        if not _is_about(event, container, text):
            continue
        if reason in ("Pulled", "Pulling", "Created", "Started"):
            failed = failed and reason == "Pulling"
        elif reason in ("Failed", "BackOff", "ErrImageNeverPull", "InspectFailed") and _speaks_of_pull(text):
            failed = True
            seen = event_last_seen(event)
            last_s = UNKNOWN if seen is None else max(int((snapshot.now - seen).total_seconds()), 0)
            message = text if is_telling(text) or not message else message
    return _Told(message=message, failed=failed, last_s=last_s)


def _speaks_of_pull(message: str) -> bool:
    lowered = message.lower()
    return "image" in lowered and ("pull" in lowered or "image name" in lowered or "image tag" in lowered)


def _is_about(event: Json, container: Container, message: str) -> bool:
    """By the field the kubelet names; an event without one is told by the image in its message."""
    path = str((event.get("involvedObject") or {}).get("fieldPath", ""))
    if match := _CONTAINER.match(path):
        return match.group(1) == container.name
    return f'"{container.image}"' in message


def _row(look: Look, pull: _Pull, near: Around, others: Elsewhere, events: Sequence[Json]) -> Row:
    container = pull.container
    pod, image = container.pod, normalized(container.image)
    namespace, name, owner = namespace_of(pod), name_of(pod), owner_of(pod)
    node = str((pod.get("spec") or {}).get("nodeName") or "")
    reason = str(container.detail.get("reason", ""))
    asked = look.named.get("image", "")
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
            "named_image": not asked or normalized(asked) == image,
            "registry": registry_of(container.image),
            "node": node,
            "node_platform": near.platform,
            "waiting": pull.waiting,
            "reason": reason,
            "message": pull.message[:_LONGEST],
            "failure": str(classify(pull.message, reason=reason)),
            "cause": _cause(pull.message, container.image),
            "pull_secrets": near.secrets,
            "missing_secrets": _missing_secrets(events),
            "runs_elsewhere": others.running.get(image, 0),
            "failing_nodes": others.failing.get(image, (node,) if node else ()),
            "last_s": pull.told.last_s,
        },
        subject=ref(pod, "Pod"),
        quote=pull.message[:_LONGEST],
        reproduce=f"kubectl -n {namespace} describe pod {name}",
        at=moment(look.snapshot, pull.told.last_s),
        lasts=pull.waiting,
    )


def _cause(message: str, image: str) -> str:
    """Why, without the image: whoever tells it has named that already."""
    cause = cause_of(message)
    return cause.removeprefix(f"{image}: ").removeprefix(f"{normalized(image)}: ")


def _missing_secrets(events: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Secrets the kubelet looked for in vain, from its own warning: reading secrets themselves is not needed."""
    found = [match for event in events if (match := _SECRETS.search(str(event.get("message", ""))))]
    names = [name.strip() for match in found for name in match.group(1).split(",")]
    return tuple(dict.fromkeys(filter(None, names)))


def _uid(pod: Json) -> str:
    return str(pod["metadata"].get("uid", ""))


PROBE: Final = Probe(declaration=DECLARATION, read=read)
