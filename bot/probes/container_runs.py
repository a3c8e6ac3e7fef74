"""The containers of the pods in question with their present run, the last run that ended, and what their spec allows.

A row per container, those in trouble first. Restartable init containers are sidecars; ephemeral ones are left out.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.cluster.events import event_count, event_last_seen
from bot.kube.containers import Container, Run, containers_in, trouble_order
from bot.kube.objects import namespace_of, phase_of, place_of, ref, spec_of
from bot.kube.pod_states import NOT_STARTED, brief_refusal, runtime_refusal, start_error
from bot.kube.quantities import thousandths, whole_or
from bot.kube.settling import ContainerEvents, described, events_of, hook, liveness_budget_s, port_of, starts_in_time
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, at_most, beside_the_verdict, keys_of, may, probe, values_of
from bot.probes.shared.measured_use import READS_USE, measured_use
from bot.probes.shared.scope import READS_PODS, ContainerValues, container_values, pods_of
from intents.domain import ArgDeclaration, Json, ProbeResult, Row, Value
from intents.templates import cpu

# A controller can have thousands of broken pods: those in the worst trouble tell the story.
MOST_ROWS: Final = 500
# Of so many pods in trouble the events are read.
_MOST_PODS: Final = 5
# A run that ended longer ago is no trouble of today.
_RECENT_S: Final = 24 * 3600
# The kubelet forgets earlier crashes of a container that has run for so long.
_STABLE_S: Final = 600
# SIGKILL and SIGTERM from outside; the longest time between two runs of a crash loop.
_SIGKILL: Final = 137
_KILLED: Final = frozenset({_SIGKILL, 143})
_GRACE_S: Final = 30  # what the API server fills in
_BACK_OFF_S: Final = 300
_QUOTE: Final = 300
_TOO_LATE: Final = re.compile(r"(?i)probe (?:failed|errored).*(?:deadline exceeded|timed out|timeout)", re.S)
_MEBIBYTE: Final = 1 << 20


class _Container(RowValues):
    """A container of a pod in question, with its present and its last run."""

    of: ContainerValues
    phase: str
    restart_policy: str  # of the pod
    init: bool  # it must end before the others start
    command: str  # command and args of the spec, "" for the image's own
    ready: bool
    running_s: int  # since when it runs, -1 if it does not
    exit_code: int  # of the last run that ended, -1 for none
    end_reason: str
    end_message: str  # of that run, or why it could not be started
    ended_s: int
    ran_s: int  # how long that run lasted
    previous: bool  # that run is not the present one: its log is read with --previous
    refusal: str  # why the runtime could not begin that run, in its words; "" for one that began
    start_error: str  # why the runtime cannot start it: command or memory; "" otherwise
    failing: bool  # its last run ended within a day, and it does not run well since
    recovered: bool  # its last run failed within a day, and it runs well since
    memory_limit: int  # bytes, 0 for none
    more_memory: str  # twice the limit, "" without one
    ports: tuple[str, ...]
    liveness: str  # the probe in words, "" for none
    liveness_port: str
    readiness: str
    readiness_port: str
    startup: str
    startup_port: str
    starts: bool  # it runs for the first time, and may still fail its startup probe
    never_live: bool  # its last run was stopped before it can have passed its liveness probe; it has no startup probe
    post_start: str  # the lifecycle hook in words, "" for none
    pre_stop: str


class _Use(RowValues):
    """The CPU limit of a container, and how much of it the container uses."""

    cpu_limit: str = ""  # "" for none
    cpu_used: str = ""
    cpu_percent: int = UNKNOWN  # of the limit
    more_cpu: str = ""  # twice the limit


@probe(
    says="a row per container of the pods in question: its state, how its last run ended, its limits and probes",
    row=_Container,
    args={
        "events": ArgDeclaration(
            says="true: also what the kubelet's events say of a container since its last or present run began",
            fills={"true": keys_of(ContainerEvents)},
        ),
        "usage": ArgDeclaration(
            says="true: also, if events say that a probe timed out, what the container uses of its CPU limit",
            fills={"true": _Use.keys()},
        ),
    },
    permissions=(*READS_PODS, *READS_USE, *may("list", "events")),
)
async def read(look: Look) -> ProbeResult:
    """Read the containers of the pods in question, those in trouble first."""
    suspects = await pods_of(look)
    containers = [each for pod in suspects.pods for each in containers_in(pod)]
    containers.sort(key=lambda each: trouble_order(each, look.now))
    chosen = at_most(MOST_ROWS, containers, what="containers", says="were judged, those in trouble first")
    said = await _said(look, chosen) if look.args.get("events") else [{}] * len(chosen)
    if look.flag("usage"):
        said = await _with_use(look, chosen, said)
    rows = tuple(_row(look, *each) for each in zip(chosen, said, strict=False))
    return ProbeResult(rows=rows, missing=suspects.missing)


async def _said(look: Look, containers: Sequence[Container]) -> list[Mapping[str, Value]]:
    """Return what events say of each container; they are read for a few pods with one in trouble."""
    pods = list({place_of(each.pod): each.pod for each in containers if _is_in_trouble(each, look)}.values())
    found = await asyncio.gather(*(look.events_about(ref(pod, "Pod")) for pod in pods[:_MOST_PODS]))
    events = dict(zip(map(place_of, pods), found, strict=False))
    return [values_of(_events_of(each, events.get(place_of(each.pod), ()), look)) for each in containers]


async def _with_use(
    look: Look, containers: Sequence[Container], said: Sequence[Mapping[str, Value]]
) -> list[Mapping[str, Value]]:
    """Return what events say with the use of containers that answer a probe too late; it is read only for those."""
    late = [any(_TOO_LATE.search(str(value)) for value in each.values()) for each in said]
    homes = {namespace_of(each.pod) for each, is_late in zip(containers, late, strict=True) if is_late}
    with beside_the_verdict():
        measured = await measured_use(look, homes) if homes else {}
    found = (
        _use_of(each, measured.get(place_of(each.pod)) or {}) if is_late else _Use()
        for each, is_late in zip(containers, late, strict=True)
    )
    return [{**each, **use.values()} for each, use in zip(said, found, strict=True)]


def _use_of(container: Container, measured: Json) -> _Use:
    allowed = thousandths((((container.declared.get("resources") or {}).get("limits") or {}).get("cpu")) or 0)
    if not allowed:
        return _Use()
    used = [each for each in measured.get("containers") or () if each.get("name") == container.name]
    amount = thousandths((used[0].get("usage") or {}).get("cpu") or 0) if used else UNKNOWN
    return _Use(
        cpu_limit=cpu(allowed),
        cpu_used=cpu(amount) if used else "",
        cpu_percent=amount * 100 // allowed if used else UNKNOWN,
        more_cpu=cpu(2 * allowed),
    )


def _is_in_trouble(container: Container, look: Look) -> bool:
    run = container.ended(look.now)
    return not container.ready or (run is not None and UNKNOWN != run.finished_s <= _RECENT_S)


def _events_of(container: Container, oldest_first: Sequence[Json], look: Look) -> ContainerEvents:
    """Return the messages of events since the last run that ended began, or since the present first run did.

    The API server is told of repeated events with a delay: those of the run before count too if this one was killed.
    """
    run = container.ended(look.now)
    present = container.detail.get("startedAt") if container.state == "running" else None
    since = run.started_s if run else look.age_s(present)
    killed = run is not None and run.exit_code in _KILLED and run.reason != "OOMKilled"
    events = [
        event
        for event in reversed(oldest_first)
        if (seen := event_last_seen(event)) is not None
        and (
            since == UNKNOWN
            or (look.now - seen).total_seconds() <= since + (_BACK_OFF_S if killed and event_count(event) > 1 else 1)
        )
    ]
    return events_of(container.name, events, starting=starts_in_time(container, look.now))


def _row(look: Look, container: Container, said: Mapping[str, Value]) -> Row:
    pod, run, declared = container.pod, container.ended(look.now), container.declared
    limit = whole_or(((declared.get("resources") or {}).get("limits") or {}).get("memory"), 0)
    running_s = look.age_s(container.detail.get("startedAt")) if container.state == "running" else UNKNOWN
    failing, waits = _is_failing(container, run, running_s), container.state == "waiting"
    return _Container(
        of=container_values(container),
        phase=phase_of(pod),
        restart_policy=str(spec_of(pod).get("restartPolicy") or "Always"),
        init=container.init and declared.get("restartPolicy") != "Always",
        command=" ".join(map(str, (*(declared.get("command") or ()), *(declared.get("args") or ())))),
        ready=container.ready,
        running_s=running_s,
        exit_code=run.exit_code if run else -1,
        end_reason=run.reason if run else "",
        end_message=_end_message(container),
        ended_s=run.finished_s if run else UNKNOWN,
        ran_s=run.ran_s if run else UNKNOWN,
        previous=run is not None and container.state != "terminated",
        refusal=brief_refusal(runtime_refusal(container))[:_QUOTE] if failing or waits else "",
        start_error=start_error(_end_message(container)) if failing or waits else "",
        failing=failing,
        recovered=_failed_recently(run) and not failing,
        memory_limit=limit,
        more_memory=f"{-(-2 * limit // _MEBIBYTE)}Mi" if limit else "",
        ports=tuple(_port(each) for each in declared.get("ports") or ()),
        liveness=described(declared.get("livenessProbe")),
        liveness_port=port_of(declared.get("livenessProbe")),
        readiness=described(declared.get("readinessProbe")),
        readiness_port=port_of(declared.get("readinessProbe")),
        startup=described(declared.get("startupProbe")),
        startup_port=port_of(declared.get("startupProbe")),
        starts=bool(declared.get("startupProbe")) and starts_in_time(container, look.now),
        never_live=_never_live(container, run),
        post_start=hook(declared, "postStart"),
        pre_stop=hook(declared, "preStop"),
    ).row(
        ref(pod, "Pod"),
        quote=_quote(container, run),
        at=look.moment(run.finished_s) if run else None,
        more=said,
    )


def _never_live(container: Container, run: Run | None) -> bool:
    """Tell whether a run was stopped from outside within the time that its liveness probe gives for the first answer.

    One that had to be killed was stopped before, by its grace period.
    """
    if run is None or run.exit_code not in _KILLED or run.ran_s == UNKNOWN:
        return False
    grace = int(spec_of(container.pod).get("terminationGracePeriodSeconds") or _GRACE_S)
    stopped_s = run.ran_s - (grace if run.exit_code == _SIGKILL and run.ran_s > grace else 0)
    return stopped_s <= liveness_budget_s(container.declared)


def _end_message(container: Container) -> str:
    ended = container.detail if container.state == "terminated" else {}
    last = ended or container.last_end
    not_started = container.message if container.reason in NOT_STARTED else ""
    return str(last.get("message") or not_started)


def _failed_recently(run: Run | None) -> bool:
    return run is not None and run.exit_code != 0 and UNKNOWN != run.finished_s <= _RECENT_S


def _is_failing(container: Container, run: Run | None, running_s: int) -> bool:
    """Tell whether a container that ended is not well: it waits, ended for good, or has run again for a short time."""
    if run is None or not UNKNOWN != run.finished_s <= _RECENT_S:
        return False
    if container.state == "running":
        return container.restarts > 1 and UNKNOWN < running_s < _STABLE_S
    done = container.state == "terminated" and run.exit_code == 0
    return not done


def _port(port: Mapping[str, Any]) -> str:
    name = port.get("name")
    return f"{port.get('containerPort', '')}" + (f" ({name})" if name else "")


def _quote(container: Container, run: Run | None) -> str:
    """Return the state in kubectl's words, and how the last run ended."""
    now = ": ".join(filter(None, (container.state or "not started", container.reason, container.message)))
    ended = ""
    if run and container.state != "terminated":
        ended = f"; last run: {run.reason or 'ended'}, exit code {run.exit_code}"
    elif run:
        ended = f", exit code {run.exit_code}"
    return f"container {container.name} {now}{ended}, restarts {container.restarts}"[:_QUOTE]
