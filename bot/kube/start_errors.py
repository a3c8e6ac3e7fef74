"""Classify why a container runtime could not start a container, by its message."""

from __future__ import annotations

import re
from typing import Final

COMMAND: Final = "command"
MEMORY: Final = "memory"
# The kubelet's reasons for a container that waits because the runtime refused it.
NOT_STARTED: Final = frozenset({"CreateContainerError", "RunContainerError"})

_WORDINGS: Final = {
    # runc, CRI-O, Docker, and runc with cgroup v1
    MEMORY: re.compile(
        r"init was OOM-killed|memory limit \d+ too low|minimum memory limit allowed|unable to set memory limit to", re.I
    ),
    COMMAND: re.compile(
        r"executable file (?:`[^`]*` )?not found in|exec: .*(?:no such file|permission denied|is a directory)"
        r"|no command specified"
    ),
}


def start_error(message: str) -> str:
    """Return what the runtime names as the cause: the memory limit or the command; "" for anything else."""
    return next((cause for cause, wording in _WORDINGS.items() if wording.search(message)), "")
