"""The PD, TiKV and TiDB pods of TiDB Operator: which keep failing, and which stay up for a look inside.

Their start script reads the pod's annotations: with runmode=debug it starts nothing and waits.
"""

from __future__ import annotations

from typing import Final

from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.objects import annotations_of, name_of, namespace_of, ref
from bot.kube.owners import owner_of
from bot.kube.tidb_clusters import component_of, reads_annotations
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, at_most, probe
from bot.probes.shared.scope import READS_PODS, Suspects, pods_of
from intents.domain import Json, ProbeResult, Row
from intents.templates import counted

RUNMODE: Final = "runmode"
_DEBUG: Final = "debug"
_MOST_PODS: Final = 50
# Objects of other kinds have no pods of PD, TiKV or TiDB.
_KINDS: Final = frozenset({"", "Pod", "StatefulSet", "TidbCluster"})


class _Pod(RowValues):
    of_subject = ("namespace", "pod")

    container: str  # that of the component itself
    crash_looping: bool
    running: bool
    running_s: int
    restarts: int
    annotated: bool  # with runmode=debug
    sees_annotations: bool  # its start script can read them


@probe(
    says="a row per PD, TiKV or TiDB pod in question: does it keep failing, is it told to start in diagnostic mode",
    row=_Pod,
    permissions=READS_PODS,
)
async def read(look: Look) -> ProbeResult:
    """Read the pods in question; not applicable where none is of PD, TiKV or TiDB."""
    if look.focus.name and look.focus.kind not in _KINDS:
        return ProbeResult(not_applicable=f"{look.focus} is no pod of PD, TiKV or TiDB")
    suspects = await _of_a_cluster(look) if look.focus.kind == "TidbCluster" else await pods_of(look)
    found = [each for pod in suspects.pods if (each := _main(component_of(pod), pod)) is not None]
    if not found and not suspects.missing:
        return ProbeResult(not_applicable=f"no pod of PD, TiKV or TiDB in {look.focus}")
    found.sort(key=lambda each: trouble_order(each, look.now))
    chosen = at_most(_MOST_PODS, found, what="all pods of PD, TiKV and TiDB", says="pods were looked at")
    return ProbeResult(rows=tuple(_row(look, each) for each in chosen), missing=suspects.missing)


async def _of_a_cluster(look: Look) -> Suspects:
    """Return the pods of a TidbCluster: the operator names its StatefulSets after the cluster and the component."""
    focus = look.focus
    pods = await look.list("Pod", namespace=focus.namespace)
    return Suspects(pods=tuple(pod for pod in pods if owner_of(pod).name == f"{focus.name}-{component_of(pod)}"))


def _main(component: str, pod: Json) -> Container | None:
    """Return the container of the component itself; others beside it tail its logs."""
    return next((each for each in containers_in(pod) if component and each.name == component), None)


def _row(look: Look, container: Container) -> Row:
    pod = container.pod
    namespace, name = namespace_of(pod), name_of(pod)
    annotated = annotations_of(pod).get(RUNMODE) == _DEBUG
    running = container.state == "running"
    state = container.reason or container.state
    return _Pod(
        container=container.name,
        crash_looping=container.crash_looping(look.now),
        running=running,
        running_s=look.age_s(container.detail.get("startedAt")) if running else UNKNOWN,
        restarts=container.restarts,
        annotated=annotated,
        sees_annotations=reads_annotations(pod),
    ).row(
        ref(pod, "Pod"),
        quote=f"{name}: {state}, {counted(container.restarts, 'restarts')}"
        + (f", {RUNMODE}: {_DEBUG}" if annotated else ""),
        reproduce=f"kubectl -n {namespace} get pod {name} -o wide",
    )
