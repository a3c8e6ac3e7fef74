"""The agents of nodes and their pods: DaemonSets found by name or image, and the static pods that some clusters use.

A node where the DaemonSet should run and has no pod counts as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.cluster.access import collect_gaps, record_gap
from bot.kube.agents import traits, wants
from bot.kube.containers import Container, containers_in, template_containers, trouble_order
from bot.kube.objects import (
    condition,
    created_at,
    grouped,
    is_terminating,
    label_selector,
    name_of,
    named_ref,
    namespace_of,
    place_of,
    spec_of,
    status_of,
)
from bot.kube.owners import workload_of
from bot.kube.pod_states import changed_at, is_ready, wanted_node
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, at_most
from bot.probes.shared.log_lines import Line, logs_of, matches_in
from intents.domain import Json, ObjectRef

MOST_AGENTS: Final = 6
STARTING: Final = "starting"
NOT_READY: Final = "not ready"
CRASH_LOOPING: Final = "crash-looping"
MISSING: Final = "missing"
# Where static pods of node agents live (GKE's kube-proxy).
_SYSTEM: Final = "kube-system"
# A pod may take so long to become ready, and a new node to get its pods, before that counts as trouble.
_SETTLING_S: Final = 120
_NEW_NODE_S: Final = 300


class AgentRow(RowValues):
    """An agent on a node: what every row has."""

    node: str
    ok: bool
    restarts: int
    line: str  # the newest matching log line
    ok_nodes: int  # of the same agent
    bad_nodes: int
    kernel: str
    os_image: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An agent on one node; `pod` is None where it should have one and has not."""

    node: str
    pod: Json | None = None
    trouble: str = ""
    why: str = ""
    restarts: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether the agent works on the node."""
        return not self.trouble

    @property
    def is_broken(self) -> bool:
        """Tell whether the agent is in trouble on the node, and not only starting."""
        return self.trouble not in ("", STARTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A DaemonSet, or static pods of one name, on the nodes."""

    ref: ObjectRef
    image: str
    placed: tuple[Placed, ...]

    @property
    def version(self) -> str:
        """Return the image's tag; "" where it is pinned by a digest alone."""
        name = self.image.rsplit("/", 1)[-1].partition("@")[0]
        return name.partition(":")[2]


async def agents_of(look: Look, among: Any, nodes: Mapping[str, Json]) -> tuple[Agent, ...]:
    """Return the agents whose name and images contain the pattern; static pods only where no DaemonSet does."""
    listed = await look.readable("DaemonSet")
    if listed is None:
        return ()
    found = sorted((each for each in listed if among.search(_described(each))), key=place_of)
    chosen = at_most(MOST_AGENTS, found, what="all matching DaemonSets", says="were looked at")
    read: Awaitable[list[Agent]] = (
        asyncio.gather(*(_of_daemonset(look, each, nodes) for each in chosen)) if found else _static(look, among)
    )
    agents = await look.unless_refused(read, (), what="the pods of node agents")
    return tuple(each for each in agents if each.placed)


def _described(daemonset: Json) -> str:
    images = (str(each.get("image") or "") for each in template_containers(daemonset))
    return " ".join((name_of(daemonset), *images))


async def _of_daemonset(look: Look, daemonset: Json, nodes: Mapping[str, Json]) -> Agent:
    """Return a DaemonSet on its nodes. Raises ClusterError."""
    namespace = namespace_of(daemonset)
    labels = (spec_of(daemonset).get("selector") or {}).get("matchLabels") or {}
    listing = await look.snapshot.list("Pod", namespace=namespace, labels=label_selector(labels))
    owner = named_ref(daemonset, "DaemonSet")
    by_node = _by_node([pod for pod in listing.items if workload_of(pod) == owner])
    # Where only a part of the pods was listed, a pod that is not among them is not missing.
    wanted = set() if listing.truncated else {name for name, node in nodes.items() if wants(daemonset, node)}
    image = next((str(each.get("image") or "") for each in template_containers(daemonset)), "")
    placed = (
        placed_on(look, node, by_node[node]) if node in by_node else _absent(look, node, nodes[node])
        for node in sorted({*by_node, *wanted})
    )
    return Agent(ref=owner, image=image, placed=tuple(placed))


async def _static(look: Look, among: Any) -> list[Agent]:
    """Return the static pods that match, by their names without the node's. Raises ClusterError."""
    listing = await look.snapshot.list("Pod", namespace=_SYSTEM)

    def is_meant(pod: Json) -> bool:
        owner, images = workload_of(pod), (each.image for each in containers_in(pod))
        return owner.kind == "StaticPod" and among.search(" ".join((owner.name, *images))) is not None

    by_name = grouped(filter(is_meant, listing.items), workload_of)
    return [
        Agent(
            ref=owner,
            image=next((each.image for each in containers_in(pods[0]) if not each.init), ""),
            placed=tuple(placed_on(look, node, pod) for node, pod in sorted(_by_node(pods).items())),
        )
        for owner, pods in sorted(by_name.items())
    ]


def _by_node(pods: Sequence[Json]) -> dict[str, Json]:
    """Return the pod of each node: of several the ready one, else the newest. Pods being deleted do not count."""
    found: dict[str, Json] = {}
    for pod in sorted(pods, key=lambda each: (is_ready(each), created_at(each))):
        if not is_terminating(pod) and (node := wanted_node(pod)):
            found[node] = pod
    return found


def _absent(look: Look, name: str, node: Json) -> Placed:
    age = look.age_s(created_at(node))
    new = UNKNOWN < age < _NEW_NODE_S
    return Placed(node=name, trouble=STARTING if new else MISSING, why="the node has no pod of it")


def placed_on(look: Look, node: str, pod: Json) -> Placed:
    """Return an agent on the node of its pod."""
    containers = sorted(containers_in(pod), key=lambda each: trouble_order(each, look.now))
    looping = any(each.crash_looping(look.now) for each in containers)
    restarts = max((each.restarts for each in containers), default=0)
    if is_ready(pod) and not looping:
        return Placed(node=node, pod=pod, restarts=restarts)
    since_s = look.age_s(changed_at(pod))
    starting = UNKNOWN < since_s < _SETTLING_S
    word = CRASH_LOOPING if looping else STARTING if starting else NOT_READY
    return Placed(node=node, pod=pod, trouble=word, why=_why(look, pod, containers), restarts=restarts)


def _why(look: Look, pod: Json, containers: Sequence[Container]) -> str:
    """Return what the status says of the container in the worst trouble."""
    if trouble := next(filter(None, (_container_trouble(each, look.now) for each in containers)), ""):
        return trouble
    ready = condition(pod, "Ready")
    return str(ready.get("message") or ready.get("reason") or status_of(pod).get("reason") or "not ready")


def _container_trouble(container: Container, now: datetime) -> str:
    ended = container.ended(now)
    if container.state == "waiting" and container.reason:
        state = f"{container.reason}: {container.message}" if container.message else container.reason
        return f"{container.name}: {state}; {ended.says}" if ended else f"{container.name}: {state}"
    if ended and ended.exit_code != 0 and not container.ready:
        return f"{container.name}: {ended.says}"
    return ""


async def newest_lines(
    look: Look, pod: Json, pattern: Any, *, which: str = "both", since_s: float = 0
) -> Sequence[Line]:
    """Return the newest matching line of each log of a pod. An unreadable log is a gap if no other has such a line."""
    containers = sorted(containers_in(pod), key=lambda each: trouble_order(each, look.now))
    logs = [log for each in containers for log in logs_of(each, look.snapshot, which=which)]
    with collect_gaps() as gaps:
        found = await asyncio.gather(
            *(matches_in(log, look.snapshot, pattern, since_s=since_s, most=1) for log in logs)
        )
    lines = [line for each in found for line in each]
    for gap in gaps if not lines else ():
        record_gap(gap)
    return lines


def agent_row(placed: Placed, node: Json, *, line: Line | None = None, good: int = 0, bad: int = 0) -> AgentRow:
    """Return what every row has of a node, and of the agent on it."""
    is_a = traits(node)
    return AgentRow(
        node=placed.node,
        ok=placed.ok,
        restarts=placed.restarts,
        line=line.text if line else "",
        ok_nodes=good,
        bad_nodes=bad,
        kernel=is_a["kernel"],
        os_image=is_a["os_image"],
    )
