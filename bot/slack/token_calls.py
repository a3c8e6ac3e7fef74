"""Make a few calls with one token in the same way as the bot: same client, proxy and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api import Api, SlackResponse
from bot.slack.limits import Limits

# A user is waiting at a terminal.
PATIENCE_S: Final = 6.0


class TokenCall(Protocol):
    """A function that calls one method of the Web API with the token."""

    async def __call__(self, method: str, **query: str) -> SlackResponse:
        """Call a method. Raise SlackError."""


@asynccontextmanager
async def token_caller(token: str, *, api_url: str) -> AsyncIterator[TokenCall]:
    """Yield a caller for this token and close it at the end of the block."""
    api = Api(AsyncWebClient(token=token, base_url=api_url), limits=Limits(repetitions=1))

    async def ask(method: str, **query: str) -> SlackResponse:
        return await api.call(method, query=query, patience=PATIENCE_S)

    try:
        yield ask
    finally:
        await api.aclose()
