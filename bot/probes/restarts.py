"""Which containers ended when, and whether they belong to a controller that competes for a lease.

Many controllers that exit together did not fail each for itself: what they share failed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.cluster.errors import ClusterError
from bot.kube.containers import Container, Run, containers_in
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s, moment
from bot.probes.shared.holders import HEARTBEATS, Competition, suspects_of
from bot.probes.shared.log_lines import BadPattern, compile_pattern
from bot.probes.shared.scope import READS_PODS, Suspects
from intents.domain import (
    ArgDeclaration,
    Gap,
    GapReason,
    Json,
    Permission,
    ProbeDeclaration,
    Reading,
    Row,
    RowType,
)

_WINDOW_S: Final = 3600

DECLARATION: Final = ProbeDeclaration(
    name="restarts",
    says="How containers last ended, in a window around the last end of the pods in question, else before now",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "container": RowType.STRING,
        "node": RowType.STRING,
        "exit_code": RowType.INTEGER,
        "reason": RowType.STRING,
        "finished_s": RowType.INTEGER,
        "ran_s": RowType.INTEGER,  # how long the run lasted
        "restarts": RowType.INTEGER,
        "state": RowType.STRING,
        "ready": RowType.BOOLEAN,
        "crash_looping": RowType.BOOLEAN,
        "pod_age_s": RowType.INTEGER,
        "holds_lease": RowType.BOOLEAN,  # with `everywhere`: its workload competes for a lease
        "lease": RowType.STRING,
        "control_plane": RowType.BOOLEAN,
    },
    args={
        "window_s": ArgDeclaration(says=f"seconds on either side of that end, or before now; default {_WINDOW_S}"),
        "exit_codes": ArgDeclaration(says="list: only these exit codes"),
        "among": ArgDeclaration(
            says="RE2 pattern: where the request names no object, only containers whose pod, name or image contains it"
        ),
        "everywhere": ArgDeclaration(
            says="true: all pods, with the leases they compete for; those in question only set the window"
        ),
        "steady": ArgDeclaration(says="true: also containers that have never ended, with exit_code and finished_s -1"),
    },
    permissions=(
        *READS_PODS,
        Permission(verb="get", group="coordination.k8s.io", resource="leases"),
        Permission(verb="list", group="coordination.k8s.io", resource="leases"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which ends count: those of these exit codes (empty: any), between two ages in seconds."""

    codes: frozenset[int]
    newest: float
    oldest: float
    steady: bool

    def takes(self, container: Container, run: Run | None) -> bool:
        if run is None:
            return self.steady and not container.init
        in_time = run.finished_s != UNKNOWN and self.newest <= run.finished_s <= self.oldest
        return in_time and (not self.codes or run.exit_code in self.codes)


async def read(look: Look) -> Reading:
    try:
        among = compile_pattern(look.args.get("among"))
    except BadPattern as error:
        return Reading(gaps=(Gap(what="restarts", reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    suspects = await suspects_of(look)
    wanted = _wanted(look, suspects)
    pods, leases, gaps = suspects.pods, Competition((), ()), suspects.gaps
    if look.flag("everywhere"):
        pods, leases, more = await _everywhere(look, suspects.pods)
        gaps += more
    rows = []
    for container in (each for pod in pods for each in containers_in(pod)):
        run = container.ended(look.now)
        meant = look.focus.names_object or among.search(container.described)
        if meant and wanted.takes(container, run):
            rows.append(_row(look, container, run, leases.lease_of(container.pod)))
    rows.sort(key=_newest_first)
    return Reading(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


def _wanted(look: Look, suspects: Suspects) -> _Wanted:
    codes = frozenset(int(code) for code in look.args.get("exit_codes") or ())
    width = float(look.args.get("window_s") or _WINDOW_S)
    runs = [run for pod in suspects.pods for each in containers_in(pod) if (run := each.ended(look.now))]
    ends = [run.finished_s for run in runs if run.finished_s != UNKNOWN and (not codes or run.exit_code in codes)]
    around = min(ends, default=UNKNOWN) if look.focus.names_object or look.named.get("lease") else UNKNOWN
    return _Wanted(
        codes=codes,
        newest=0 if around == UNKNOWN else max(around - width, 0),
        oldest=width if around == UNKNOWN else around + width,
        steady=look.flag("steady"),
    )


async def _everywhere(look: Look, focused: tuple[Json, ...]) -> tuple[tuple[Json, ...], Competition, tuple[Gap, ...]]:
    """All pods and the leases they compete for; the focused pods where the others cannot be read."""
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


def _row(look: Look, container: Container, run: Run | None, lease: str) -> Row:
    pod, owner = container.pod, owner_of(container.pod)
    namespace, name = namespace_of(pod), name_of(pod)
    metadata = pod.get("metadata") or {}
    tier = (metadata.get("labels") or {}).get("tier")
    ending = run.says if run else container.state or "not started"
    return Row(
        values={
            "namespace": namespace,
            "pod": name,
            "owner_kind": owner.kind,
            "owner": owner.name,
            "container": container.name,
            "node": str((pod.get("spec") or {}).get("nodeName") or ""),
            "exit_code": run.exit_code if run else -1,
            "reason": run.reason if run else "",
            "finished_s": run.finished_s if run else UNKNOWN,
            "ran_s": run.ran_s if run else UNKNOWN,
            "restarts": container.restarts,
            "state": container.state,
            "ready": container.ready,
            "crash_looping": container.crash_looping(look.now),
            "pod_age_s": age_s(look.snapshot, metadata.get("creationTimestamp")),
            "holds_lease": bool(lease),
            "lease": lease,
            "control_plane": owner.kind == "StaticPod" or tier == "control-plane",
        },
        subject=ref(pod, "Pod"),
        quote=f"{container.name}: {ending}, restartCount {container.restarts}",
        reproduce=f"kubectl -n {namespace} get pod {name} -o jsonpath='{{.status.containerStatuses}}'",
        at=moment(look.snapshot, run.finished_s) if run else None,
    )


def _newest_first(row: Row) -> tuple[bool, int, str, str, str]:
    values = row.values
    finished = int(str(values["finished_s"]))
    return finished == UNKNOWN, finished, str(values["namespace"]), str(values["pod"]), str(values["container"])


PROBE: Final = Probe(declaration=DECLARATION, read=read)
