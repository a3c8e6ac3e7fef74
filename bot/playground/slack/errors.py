"""What is said when a test or the page asks for something that nobody could do in Slack."""

from __future__ import annotations

from typing import Any


class ImpossibleActionError(ValueError):
    """Nobody could do that in this workspace: an unknown user, a button that is not there. The message says which."""


class Refused(Exception):
    """A Web API call that Slack refuses with `error`; `extra` stands beside it in the answer."""

    def __init__(self, error: str, /, *, status: int = 200, retry_after: int | None = None, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.retry_after = retry_after
        self.extra = extra


def invalid(*messages: str, error: str = "invalid_arguments") -> Refused:
    """A refusal that names what is wrong, as Slack does in `response_metadata`."""
    return Refused(error, response_metadata={"messages": [f"[ERROR] {each}" for each in messages]})
