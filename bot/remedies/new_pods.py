"""Say what a new pod does that fails: its exit code, and the line of its log that tells why.

A remedy that did not help is judged by the pods it created, not by those that are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.cluster.errors import ClusterError
from bot.cluster.snapshot import Snapshot
from bot.kube.containers import Container, containers_in, trouble_order
from bot.kube.log_failures import failure_in
from bot.kube.objects import name_of, namespace_of
from intents.domain import ObjectRef, Text
from intents.languages import quoted

# Pods whose containers are looked at; the first one that fails is described.
_MOST_PODS: Final = 3
_TAIL_LINES: Final = 400


async def what_fails(snapshot: Snapshot, pods: Sequence[ObjectRef]) -> Text | None:
    """Return how the first of the new pods fails that exits with an error; None if none of them does."""
    for one in pods[:_MOST_PODS]:
        try:
            pod = await snapshot.find("Pod", one.name, namespace=one.namespace)
        except ClusterError:
            continue
        for container in sorted(containers_in(pod or {}), key=lambda each: trouble_order(each, snapshot.now)):
            if (said := await _exit_of(snapshot, container)) is not None:
                return said
    return None


async def _exit_of(snapshot: Snapshot, container: Container) -> Text | None:
    """Return exit code and telling line of a container that is not ready after a failed run."""
    run = container.ended(snapshot.now)
    if container.ready or run is None or run.exit_code in (0, -1):
        return None
    try:
        log = await snapshot.log(
            namespace=namespace_of(container.pod),
            pod=name_of(container.pod),
            container=container.name,
            previous=not run.current,
            tail_lines=_TAIL_LINES,
        )
    except ClusterError:
        log = ""
    failure = failure_in(log)
    # The kubelet's reason "Error" says no more than the exit code.
    line = quoted(failure.says) if failure else run.reason if run.reason != "Error" else ""
    name = name_of(container.pod)
    return Text(
        en=f"{name} now exits {run.exit_code}" + (f": {line}" if line else ""),
        zh=f"{name} 现在以退出码 {run.exit_code} 退出" + (f"：{line}" if line else ""),
    )
