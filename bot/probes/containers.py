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
from bot.cluster.errors import ClusterError
from bot.cluster.owners import Top, topmost
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, Run, containers_in
from bot.kube.objects import (
    created_at,
    name_of,
    namespace_of,
    node_name_of,
    phase_of,
    place_of,
    ref,
    spec_of,
)
from bot.kube.owners import owner_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s, moment
from bot.probes.shared.holders import HEARTBEATS, Competition, suspects_of
from bot.probes.shared.log_lines import BadPattern, compile_pattern
from bot.probes.shared.scope import READS_PODS, Suspects, pods_of
from intents.domain import (
    ArgDeclaration,
    Gap,
    GapReason,
    Json,
    Permission,
    ProbeDeclaration,
    ProbeResult,
    Row,
    RowType,
    Value,
)

# A restart longer ago than this is no trouble of today.
_RECENT_S: Final = 86_400
_WINDOW_S: Final = 3600
# For so many pods the topmost owners are read.
_MOST_OWNED: Final = 20
# The kubelet's wording, newer and older (before 1.4).
_NAMED_USER: Final = re.compile(r"non-numeric user \((?P<user>[^)\s]{1,256})\)")

_TOP: Final = {"top_kind": RowType.STRING, "top_name": RowType.STRING}
_LEASE: Final = {"holds_lease": RowType.BOOLEAN, "lease": RowType.STRING}

DECLARATION: Final = ProbeDeclaration(
    name="containers",
    says="a row per container of the pods in question: its state, the user it runs as, and how its last run ended",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "pod_age_s": RowType.INTEGER,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "node": RowType.STRING,
        "container": RowType.STRING,
        "init": RowType.BOOLEAN,
        "image": RowType.STRING,
        "state": RowType.STRING,  # waiting, running, terminated; "" before the kubelet reports one
        "reason": RowType.STRING,  # of the state
        "message": RowType.STRING,
        "restarts": RowType.INTEGER,
        "crash_looping": RowType.BOOLEAN,
        "run_as_non_root": RowType.BOOLEAN,
        "run_as_user": RowType.INTEGER,
        "image_user": RowType.STRING,
    },
    args={
        "troubled": ArgDeclaration(says="true: only containers that are not ready or restarted within 24 h"),
        "owners": ArgDeclaration(
            says="true: also the topmost owner of pods with a waiting container", fills={"true": _TOP}
        ),
        "ended": ArgDeclaration(
            says="true: only containers whose last run ended in a window around the last end of the pods in question,"
            " else before now",
            fills={
                "true": {
                    "exit_code": RowType.INTEGER,
                    "end_reason": RowType.STRING,
                    "finished_s": RowType.INTEGER,
                    "ran_s": RowType.INTEGER,  # how long the run lasted
                }
            },
        ),
        "window_s": ArgDeclaration(
            says=f"with `ended`: seconds on either side of that end, or before now; default {_WINDOW_S}"
        ),
        "exit_codes": ArgDeclaration(says="with `ended`: a list, only these exit codes"),
        "among": ArgDeclaration(
            says="with `ended`: RE2 pattern; where the request names no object, only containers whose pod, name or"
            " image contains it"
        ),
        "everywhere": ArgDeclaration(
            says="true, with `ended`: all pods, and the leases they compete for; those in question only set the window",
            fills={"true": _LEASE},
        ),
        "steady": ArgDeclaration(
            says="true, with `ended`: also containers that have never ended, with exit_code and finished_s -1"
        ),
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                *owners.PERMISSIONS,
                Permission(verb="get", group="coordination.k8s.io", resource="leases"),
                Permission(verb="list", group="coordination.k8s.io", resource="leases"),
            )
        )
    ),
)


async def read(look: Look) -> ProbeResult:
    """Read the containers of the pods in question, or those that ended."""
    return await _ended(look) if look.flag("ended") else await _all(look)


async def _all(look: Look) -> ProbeResult:
    suspects = await pods_of(look)
    tops = await _tops(look.snapshot, suspects.pods) if look.flag("owners") else {}
    rows = [
        _state_row(look, container, tops.get(place_of(pod)))
        for pod in suspects.pods
        for container in containers_in(pod)
        if not look.flag("troubled") or _is_troubled(look, container)
    ]
    gaps = (*suspects.gaps, *(top.gap for _, top in sorted(tops.items()) if top.gap))
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


async def _tops(snapshot: Snapshot, pods: Sequence[Json]) -> dict[tuple[str, str], Top]:
    """Return the topmost owners of pods with a waiting container, by pod: those of healthy pods are not needed."""
    waiting = [pod for pod in pods if any(each.state == "waiting" for each in containers_in(pod))][:_MOST_OWNED]
    found = await asyncio.gather(*(topmost(snapshot, pod) for pod in waiting))
    return {place_of(pod): top for pod, top in zip(waiting, found, strict=True)}


def _common(look: Look, container: Container) -> dict[str, Value]:
    """Return what every row says of a container."""
    pod, owner = container.pod, owner_of(container.pod)
    security = (_declared(container).get("securityContext") or {}, spec_of(pod).get("securityContext") or {})
    return {
        "namespace": namespace_of(pod),
        "pod": name_of(pod),
        "pod_age_s": age_s(look.snapshot, created_at(pod)),
        "owner_kind": owner.kind,
        "owner": owner.name,
        "node": node_name_of(pod),
        "container": container.name,
        "init": container.init,
        "image": container.image,
        "state": container.state,
        "reason": container.reason,
        "message": container.message,
        "restarts": container.restarts,
        "crash_looping": container.crash_looping(look.now),
        "run_as_non_root": bool(_effective(security, "runAsNonRoot", False)),
        "run_as_user": int(_effective(security, "runAsUser", -1)),
        "image_user": _image_user(container.message),
    }


def _state_row(look: Look, container: Container, top: Top | None) -> Row:
    pod, state = container.pod, container.detail
    last = _last(container)
    finished_s = age_s(look.snapshot, (state if container.state == "terminated" else last).get("finishedAt"))
    texts = (container.message, container.reason, last.get("message"), last.get("reason"))
    return Row(
        values={
            **_common(look, container),
            **_of_owner(look, top),
        },
        subject=ref(pod, "Pod"),
        quote=str(next(filter(None, texts), "")),
        reproduce=f"kubectl -n {namespace_of(pod)} get pod {name_of(pod)} -o jsonpath='{{.status}}'",
        at=moment(look.snapshot, finished_s),
        lasts=not container.ready,
    )


def _of_owner(look: Look, top: Top | None) -> dict[str, Value]:
    if not look.flag("owners"):
        return {}
    return {"top_kind": top.ref.kind if top else "", "top_name": top.ref.name if top else ""}


def _last(container: Container) -> Mapping[str, Any]:
    """Return how the run before this one ended."""
    return (container.status.get("lastState") or {}).get("terminated") or {}


def _declared(container: Container) -> Mapping[str, Any]:
    declared = spec_of(container.pod).get("initContainers" if container.init else "containers") or ()
    return next((each for each in declared if each.get("name") == container.name), {})


def _effective(contexts: Sequence[Mapping[str, Any]], key: str, unset: Any) -> Any:
    """Return a security setting: a container's own wins over its pod's, explicit false and 0 included."""
    return next((context[key] for context in contexts if context.get(key) is not None), unset)


def _image_user(message: str) -> str:
    """Return the image's USER where the kubelet refuses it because it is a name; no API shows it otherwise."""
    refused = _NAMED_USER.search(message)
    return refused["user"] if refused else ""


def _is_troubled(look: Look, container: Container) -> bool:
    succeeded = container.state == "terminated" and container.detail.get("exitCode") == 0
    if succeeded and (container.init or phase_of(container.pod) == "Succeeded"):
        return False
    last_s = age_s(look.snapshot, _last(container).get("finishedAt"))
    restarted = container.restarts > 0 and last_s != UNKNOWN and last_s <= _RECENT_S
    return not container.ready or restarted


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
    try:
        among = compile_pattern(look.args.get("among"))
    except BadPattern as error:
        return ProbeResult(gaps=(Gap(what="restarts", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    suspects = await suspects_of(look)
    window = _window(look, suspects)
    pods, leases, gaps = suspects.pods, Competition((), ()), suspects.gaps
    if look.flag("everywhere"):
        pods, leases, more = await _everywhere(look, suspects.pods)
        gaps += more
    rows = []
    for container in (each for pod in pods for each in containers_in(pod)):
        run = container.ended(look.now)
        meant = look.focus.names_object or among.search(container.described)
        if meant and window.holds(container, run):
            rows.append(_end_row(look, container, run, leases.lease_of(container.pod)))
    rows.sort(key=_newest_first)
    return ProbeResult(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


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


async def _everywhere(look: Look, focused: tuple[Json, ...]) -> tuple[tuple[Json, ...], Competition, tuple[Gap, ...]]:
    """Return all pods and the leases they compete for; the focused pods where the others cannot be read."""
    (pods, no_pods), (leases, no_leases) = await asyncio.gather(
        _listed(look, "Pod"), _listed(look, "Lease", fields=f"metadata.namespace!={HEARTBEATS}")
    )
    pods = pods or focused
    return pods, Competition(leases, pods), (*no_pods, *no_leases)


async def _listed(look: Look, kind: str, fields: str = "") -> tuple[tuple[Json, ...], tuple[Gap, ...]]:
    try:
        listing = await look.snapshot.list(kind, fields=fields)
    except ClusterError as error:
        return (), (error.gap(),)
    gap = listing.gap(f"all {kind}s")
    return listing.items, (gap,) if gap else ()


def _end_row(look: Look, container: Container, run: Run | None, lease: str) -> Row:
    pod = container.pod
    ending = run.says if run else container.state or "not started"
    return Row(
        values={
            **_common(look, container),
            "exit_code": run.exit_code if run else -1,
            "end_reason": run.reason if run else "",
            "finished_s": run.finished_s if run else UNKNOWN,
            "ran_s": run.ran_s if run else UNKNOWN,
            **({"holds_lease": bool(lease), "lease": lease} if look.flag("everywhere") else {}),
        },
        subject=ref(pod, "Pod"),
        quote=f"{container.name}: {ending}, restartCount {container.restarts}",
        reproduce=f"kubectl -n {namespace_of(pod)} get pod {name_of(pod)} -o jsonpath='{{.status.containerStatuses}}'",
        at=moment(look.snapshot, run.finished_s) if run else None,
    )


def _newest_first(row: Row) -> tuple[bool, int, str, str, str]:
    values = row.values
    finished = int(str(values["finished_s"]))
    return finished == UNKNOWN, finished, str(values["namespace"]), str(values["pod"]), str(values["container"])


PROBE: Final = Probe(declaration=DECLARATION, read=read)
