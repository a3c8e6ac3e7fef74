"""Say for whom a job works and how urgent it is, so that one person's jobs do not delay those of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.jobs import JobTurn, JobUrgency, Json

# People wait for these with a dialog or a button before them.
_INTERACTIVE: Final = frozenset({
    "preview", "remedy", "pick", "opinion", "correction", "command", "mention", "pin", "withdraw", "watch_press",
    "silence", "silence_dialog", "silence_end",
})  # fmt: skip
_ANSWERS: Final = frozenset({"answer", "repeat"})
# The key in the payload of a job `answer` that somebody asked for.
ASKED: Final = "asked"


def turn_of(kind: str, payload: Json) -> JobTurn:
    """Return the turn of a job; one without a user is counted to its channel."""
    channel = str(payload.get("channel") or _channel_of(payload))
    user = str(payload.get("user") or "")
    # An integration may have more requests waiting than a person: `answer` is bounded where it is submitted.
    bounded = bool(user) and kind != "answer"
    return JobTurn(person=user or f"#{channel}", channel=channel, urgency=_urgency(kind, payload), bounded=bounded)


def _urgency(kind: str, payload: Mapping[str, object]) -> JobUrgency:
    if kind in _INTERACTIVE:
        return JobUrgency.INTERACTIVE
    if kind in _ANSWERS:
        return JobUrgency.ASKED if payload.get(ASKED) else JobUrgency.UNASKED
    return JobUrgency.BACKGROUND


def _channel_of(payload: Json) -> str:
    """Return the channel in a request's id, which is team.channel.message."""
    parts = str(payload.get("request") or "").split(".")
    return parts[1] if len(parts) > 2 else ""
