"""Image pulls: which fail and why, which wait for others on their node, and which sandbox images a runtime lacks."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import Shown, may, probe
from bot.probes.image_pulls import failures, queue, sandboxes, surroundings
from bot.probes.image_pulls.surroundings import ImageRow
from bot.probes.shared.scope import READS_PODS

PROBE: Final = probe(
    says="a row per image that a pod in question needs and its node pulls: why the pull fails, or what it waits for",
    row=ImageRow,
    shows={
        "failures": Shown(
            says="containers whose image cannot be pulled, and where the same image runs",
            row=failures.FailureShown,
            read=failures.read,
        ),
        "queue": Shown(
            says="each pull of the pods in question and those it waited for on its node",
            row=queue.QueueShown,
            read=queue.read,
        ),
        "sandboxes": Shown(
            says="pods whose sandbox (pause) image the node's runtime could not get",
            row=sandboxes.SandboxShown,
            read=sandboxes.read,
        ),
    },
    permissions=(*READS_PODS, *surroundings.PERMISSIONS, *may("list", "events", "nodes")),
)
