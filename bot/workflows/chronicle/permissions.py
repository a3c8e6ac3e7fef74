"""Decide who may read or change what is kept of an incident channel."""

from __future__ import annotations

from bot.policy import ReadLevel
from bot.workflows.services import Requester
from intents.domain import Text
from responses import failures, incident_replies


def forbidden(requester: Requester, *, changes: bool) -> Text | None:
    """Why this person may not see what is kept of the channel they are in, or `changes` it; None if they may.

    It tells what clusters show, so that whoever sees none of that there sees none of it here.
    """
    who = requester.scope.who
    if changes and (who.guest or who.foreign or who.bot):
        return incident_replies.NOT_FOR_OUTSIDERS
    if requester.scope.reading is not ReadLevel.FULL:
        return requester.scope.text_only_reason or failures.NOT_ALLOWED_HERE
    return None
