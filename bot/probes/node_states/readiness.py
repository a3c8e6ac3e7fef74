"""Read why nodes are not ready: the kubelet's words or its silence, their pods, and other nodes at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.kube.agents import traits
from bot.kube.node_readiness import JOINING_S, failed_together, failure_of, is_joining, shared_zone, status_of_ready
from bot.kube.objects import condition, created_at, full_name, is_terminating, name_of, ref, spec_of
from bot.kube.placement import is_cordoned
from bot.kube.timestamps import UNKNOWN
from bot.probes.contract import Look, RowValues, probe
from bot.probes.node_states.questioned import MOST_PODS, MOST_READ, NodeState, nodes_of, pods_on
from bot.probes.shared.holders import HEARTBEATS
from intents.domain import Json, ProbeResult, Row

# A node that became ready within this time was in trouble lately, unless it joined then.
_LATELY_S: Final = 24 * 3600


class Readiness(RowValues):
    """Why a node is not ready, and what is lost with it."""

    ready: str  # True, False or Unknown
    joining: bool  # it joined the cluster within five minutes and has never been ready
    failure: str  # silent, network, runtime, pleg, shutdown, storage, other; "" for a ready node
    lease_s: int  # since its kubelet renewed its lease; -1 where not read
    zone: str
    others: tuple[str, ...]  # other nodes that became not ready within ten minutes of it
    shared_zone: str  # the zone of all of these, where nodes of other zones are ready
    lost: int  # its pods that are not ready; -1 where not read
    terminating: int  # of these, the pods that wait for its kubelet to end
    recovered_s: int  # since it is ready again, if that is less than a day; -1 otherwise


@probe(
    says="why the node is not ready, the age of its lease, its pods that are not ready, other nodes then",
    row=Readiness,
)
async def read(look: Look) -> ProbeResult:
    """Read the nodes; the pods and leases only of those that are not ready."""
    found = await nodes_of(look)
    since_s = {name_of(node): look.since_s(node, "Ready") for node in found.all if failure_of(node)}
    failed = {name_of(node): node for node in found.all if failure_of(node)}
    rows, read_in_full = [], 0
    for node in found.nodes:
        full = bool(failure_of(node)) and read_in_full < MOST_READ
        read_in_full += full
        others = failed_together(node, since_s) if failure_of(node) else ()
        zone = shared_zone((node, *(failed[name] for name in others)), found.all)
        rows.append(_row(look, node, others=others, zone=zone, full=full))
    return ProbeResult(rows=tuple(await asyncio.gather(*rows)), missing=found.missing)


async def _row(look: Look, node: Json, *, others: Sequence[str], zone: str, full: bool) -> Row:
    name, ready = name_of(node), condition(node, "Ready")
    pods: Sequence[Json] = ()
    lease_s = UNKNOWN
    if full:
        pods, lease_s = await asyncio.gather(
            look.unless_refused(_lost_pods(look, name), ()), look.unless_refused(_lease_s(look, name), UNKNOWN)
        )
    since_s, down = look.since_s(node, "Ready"), bool(failure_of(node))
    readiness = Readiness(
        ready=status_of_ready(node),
        joining=is_joining(node, look.now),
        failure=failure_of(node),
        lease_s=lease_s,
        zone=traits(node)["zone"],
        others=tuple(others),
        shared_zone=zone,
        lost=len(pods) if full else UNKNOWN,
        terminating=sum(map(is_terminating, pods)),
        recovered_s=_recovered_s(look, node, since_s),
    )
    message = str(ready.get("message") or "")
    return NodeState(
        since_s=since_s,
        message=message,
        unschedulable=is_cordoned(node),
        pods=tuple(full_name(pod) for pod in pods[:MOST_PODS]),
    ).row(
        ref(node, "Node"),
        quote=f"Ready={readiness.ready} {ready.get('reason', '')}: {message}",
        at=look.moment(since_s) if down else None,
        lasts=down,
        more=readiness.values(),
    )


async def _lost_pods(look: Look, node: str) -> list[Json]:
    """Return the pods of a node that are not ready; the node controller marks all of them when the node is not."""
    pods = await pods_on(look, node)
    return [pod for pod in pods if is_terminating(pod) or condition(pod, "Ready").get("status") != "True"]


async def _lease_s(look: Look, node: str) -> int:
    lease = await look.snapshot.find("Lease", node, namespace=HEARTBEATS)
    return look.age_s(spec_of(lease or {}).get("renewTime"))


def _recovered_s(look: Look, node: Json, since_s: int) -> int:
    """Return since when a node is ready again; a node that joined then became ready for the first time."""
    alive_s = look.age_s(created_at(node))
    again = not failure_of(node) and 0 <= since_s < _LATELY_S and alive_s - since_s > JOINING_S
    return since_s if again else UNKNOWN
