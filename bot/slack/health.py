"""Whether Slack takes us: part of readiness."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SlackHealth:
    """`problem` is one line for an operator, "" while all is well."""

    problem: str = ""

    def revoked(self) -> None:
        self.problem = "the token is revoked: install the app again and set CASEBOOK_SLACK_BOT_TOKEN"
