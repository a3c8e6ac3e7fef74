"""Keep what a command writes from commanding the runner of a pipeline, which reads its output."""

from __future__ import annotations

import os
from io import TextIOBase
from typing import TextIO


def in_pipeline() -> bool:
    """Tell whether a runner reads the output for commands."""
    return any(os.environ.get(name) for name in ("CI", "GITHUB_ACTIONS", "TF_BUILD"))


def without_commands(text: str, *, hashes: str = "# ") -> str:
    """Return text without workflow commands; see `responses.workflow_commands`."""
    from responses import workflow_commands  # noqa: PLC0415 - only in pipelines

    return workflow_commands.without_commands(text, hashes=hashes)


class GuardedStream(TextIOBase):
    """A stream for a runner: what is written to it never is a workflow command. `inner` takes our own commands."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        self.inner.write(without_commands(text))
        return len(text)

    def flush(self) -> None:
        self.inner.flush()

    def isatty(self) -> bool:
        return self.inner.isatty()

    def fileno(self) -> int:
        return self.inner.fileno()
