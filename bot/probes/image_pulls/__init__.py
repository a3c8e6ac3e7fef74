"""Image pulls: which fail and why, which wait for others on their node, and which sandbox images a runtime lacks."""

from __future__ import annotations

from typing import Final

from bot.probes.contract import may, probe_of
from bot.probes.image_pulls import failures, queue, sandboxes, surroundings
from bot.probes.image_pulls.surroundings import ImageRow
from bot.probes.shared.scope import READS_PODS

read: Final = probe_of(
    {"failures": failures.read, "queue": queue.read, "sandboxes": sandboxes.read},
    says="a row per image that a pod in question needs and its node pulls: why the pull fails, or what it waits for",
    row=ImageRow,
    permissions=(*READS_PODS, *surroundings.PERMISSIONS, *may("list", "events", "nodes")),
)
