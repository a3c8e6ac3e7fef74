"""Define the command and the message shortcuts that users see in Slack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COMMAND: Final = "/diagnose"

DIAGNOSE_THIS: Final = "casebook.diagnose_this"
PIN: Final = "casebook.pin"
UNPIN: Final = "casebook.unpin"
SAVE_AS_INCIDENT: Final = "casebook.save_as_incident"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """A message shortcut: title of at most 24 characters, description of at most 150."""

    callback_id: str
    name: str
    description: str


SHORTCUTS: Final = (
    Shortcut(
        callback_id=DIAGNOSE_THIS,
        name="Diagnose this",
        description="Diagnose the error in this message and answer in its thread",
    ),
    Shortcut(
        callback_id=PIN,
        name="Add to timeline",
        description="Add this message to the timeline of its incident channel",
    ),
    Shortcut(
        callback_id=UNPIN,
        name="Remove from timeline",
        description="Remove this message from the timeline of its incident channel",
    ),
    Shortcut(
        callback_id=SAVE_AS_INCIDENT,
        name="Save as incident",
        description="Save what was found out in this thread, so that the next paste is answered with it",
    ),
)
