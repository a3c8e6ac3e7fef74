"""Define the errors of the simulated Slack: impossible user actions and refused API calls."""

from __future__ import annotations

from typing import Any


class ImpossibleActionError(ValueError):
    """An action that no user could take, such as a press on a missing button. The message names it."""


class Refused(Exception):
    """A refused Web API call. `error` is Slack's error code; `extra` is added to the response."""

    def __init__(self, error: str, /, *, status: int = 200, retry_after: int | None = None, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.retry_after = retry_after
        self.extra = extra


def invalid(*messages: str, error: str = "invalid_arguments") -> Refused:
    """Return a refusal with details in `response_metadata`, as Slack gives them."""
    return Refused(error, response_metadata={"messages": [f"[ERROR] {each}" for each in messages]})
