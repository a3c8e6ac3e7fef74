"""The clocks of the nodes whose pods log that the time is wrong: what monitors say of them, and how far they are off.

The kubelet of a node renews a Lease by its own clock. The controller that marks nodes does not read that time: it only
sees that the Lease changes. So a node may be ready while its time lies far from that of the API server.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from bot.kube.objects import condition, node_name_of, place_of, ref, spec_of, status_of
from bot.kube.timestamps import UNKNOWN, parse_time
from bot.probes.contract import Look, RowValues, may, probe
from bot.probes.shared.holders import HEARTBEATS
from bot.probes.shared.logged_causes import READS_CAUSES, logged_causes
from intents.domain import ArgDeclaration, Json, ProbeResult, Row

_MOST_PODS: Final = 3
# How node-problem-detector and others name a clock that nobody corrects.
_OF_CLOCK: Final = re.compile(r"NTP|Clock|Chron[yi]|TimeSync", re.IGNORECASE)
# A Lease is renewed every 10 seconds; its node is not ready after 40 without a change.
_BEHIND_S: Final = 60
_AHEAD_S: Final = 5


class _Clock(RowValues):
    """A pod that logs that the time is wrong, and the clock of its node."""

    of_subject = ("namespace", "pod")

    node: str
    problem: str  # what a condition of the node says of its clock
    behind_s: int  # the time of the API server; -1 where that is not known, or is little
    ahead_s: int


@probe(
    says="a row per pod whose log tells of a wrong time, with the clock of its node",
    row=_Clock,
    args={"incident": ArgDeclaration(says="the entry that the line of the log means", required=True)},
    permissions=(*READS_CAUSES, *may("get", "nodes", "leases.coordination.k8s.io")),
)
async def read(look: Look) -> ProbeResult:
    """Read the nodes of the pods whose logs tell of a wrong time."""
    found = await logged_causes(look)
    told = (each.log.container.pod for each in found.causes if each.incident == look.args["incident"])
    pods = list({place_of(pod): pod for pod in told if node_name_of(pod)}.values())[:_MOST_PODS]
    return ProbeResult(rows=tuple(await asyncio.gather(*(_row(look, pod) for pod in pods))), missing=found.missing)


async def _row(look: Look, pod: Json) -> Row:
    name = node_name_of(pod)
    node, lease = await asyncio.gather(look.find("Node", name), look.find("Lease", name, namespace=HEARTBEATS))
    problems = [
        f"{each['type']}: {each.get('message') or each.get('reason') or 'True'}"
        for each in status_of(node or {}).get("conditions") or ()
        if each.get("status") == "True" and _OF_CLOCK.search(str(each.get("type")))
    ]
    behind = _behind_s(look, node or {}, lease or {})
    return _Clock(
        node=name,
        problem=", ".join(problems),
        behind_s=behind if behind > _BEHIND_S else UNKNOWN,
        ahead_s=-behind if behind < -_AHEAD_S else UNKNOWN,
    ).row(
        ref(pod, "Pod"),
        quote=", ".join(problems) or f"renewTime: {spec_of(lease or {}).get('renewTime', 'none')}",
        reproduce=f"kubectl describe node {name}; kubectl -n {HEARTBEATS} get lease {name} -o yaml",
    )


def _behind_s(look: Look, node: Json, lease: Json) -> int:
    """Return how far the clock of a ready node is behind that of the API server, less than 0 if it is ahead."""
    renewed = parse_time(spec_of(lease).get("renewTime"))
    if renewed is None or condition(node, "Ready").get("status") != "True":
        return 0
    return int((look.now - renewed).total_seconds())
