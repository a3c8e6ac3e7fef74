"""Define the identity of the simulated workspace and of the installed app."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The ids and secrets of the installed app. None belongs to a real workspace."""

    signing_secret: str
    bot_token: str
    app_token: str
    team_id: str = "T0SIMULATED"
    foreign_team_id: str = "T0FOREIGN00"
    domain: str = "simulated"
    app_id: str = "A0CASEBOOK0"
    bot_id: str = "B0CASEBOOK0"
    bot_user_id: str = "U0CASEBOOK0"
    bot_name: str = "casebook"
    verification_token: str = "simulated-verification-token"
