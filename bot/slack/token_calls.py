"""Asking Slack a few things with one token, as the bot does it: the same road, proxy and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Protocol

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api import Api, SlackResponse
from bot.slack.limits import Limits

# Whoever waits for it sits before a terminal.
PATIENCE_S: Final = 6.0


class TokenCall(Protocol):
    """Calls one method of the Web API with the token."""

    async def __call__(self, method: str, **query: str) -> SlackResponse:
        """Raises SlackError."""


@asynccontextmanager
async def token_caller(token: str, *, api_url: str) -> AsyncIterator[TokenCall]:
    """Calls with this token as long as it is needed."""
    api = Api(AsyncWebClient(token=token, base_url=api_url), limits=Limits(repetitions=1))

    async def ask(method: str, **query: str) -> SlackResponse:
        return await api.call(method, query=query, patience=PATIENCE_S)

    try:
        yield ask
    finally:
        await api.aclose()
