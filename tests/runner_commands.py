"""Find the workflow commands in a job's output as GitHub's runner does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_NAMES = {"add-mask", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "save-state", "set-env"}
_NAMES |= {"set-output", "stop-commands", "warning"}
# The runner compares in a culture, where these have no weight.
_WEIGHTLESS = {"Cf", "Cc", "Mn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowCommand:
    name: str
    properties: dict[str, str]
    data: str


def workflow_commands(output: str) -> Iterator[WorkflowCommand]:
    """Yield the commands in an output. Both forms are found: at the beginning of a line, and `##[` anywhere in it."""
    for line in re.split(r"\r\n|\n|\r", output):
        seen = "".join(each for each in line if each == "\t" or unicodedata.category(each) not in _WEIGHTLESS).lstrip()
        if found := re.match(r"::([^: ]+)(?: (.*?))?::(.*)", seen):
            if found[1].lower() in _NAMES:
                pairs = (each.split("=", 1) for each in (found[2] or "").split(",") if "=" in each)
                yield WorkflowCommand(
                    name=found[1], properties={key: _plain(value) for key, value in pairs}, data=_plain(found[3])
                )
        elif (found := re.search(r"##\[([^ \]]+)", seen)) and found[1].lower() in _NAMES:
            yield WorkflowCommand(name=found[1], properties={}, data=seen)


def _plain(text: str) -> str:
    for escaped, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, plain)
    return text
