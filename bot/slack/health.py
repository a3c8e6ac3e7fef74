"""Whether Slack takes us: part of readiness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_REVOKED: Final = "the token is revoked: install the app again and set CASEBOOK_SLACK_BOT_TOKEN"


@dataclass(slots=True)
class SlackHealth:
    """Slack's word for it that the token is revoked, in an event, comes once."""

    told: bool = False

    def revoked(self) -> None:
        self.told = True

    def problem(self, *, token_refused: bool) -> str:
        """One line for an operator, "" while all is well. `token_refused`: Slack's last answer was that."""
        return _REVOKED if self.told or token_refused else ""
