"""Image pulls: which fail and why, which wait for others on their node, and which sandbox images a runtime lacks."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Look, may, probe
from bot.probes.image_pulls import failures, queue, sandboxes, surroundings
from bot.probes.image_pulls.surroundings import ImageRow
from bot.probes.shared.scope import READS_PODS
from intents.domain import ArgDeclaration, ProbeResult


async def read(look: Look) -> ProbeResult:
    """Read the pods in question, and the events and nodes that mention their images."""
    match look.args.get("shows"):
        case "queue":
            return await queue.read(look)
        case "sandboxes":
            return await sandboxes.read(look)
        case _:
            return await failures.read(look)


PROBE: Final = probe(
    name="image-pulls",
    says="a row per image that a pod in question needs and its node pulls: why the pull fails, or what it waits for",
    row=ImageRow,
    args={
        "shows": ArgDeclaration(
            says="failures: containers whose image cannot be pulled, and where the same image runs; queue: each"
            " pull of the pods in question and those it waited for on its node; sandboxes: pods whose sandbox"
            " (pause) image the node's runtime could not get",
            choices=("failures", "queue", "sandboxes"),
            default="failures",
            fills={
                "failures": failures.FailureShown.keys(),
                "queue": queue.QueueShown.keys(),
                "sandboxes": sandboxes.SandboxShown.keys(),
            },
        )
    },
    permissions=(*READS_PODS, *surroundings.PERMISSIONS, *may("list", "events", "nodes")),
    read=read,
)
