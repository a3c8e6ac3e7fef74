"""Explain a Slack error to the operator: the setting it concerns, and what to do.

`SlackError.says` is for the people in a channel; this text is for the owners of the tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.slack.errors import MissingScope, RateLimited, SlackError, SlackUnavailable, TokenRevoked
from bot.slack.scopes import CONNECT

OPEN: Final = "apps.connections.open"
_BOT: Final = "CASEBOOK_SLACK_BOT_TOKEN"
_APP: Final = "CASEBOOK_SLACK_APP_TOKEN"
_COPY: Final = (
    "copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions; install the app again if it was removed"
)
_MAKE: Final = f"create an app-level token (xapp-…) with {CONNECT} in Basic Information"
ADD: Final = "add it in OAuth & Permissions > Bot Token Scopes and reinstall the app"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAdvice:
    """Advice on an error: `says` names the setting, `remedy` says what to do; each one line without a full stop."""

    says: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.says}: {self.remedy}"


def advice_on(error: SlackError, *, api_url: str) -> ErrorAdvice:
    """Return the advice on a failed call; `api_url` is the address that was called."""
    variable, anew = (_APP, _MAKE) if error.method == OPEN else (_BOT, _COPY)
    code = f" ({error.code})" if error.code else ""
    match error:
        case TokenRevoked():
            return ErrorAdvice(says=f"{variable}: Slack does not accept this token{code}", remedy=anew)
        case MissingScope() if error.code != "missing_scope":
            return ErrorAdvice(says=f"{variable}: Slack does not take this kind of token here{code}", remedy=anew)
        case MissingScope():
            needed = error.needed or (CONNECT if error.method == OPEN else "a scope")
            use = f"which {error.method} needs" if error.method else "which Casebook requires"
            remedy = _MAKE if error.method == OPEN else ADD
            return ErrorAdvice(says=f"{variable}: the token lacks {needed}, {use}", remedy=remedy)
        case RateLimited():
            return ErrorAdvice(
                says=f"Slack rate limits {error.method}: too many calls",
                remedy=f"try again in {error.retry_after:.0f} s",
            )
        case SlackUnavailable():
            why = error.detail or error.code or "no answer"
            return ErrorAdvice(
                says=f"Slack does not answer at {api_url} ({error.method}: {why})",
                remedy="check the network, HTTPS_PROXY and CASEBOOK_SLACK_API_URL",
            )
        case _ if error.method == OPEN:
            return ErrorAdvice(
                says=f"{variable}: Slack refuses the Socket Mode connection{code}",
                remedy="enable Socket Mode in the app's settings",
            )
        case _:
            return ErrorAdvice(
                says=f"Slack refuses {error.method}{code}",
                remedy=f"docs.slack.dev/reference/methods/{error.method} explains this error",
            )
