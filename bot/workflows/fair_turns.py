"""Say for whom a job works and how urgent it is, so that one person's jobs do not delay those of others."""

from __future__ import annotations

from bot.jobs import JobTurn, Json
from bot.workflows.job_payloads import AnswerJob, read_payload


def turn_of(kind: str, kept: Json) -> JobTurn:
    """Return the turn of a job; one without a user is counted to its channel."""
    try:
        payload = read_payload(kind, kept)
    except ValueError:
        # Recorded by another version: it waits its turn, and fails visibly.
        return JobTurn()
    # An integration may have more requests waiting than a person: answers are bounded where they are submitted.
    bounded = bool(payload.user) and not isinstance(payload, AnswerJob)
    person = payload.user or f"#{payload.where}"
    return JobTurn(person=person, channel=payload.where, urgency=payload.urgency, bounded=bounded)
