"""Decide who may read or change the records of an incident channel."""

from __future__ import annotations

from bot.policy import ReadLevel
from bot.workflows.services import Requester
from intents.domain import Text
from responses import failures, incident_replies


def forbidden(requester: Requester, *, changes: bool) -> Text | None:
    """Return why this user may not read, or `changes` the channel's records; None if they may.

    The records contain cluster data, so a user who may not see cluster data there may not see the records.
    """
    who = requester.scope.who
    if changes and (who.guest or who.foreign or who.bot):
        return incident_replies.NOT_FOR_OUTSIDERS
    if requester.scope.reading is not ReadLevel.FULL:
        return requester.scope.text_only_reason or failures.NOT_ALLOWED_HERE
    return None
