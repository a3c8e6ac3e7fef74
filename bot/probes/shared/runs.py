"""The runs of a container as its pod's status tells them: the one going on, and the last one that ended.

Shared by the probes that ask what a container said or how it ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster.snapshot import Snapshot
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.shared.scope import name_of, namespace_of
from intents.domain import Json

# The kubelet forgets earlier crashes of a container once it has run this long (its backoff is reset).
_STABLE_S: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that has ended. `current` if its log is the container's current one: no other has started since."""

    exit_code: int
    reason: str
    finished_s: int
    started_s: int
    current: bool

    @property
    def ran_s(self) -> int:
        """How long it ran, -1 if that is not known."""
        return UNKNOWN if UNKNOWN in (self.started_s, self.finished_s) else self.started_s - self.finished_s

    @property
    def says(self) -> str:
        return f"exitCode {self.exit_code}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a pod with what its status says."""

    pod: Json
    name: str
    image: str
    init: bool
    status: Mapping[str, Any]

    @property
    def described(self) -> str:
        """What an entry's `among` pattern is looked for in."""
        return f"{name_of(self.pod)} {self.name} {self.image}"

    @property
    def ready(self) -> bool:
        return bool(self.status.get("ready", False))

    @property
    def restarts(self) -> int:
        return int(self.status.get("restartCount") or 0)

    @property
    def state(self) -> str:
        """waiting, running, terminated; "" where the kubelet has said nothing yet."""
        state = self.status.get("state") or {}
        return next((kind for kind in ("waiting", "running", "terminated") if state.get(kind) is not None), "")

    @property
    def detail(self) -> Mapping[str, Any]:
        """What the state says: reason, message, exitCode, startedAt …"""
        return (self.status.get("state") or {}).get(self.state) or {}

    def ended(self, snapshot: Snapshot) -> Run | None:
        """The last run that ended, if the status still knows one."""
        if self.state == "terminated":
            return _run(self.detail, current=True, snapshot=snapshot)
        last = (self.status.get("lastState") or {}).get("terminated")
        # While a container waits for its next start, its last run's log is still the current one.
        return _run(last, current=self.state != "running", snapshot=snapshot) if last else None

    def crash_looping(self, snapshot: Snapshot) -> bool:
        """Whether it keeps failing: it backs off, or failed again and has not run for long since."""
        if self.state == "waiting":
            return self.detail.get("reason") == "CrashLoopBackOff"
        ended = self.ended(snapshot)
        if ended is None or ended.exit_code == 0 or self.restarts < 1:
            return False
        if self.state == "terminated":
            return True
        running_s = age_s(snapshot, self.detail.get("startedAt"))
        return self.restarts > 1 and UNKNOWN < running_s < _STABLE_S


def _run(terminated: Mapping[str, Any], *, current: bool, snapshot: Snapshot) -> Run:
    return Run(
        exit_code=int(terminated.get("exitCode", -1)),
        reason=str(terminated.get("reason") or ""),
        finished_s=age_s(snapshot, terminated.get("finishedAt")),
        started_s=age_s(snapshot, terminated.get("startedAt")),
        current=current,
    )


def containers_in(pod: Json) -> Iterator[Container]:
    """The containers of a pod in the order they start; debugging ones (ephemeral) are left out."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    for key, statuses, init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        by_name = {entry.get("name"): entry for entry in status.get(statuses) or ()}
        for declared in spec.get(key) or ():
            name = str(declared.get("name", ""))
            yield Container(
                pod=pod, name=name, image=str(declared.get("image", "")), init=init, status=by_name.get(name) or {}
            )


def pod_is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def trouble(container: Container, snapshot: Snapshot) -> tuple[int, int, str, str, str]:
    """A sort key that brings what is broken now first, then what ended last."""
    ended = container.ended(snapshot)
    finished = ended.finished_s if ended and ended.finished_s != UNKNOWN else 1 << 40
    if container.crash_looping(snapshot):
        rank = 0
    elif ended is not None and ended.exit_code != 0:
        rank = 1
    else:
        rank = 3 if container.ready or (ended is not None and ended.exit_code == 0) else 2
    return rank, finished, namespace_of(container.pod), name_of(container.pod), container.name
