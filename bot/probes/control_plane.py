"""The components of the control plane: who leads by their Leases, and which of their pods are not ready.

A managed control plane shows no pods, but its Leases. An object in question is about a component if it is a pod or the
Lease of that, or waits for it: a pod that no scheduler has looked at, a workload whose controller has not seen it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from bot.kube.containers import containers_in
from bot.kube.health import is_behind
from bot.kube.objects import condition, labels_of, name_of, node_name_of, ref, spec_of, waits_for_scheduler
from bot.kube.pod_states import is_ready
from bot.kube.rollouts import REPLICATED
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, may, probe
from intents.domain import Json, ObjectRef, ProbeResult, Row

_HOME: Final = "kube-system"
# These elect a leader; the others serve side by side.
_LEADING: Final = ("kube-scheduler", "kube-controller-manager")
_COMPONENTS: Final = (*_LEADING, "kube-apiserver", "etcd")
_SELECTOR: Final = "tier=control-plane"
_DEFAULT_SCHEDULER: Final = "default-scheduler"
# Controllers look at a new object within seconds.
_SOON_S: Final = 60


class _Component(RowValues):
    """A component with its Lease, and the pod of it that is not ready the longest."""

    component: str
    lease_s: int  # since its leader renewed the Lease; -1 without one
    holder: str
    members: tuple[str, ...]  # its pods, as far as the cluster shows them
    down: tuple[str, ...]  # those that are not ready
    pod: str  # the one that is not ready the longest
    node: str
    why: str  # what its container waits for, or how it ended
    down_s: int
    pods: tuple[str, ...]  # namespace/name of the pod in question that waits for it


@probe(
    says="a row per component of the control plane in question: the age of its Lease, and its pods that are not ready",
    row=_Component,
    args={
        "whole": "true: all components, also where the object in question is a pod of one; of their Leases one"
        " in force",
    },
    permissions=(
        *may("get list", "pods"),
        *may("get", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps"),
        *may("get", "leases.coordination.k8s.io"),
    ),
)
async def read(look: Look) -> ProbeResult:
    """Read the Leases and pods of the components in question."""
    components, waiting = await _in_question(look)
    if not components:
        return ProbeResult(not_applicable=f"{look.focus} does not wait for the control plane")
    leading = [component for component in components if component in _LEADING]
    pods, leases = await asyncio.gather(
        look.list("Pod", namespace=_HOME, labels=_SELECTOR, what=f"pods of the control plane in {_HOME}"),
        _leases(look, leading),
    )
    rows = []
    for component in components:
        lease = leases.get(component)
        members = sorted((each for each in pods if labels_of(each).get("component") == component), key=name_of)
        if lease is not None or members:
            rows.append(_row(look, component, lease, members, waiting))
    return ProbeResult(rows=tuple(rows))


async def _in_question(look: Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the components in question, with the pod that waits for one. Raises ClusterError."""
    focus = look.focus
    if not focus.name:
        named = look.named.get("component", "")
        return (named,) if named in _COMPONENTS else _COMPONENTS, ()
    if focus.kind in ("Pod", "Lease", "") and focus.namespace in (_HOME, ""):
        mine = tuple(each for each in _COMPONENTS if focus.name == each or focus.name.startswith(f"{each}-"))
        if mine:
            return (_COMPONENTS if look.flag("whole") else mine), ()
    if look.flag("whole") or not focus.namespace or focus.kind not in {"Pod", *REPLICATED}:
        return (), ()
    obj = await look.snapshot.find(focus.kind, focus.name, namespace=focus.namespace)
    if obj is None or look.age_s(str(obj["metadata"].get("creationTimestamp") or "")) < _SOON_S:
        return (), ()
    if focus.kind == "Pod":
        return (("kube-scheduler",), (f"{focus.namespace}/{focus.name}",)) if _is_unseen(obj) else ((), ())
    return (("kube-controller-manager",), ()) if is_behind(obj) else ((), ())


def _is_unseen(pod: Json) -> bool:
    """Tell whether the default scheduler has to place a pod and has not looked at it."""
    ours = spec_of(pod).get("schedulerName") in (None, "", _DEFAULT_SCHEDULER)
    return ours and waits_for_scheduler(pod) and not condition(pod, "PodScheduled")


async def _leases(look: Look, components: Sequence[str]) -> Mapping[str, Json | None]:
    """Return the Leases of components. For `whole`, one in force tells that etcd takes writes: further ones do not."""
    if not look.flag("whole"):
        found = await asyncio.gather(*(look.find("Lease", component, namespace=_HOME) for component in components))
        return dict(zip(components, found, strict=True))
    leases: dict[str, Json | None] = {}
    for component in components:
        leases[component] = await look.find("Lease", component, namespace=_HOME)
        if _is_in_force(look, leases[component]):
            break
    return leases


def _is_in_force(look: Look, lease: Json | None) -> bool:
    """Tell whether a leader has renewed a Lease within the duration that the Lease itself names."""
    spec = spec_of(lease or {})
    return 0 <= look.age_s(spec.get("renewTime")) <= int(spec.get("leaseDurationSeconds") or 0)


def _row(look: Look, component: str, lease: Json | None, members: Sequence[Json], waiting: tuple[str, ...]) -> Row:
    spec = spec_of(lease or {})
    down = [each for each in members if not is_ready(each)]
    down.sort(key=lambda each: -look.since_s(each, "Ready"))
    worst = down[0] if down else None
    subject = ref(worst, "Pod") if worst else ObjectRef(kind="Lease", namespace=_HOME, name=component)
    return _Component(
        component=component,
        lease_s=look.age_s(spec.get("renewTime")) if lease else UNKNOWN,
        holder=str(spec.get("holderIdentity") or "").partition("_")[0],
        members=tuple(map(name_of, members)),
        down=tuple(map(name_of, down)),
        pod=name_of(worst) if worst else "",
        node=node_name_of(worst) if worst else "",
        why=_why(worst) if worst else "",
        down_s=look.since_s(worst, "Ready") if worst else UNKNOWN,
        pods=waiting,
    ).row(
        subject,
        quote=f"renewTime: {spec.get('renewTime', 'none')}, not ready: {', '.join(map(name_of, down)) or 'no pod'}",
        reproduce=f"kubectl -n {_HOME} get lease,pods",
    )


def _why(pod: Json) -> str:
    """Return what a container of the pod waits for, or how it ended."""
    for each in containers_in(pod):
        if not each.ready and each.reason:
            return f"{each.reason}, {each.restarts} restarts"
    return str(condition(pod, "Ready").get("reason") or "")
