"""The containers of the pods in question: their state now, how their last run ended, and the user they run as.

A row per container, init containers and sidecars included; ephemeral ones are somebody's debugging, not the workload.
With `ended` only the containers whose last run ended within a window of time: many controllers that exit together did
not fail for different reasons, what they share failed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.cluster import owners
from bot.kube.containers import Container, Run, containers_in
from bot.kube.objects import created_at, name_of, namespace_of, place_of, ref, spec_of
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.holders import HEARTBEATS, Competition, suspects_of
from bot.probes.shared.log_lines import compile_pattern
from bot.probes.shared.scope import READS_PODS, ContainerValues, Suspects, container_values, pods_of
from intents.domain import ArgDeclaration, Json, ProbeResult, Row

_WINDOW_S: Final = 3600
# For so many pods the topmost owners are read.
_MOST_OWNED: Final = 20
# The kubelet's wording, newer and older (before 1.4).
_NAMED_USER: Final = re.compile(r"non-numeric user \((?P<user>[^)\s]{1,256})\)")


class _Container(RowValues):
    """A container, its state, and the user it runs as."""

    of: ContainerValues
    pod_age_s: int
    init: bool
    crash_looping: bool
    run_as_non_root: bool
    run_as_user: int
    image_user: str


class _Owner(RowValues):
    """The topmost owner of a pod with a waiting container."""

    top_kind: str = ""
    top_name: str = ""


class _End(RowValues):
    """How the last run of a container ended."""

    exit_code: int = -1
    end_reason: str = ""
    finished_s: int = UNKNOWN
    ran_s: int = UNKNOWN  # how long the run lasted


class _Competing(RowValues):
    """The lease that the workload of a container competes for."""

    holds_lease: bool
    lease: str


@probe(
    says="a row per container of the pods in question: its state, the user it runs as, and how its last run ended",
    row=_Container,
    args={
        "owners": ArgDeclaration(
            says="true: also the topmost owner of pods with a waiting container", fills={"true": _Owner.keys()}
        ),
        "ended": ArgDeclaration(
            says="true: only containers whose last run ended in a window around the last end of the pods in"
            " question, else before now",
            fills={"true": _End.keys()},
        ),
        "window_s": f"with `ended`: seconds on either side of that end, or before now; default {_WINDOW_S}",
        "exit_codes": "with `ended`: a list, only these exit codes",
        "among": "with `ended`: RE2 pattern; where the request names no object, only containers whose pod, name or"
        " image contains it",
        "everywhere": ArgDeclaration(
            says="true, with `ended`: all pods, and the leases they compete for; those in question only set the window",
            fills={"true": _Competing.keys()},
        ),
        "steady": "true, with `ended`: also containers that have never ended, with exit_code and finished_s -1",
    },
    permissions=(*READS_PODS, *owners.PERMISSIONS, *may("get list", "leases.coordination.k8s.io")),
)
async def read(look: Look) -> ProbeResult:
    """Read the containers of the pods in question, or those that ended."""
    return await _ended(look) if look.flag("ended") else await _all(look)


async def _all(look: Look) -> ProbeResult:
    suspects = await pods_of(look)
    tops = await _tops(look, suspects.pods) if look.flag("owners") else None
    rows = [_state_row(look, container, tops) for pod in suspects.pods for container in containers_in(pod)]
    return ProbeResult(rows=tuple(rows), missing=suspects.missing)


async def _tops(look: Look, pods: Sequence[Json]) -> dict[tuple[str, str], _Owner]:
    """Return the topmost owners of pods with a waiting container, by pod: those of healthy pods are not needed."""
    waiting = [pod for pod in pods if any(each.state == "waiting" for each in containers_in(pod))][:_MOST_OWNED]
    found = await asyncio.gather(*(look.topmost(pod) for pod in waiting))
    owners = (_Owner(top_kind=top.ref.kind, top_name=top.ref.name) for top in found)
    return dict(zip(map(place_of, waiting), owners, strict=True))


def _common(look: Look, container: Container) -> _Container:
    """Return what every row says of a container."""
    pod = container.pod
    security = (container.declared.get("securityContext") or {}, spec_of(pod).get("securityContext") or {})
    return _Container(
        of=container_values(container),
        pod_age_s=look.age_s(created_at(pod)),
        init=container.init,
        crash_looping=container.crash_looping(look.now),
        run_as_non_root=bool(_effective(security, "runAsNonRoot", False)),
        run_as_user=int(_effective(security, "runAsUser", -1)),
        image_user=_image_user(container.message),
    )


def _state_row(look: Look, container: Container, tops: Mapping[tuple[str, str], _Owner] | None) -> Row:
    pod, last = container.pod, container.last_end
    ended = container.detail if container.state == "terminated" else last
    texts = (container.message, container.reason, last.get("message"), last.get("reason"))
    return _common(look, container).row(
        ref(pod, "Pod"),
        quote=str(next(filter(None, texts), "")),
        reproduce=f"kubectl -n {namespace_of(pod)} get pod {name_of(pod)} -o jsonpath='{{.status}}'",
        at=look.moment(look.age_s(ended.get("finishedAt"))),
        lasts=not container.ready,
        more=None if tops is None else tops.get(place_of(pod), _Owner()).values(),
    )


def _effective(contexts: Sequence[Mapping[str, Any]], key: str, unset: Any) -> Any:
    """Return a security setting: a container's own wins over its pod's, explicit false and 0 included."""
    return next((context[key] for context in contexts if context.get(key) is not None), unset)


def _image_user(message: str) -> str:
    """Return the image's USER where the kubelet refuses it because it is a name; no API shows it otherwise."""
    refused = _NAMED_USER.search(message)
    return refused["user"] if refused else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The ends that count: those of these exit codes (empty: any), between two ages in seconds."""

    codes: frozenset[int]
    newest: float
    oldest: float
    steady: bool

    def holds(self, container: Container, run: Run | None) -> bool:
        if run is None:
            return self.steady and not container.init
        in_time = run.finished_s != UNKNOWN and self.newest <= run.finished_s <= self.oldest
        return in_time and (not self.codes or run.exit_code in self.codes)


async def _ended(look: Look) -> ProbeResult:
    among = compile_pattern(look.args.get("among"))
    suspects = await suspects_of(look)
    window = _window(look, suspects)
    pods, leases = suspects.pods, None
    if look.flag("everywhere"):
        pods, leases = await _everywhere(look, suspects.pods)
    rows = []
    for container in (each for pod in pods for each in containers_in(pod)):
        run = container.ended(look.now)
        meant = look.focus.names_object or among.search(container.described)
        if meant and window.holds(container, run):
            rows.append(_end_row(look, container, run, leases))
    rows.sort(key=_newest_first)
    return ProbeResult(rows=tuple(rows), missing=suspects.missing)


def _window(look: Look, suspects: Suspects) -> _Window:
    codes = frozenset(int(code) for code in look.args.get("exit_codes") or ())
    width = float(look.args.get("window_s") or _WINDOW_S)
    around = _last_end(look, suspects.pods, codes)
    return _Window(
        codes=codes,
        newest=0 if around == UNKNOWN else max(around - width, 0),
        oldest=width if around == UNKNOWN else around + width,
        steady=look.flag("steady"),
    )


def _last_end(look: Look, pods: Sequence[Json], codes: frozenset[int]) -> int:
    """Return the age of the last end of the pods that the request names, -1 where it names none."""
    if not (look.focus.names_object or look.named.get("lease")):
        return UNKNOWN
    runs = [run for pod in pods for each in containers_in(pod) if (run := each.ended(look.now))]
    ends = [run.finished_s for run in runs if run.finished_s != UNKNOWN and (not codes or run.exit_code in codes)]
    return min(ends, default=UNKNOWN)


async def _everywhere(look: Look, focused: tuple[Json, ...]) -> tuple[tuple[Json, ...], Competition]:
    """Return all pods and the leases they compete for; the focused pods where the others cannot be read."""
    pods, leases = await asyncio.gather(
        look.list("Pod"), look.list("Lease", fields=f"metadata.namespace!={HEARTBEATS}")
    )
    pods = pods or focused
    return pods, Competition(leases, pods)


def _end_row(look: Look, container: Container, run: Run | None, leases: Competition | None) -> Row:
    pod = container.pod
    ending = run.says if run else container.state or "not started"
    more = _end_of(run).values()
    if leases is not None:
        lease = leases.lease_of(pod)
        more |= _Competing(holds_lease=bool(lease), lease=lease).values()
    return _common(look, container).row(
        ref(pod, "Pod"),
        quote=f"{container.name}: {ending}, restartCount {container.restarts}",
        reproduce=f"kubectl -n {namespace_of(pod)} get pod {name_of(pod)} -o jsonpath='{{.status.containerStatuses}}'",
        at=look.moment(run.finished_s) if run else None,
        more=more,
    )


def _end_of(run: Run | None) -> _End:
    if run is None:
        return _End()
    return _End(exit_code=run.exit_code, end_reason=run.reason, finished_s=run.finished_s, ran_s=run.ran_s)


def _newest_first(row: Row) -> tuple[bool, int, str, str, str]:
    values = row.values
    finished = int(str(values["finished_s"]))
    return finished == UNKNOWN, finished, str(values["namespace"]), str(values["pod"]), str(values["container"])
