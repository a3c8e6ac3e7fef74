"""What the containers of the focused pods do now, did last, and as whom they are to run.

One row per container, init containers and sidecars included; ephemeral ones are somebody's debugging, not the workload.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.cluster.owners import PERMISSIONS, Top, topmost
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, containers_in
from bot.kube.objects import name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s, moment
from bot.probes.shared.scope import READS_PODS, pods_of
from intents.domain import ArgDeclaration, Json, ProbeDeclaration, Reading, Row, RowType

# A restart longer ago than this is no trouble of today.
_RECENT_S: Final = 86_400
# Whose owners are read at most.
_MOST_OWNED: Final = 20
# As the kubelet says it, newer and older (before 1.4).
_NAMED_USER: Final = re.compile(r"non-numeric user \((?P<user>[^)\s]{1,256})\)")

DECLARATION: Final = ProbeDeclaration(
    name="containers",
    says="The state of each container of the pods in question, and the user it runs as",
    rows={
        "namespace": RowType.STRING,
        "pod": RowType.STRING,
        "pod_phase": RowType.STRING,
        "owner_kind": RowType.STRING,
        "owner": RowType.STRING,
        "top_kind": RowType.STRING,
        "top_name": RowType.STRING,
        "node": RowType.STRING,
        "container": RowType.STRING,
        "init": RowType.BOOLEAN,
        "image": RowType.STRING,
        "ready": RowType.BOOLEAN,
        "state": RowType.STRING,
        "reason": RowType.STRING,
        "message": RowType.STRING,
        "exit_code": RowType.INTEGER,
        "restarts": RowType.INTEGER,
        "state_age_s": RowType.INTEGER,
        "last_reason": RowType.STRING,
        "last_exit_code": RowType.INTEGER,
        "last_message": RowType.STRING,
        "last_finished_s": RowType.INTEGER,
        "last_started_s": RowType.INTEGER,
        "run_as_non_root": RowType.BOOLEAN,
        "run_as_user": RowType.INTEGER,
        "image_user": RowType.STRING,
    },
    args={
        "troubled": ArgDeclaration(says="true: only containers that are not ready or restarted within 24 h"),
        "owners": ArgDeclaration(says="true: fill top_kind and top_name for pods with a waiting container"),
    },
    permissions=tuple(
        dict.fromkeys(
            (
                *READS_PODS,
                *PERMISSIONS,
            )
        )
    ),
)


async def read(look: Look) -> Reading:
    suspects = await pods_of(look)
    tops = await _tops(look.snapshot, suspects.pods) if look.flag("owners") else {}
    rows = [
        _row(look.snapshot, container, tops.get(_key(pod))) for pod in suspects.pods for container in containers_in(pod)
    ]
    if look.flag("troubled"):
        rows = [row for row in rows if _is_troubled(row.values)]
    gaps = (*suspects.gaps, *(top.gap for _, top in sorted(tops.items()) if top.gap))
    return Reading(rows=tuple(rows), gaps=tuple(dict.fromkeys(gaps)), missing=suspects.missing)


async def _tops(snapshot: Snapshot, pods: Sequence[Json]) -> dict[tuple[str, str], Top]:
    """The topmost owners of pods with a waiting container, by pod: of healthy ones nobody asks."""
    waiting = [pod for pod in pods if any(each.state == "waiting" for each in containers_in(pod))][:_MOST_OWNED]
    found = await asyncio.gather(*(topmost(snapshot, pod) for pod in waiting))
    return {_key(pod): top for pod, top in zip(waiting, found, strict=True)}


def _key(pod: Json) -> tuple[str, str]:
    return namespace_of(pod), name_of(pod)


def _row(snapshot: Snapshot, container: Container, top: Top | None) -> Row:
    pod, kind, state = container.pod, container.state, container.detail
    namespace, name, owner = namespace_of(pod), name_of(pod), owner_of(pod)
    last = (container.status.get("lastState") or {}).get("terminated") or {}
    spec = pod.get("spec") or {}
    pod_security, security = spec.get("securityContext") or {}, _declared(spec, container).get("securityContext") or {}
    finished_s = age_s(snapshot, (state if kind == "terminated" else last).get("finishedAt"))
    return Row(
        values={
            "namespace": namespace,
            "pod": name,
            "pod_phase": str((pod.get("status") or {}).get("phase", "")),
            "owner_kind": owner.kind,
            "owner": owner.name,
            "top_kind": top.ref.kind if top else "",
            "top_name": top.ref.name if top else "",
            "node": str(spec.get("nodeName", "")),
            "container": container.name,
            "init": container.init,
            "image": container.image,
            "ready": container.ready,
            "state": kind,
            "reason": str(state.get("reason", "")),
            "message": str(state.get("message", "")),
            "exit_code": int(state.get("exitCode", -1)),
            "restarts": container.restarts,
            "state_age_s": age_s(snapshot, state.get("startedAt") if kind == "running" else state.get("finishedAt")),
            "last_reason": str(last.get("reason", "")),
            "last_exit_code": int(last.get("exitCode", -1)),
            "last_message": str(last.get("message", "")),
            "last_finished_s": age_s(snapshot, last.get("finishedAt")),
            "last_started_s": age_s(snapshot, last.get("startedAt")),
            "run_as_non_root": bool(_effective(security, pod_security, "runAsNonRoot", False)),
            "run_as_user": int(_effective(security, pod_security, "runAsUser", -1)),
            "image_user": _image_user(str(state.get("message", ""))),
        },
        subject=ref(pod, "Pod"),
        quote=str(state.get("message") or state.get("reason") or last.get("message") or last.get("reason") or ""),
        reproduce=f"kubectl -n {namespace} get pod {name} -o jsonpath='{{.status}}'",
        at=moment(snapshot, finished_s),
        lasts=not container.ready,
    )


def _declared(spec: Mapping[str, Any], container: Container) -> Mapping[str, Any]:
    declared = spec.get("initContainers" if container.init else "containers") or ()
    return next((each for each in declared if each.get("name") == container.name), {})


def _effective(container: Mapping[str, Any], pod: Mapping[str, Any], key: str, unset: Any) -> Any:
    """A container's own security setting wins over its pod's, explicit false and 0 included."""
    for context in (container, pod):
        if context.get(key) is not None:
            return context[key]
    return unset


def _image_user(message: str) -> str:
    """The name an image's USER has, where the kubelet refuses it for being a name; no API tells it otherwise."""
    refused = _NAMED_USER.search(message)
    return refused["user"] if refused else ""


def _is_troubled(row: Mapping[str, Any]) -> bool:
    if row["state"] == "terminated" and row["exit_code"] == 0 and (row["init"] or row["pod_phase"] == "Succeeded"):
        return False
    restarted = row["restarts"] > 0 and row["last_finished_s"] != UNKNOWN and row["last_finished_s"] <= _RECENT_S
    return not row["ready"] or restarted


PROBE: Final = Probe(declaration=DECLARATION, read=read)
