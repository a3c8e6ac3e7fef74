"""Who may ask what of an incident channel."""

from __future__ import annotations

from bot.policy import Reading
from bot.workflows.desk import Asker
from intents.domain import Text
from responses import failures, incident_replies


def forbidden(asker: Asker, *, changes: bool) -> Text | None:
    """Why this person may not see what is kept of the channel they are in, or `changes` it; None if they may.

    It tells what clusters show, so that whoever sees none of that there sees none of it here.
    """
    who = asker.scope.who
    if changes and (who.guest or who.foreign or who.bot):
        return incident_replies.NOT_FOR_OUTSIDERS
    if asker.scope.reading is not Reading.FULL:
        return asker.scope.text_only_reason or failures.NOT_ALLOWED_HERE
    return None
