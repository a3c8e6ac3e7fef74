"""Name the command and the message shortcuts that people find in Slack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COMMAND: Final = "/diagnose"

DIAGNOSE_THIS: Final = "casebook.diagnose_this"
PIN: Final = "casebook.pin"
UNPIN: Final = "casebook.unpin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """An item of every message's menu: its title of at most 24 characters, and what it does in at most 150."""

    callback_id: str
    name: str
    description: str


SHORTCUTS: Final = (
    Shortcut(
        callback_id=DIAGNOSE_THIS,
        name="Diagnose this",
        description="Find out what this message's error means in your cluster, and answer in its thread",
    ),
    Shortcut(
        callback_id=PIN,
        name="Add to timeline",
        description="Put this message on the timeline of its incident channel",
    ),
    Shortcut(
        callback_id=UNPIN,
        name="Remove from timeline",
        description="Take this message off the timeline of its incident channel",
    ),
)
