"""The containers of a pod: the run that is going on, the last one that ended, and the flags that they are started with.

A flag that is given twice has its last value, as in Go's flag packages; a program may see it differently.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.kube.objects import name_of, namespace_of, pod_spec_of, spec_of, status_of
from bot.kube.timestamps import UNKNOWN, seconds_since
from intents.domain import Json

# The kubelet forgets earlier crashes of a container once it has run this long (its backoff is reset).
STABLE_S: Final = 600
_RARE_S: Final = 6 * 3600
_NEVER_S: Final = 1 << 40
_STATES: Final = ("waiting", "running", "terminated")


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
        """Return how long it ran, -1 if that is not known."""
        return UNKNOWN if UNKNOWN in (self.started_s, self.finished_s) else self.started_s - self.finished_s

    @property
    def says(self) -> str:
        """Return exit code and reason as people quote them."""
        return f"exitCode {self.exit_code}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of a pod with its status, empty where the kubelet has not reported one yet."""

    pod: Json
    name: str
    image: str
    init: bool
    declared: Mapping[str, Any]  # its part of the pod's spec
    status: Mapping[str, Any]

    @property
    def described(self) -> str:
        """Return the text in which an entry's `among` pattern is searched."""
        return f"{name_of(self.pod)} {self.name} {self.image}"

    @property
    def ready(self) -> bool:
        """Tell whether the kubelet reports the container ready."""
        return bool(self.status.get("ready", False))

    @property
    def restarts(self) -> int:
        """Return its restart count."""
        return int(self.status.get("restartCount") or 0)

    @property
    def state(self) -> str:
        """Return waiting, running or terminated; "" where the kubelet has not reported a state yet."""
        state = self.status.get("state") or {}
        return next((kind for kind in _STATES if state.get(kind) is not None), "")

    @property
    def detail(self) -> Mapping[str, Any]:
        """Return the fields of its state: reason, message, exitCode, startedAt …"""
        return (self.status.get("state") or {}).get(self.state) or {}

    @property
    def reason(self) -> str:
        """Return the reason of its state, "" where there is none."""
        return str(self.detail.get("reason") or "")

    @property
    def message(self) -> str:
        """Return the message of its state, "" where there is none."""
        return str(self.detail.get("message") or "")

    @property
    def last_end(self) -> Mapping[str, Any]:
        """Return how the run before this one ended; empty without one."""
        return (self.status.get("lastState") or {}).get("terminated") or {}

    def ended(self, now: datetime) -> Run | None:
        """Return the last run that ended, if the status still knows one."""
        if self.state == "terminated":
            return _run(self.detail, current=True, now=now)
        last = self.last_end
        # While a container waits for its next start, its last run's log is still the current one.
        return _run(last, current=self.state != "running", now=now) if last else None

    def crash_looping(self, now: datetime) -> bool:
        """Tell whether it keeps failing: it backs off, or failed again within hours and has not run for long since."""
        if self.state == "waiting":
            return self.reason == "CrashLoopBackOff"
        ended = self.ended(now)
        if ended is None or ended.exit_code == 0 or self.restarts < 1:
            return False
        if self.state == "terminated":
            return True
        # The count also has the restarts of weeks ago: after a run of hours, a failure counts as the first.
        running_s = seconds_since(self.detail.get("startedAt"), now)
        return self.restarts > 1 and ended.ran_s < _RARE_S and UNKNOWN < running_s < STABLE_S


def containers_in(pod: Json) -> Iterator[Container]:
    """Yield the containers of a pod in the order they start; ephemeral ones are somebody's debugging, and left out."""
    spec, of_pod = spec_of(pod), status_of(pod)
    for key, statuses, init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        by_name = {entry.get("name"): entry for entry in of_pod.get(statuses) or ()}
        for declared in spec.get(key) or ():
            name, image = str(declared.get("name", "")), str(declared.get("image", ""))
            status = by_name.get(name) or {}
            yield Container(pod=pod, name=name, image=image, init=init, declared=declared, status=status)


def trouble_order(container: Container, now: datetime) -> tuple[int, int, str, str, str]:
    """Return a sort key that brings containers that fail now first, then those that ended last."""
    ended = container.ended(now)
    finished = ended.finished_s if ended and ended.finished_s != UNKNOWN else _NEVER_S
    place = namespace_of(container.pod), name_of(container.pod)
    return _trouble_rank(container, ended, now), finished, *place, container.name


def _trouble_rank(container: Container, ended: Run | None, now: datetime) -> int:
    if container.crash_looping(now):
        return 0
    if ended is not None and ended.exit_code != 0:
        return 1
    return 3 if container.ready or ended is not None else 2


def _run(terminated: Mapping[str, Any], *, current: bool, now: datetime) -> Run:
    finished_s = seconds_since(terminated.get("finishedAt"), now)
    # A container that the runtime could not start has the zero time.
    never_ran = str(terminated.get("startedAt")).startswith(("1970-01-01", "0001-01-01"))
    return Run(
        exit_code=int(terminated.get("exitCode", -1)),
        reason=str(terminated.get("reason") or ""),
        finished_s=finished_s,
        started_s=finished_s if never_ran else seconds_since(terminated.get("startedAt"), now),
        current=current,
    )


ON: Final = "true"
OFF: Final = "false"
_SHELLS: Final = frozenset({"sh", "bash", "ash"})


def template_containers(workload: Json) -> Sequence[Json]:
    """Return the containers that a workload's pods run, as its template declares them."""
    return pod_spec_of(workload).get("containers") or ()


def words_of(container: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words of command and args; a line for a shell (`sh -c "exec /app --flag"`) is split."""
    given = [str(word) for key in ("command", "args") for word in container.get(key) or ()]
    words: list[str] = []
    for index, word in enumerate(given):
        line = index >= 2 and given[index - 1].startswith("-") and given[0].rpartition("/")[2] in _SHELLS
        words += _split(word) if line else [word]
    return tuple(words)


def flag(container: Mapping[str, Any], name: str, *, takes_value: bool = False, env_prefix: str = "") -> str:
    """Return the value of a flag: "true" for one without a value, "false" for --no-<name>, "" where it is not given.

    `--name value` is read only with `takes_value`: after a switch comes an argument of its own. With `env_prefix` the
    program also reads the flag from <prefix><NAME> (kingpin's DefaultEnvars); the command line wins.
    """
    value = ""
    words = words_of(container)
    for index, word in enumerate(words):
        given, equals, text = word.partition("=")
        if given in (f"--{name}", f"-{name}"):
            value = text if equals else ON
            if takes_value and not equals:
                value = words[index + 1] if index + 1 < len(words) else ""
        elif given == f"--no-{name}":
            value = OFF
    return value or (_environment(container, env_prefix, name) if env_prefix else "")


def arguments(container: Mapping[str, Any], taking_values: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the words that are neither program nor flags; `taking_values` are flags whose value is the next word."""
    found: list[str] = []
    words = words_of(container)
    if container.get("command"):
        words = words[1:]
    skip = False
    for word in words:
        if not skip and not word.startswith("-"):
            found.append(word)
        skip = not skip and word.lstrip("-") in taking_values and word.startswith("-")
    return tuple(found)


def _environment(container: Mapping[str, Any], prefix: str, name: str) -> str:
    wanted = prefix + name.upper().replace("-", "_")
    return next((str(each.get("value") or "") for each in container.get("env") or () if each.get("name") == wanted), "")


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()
