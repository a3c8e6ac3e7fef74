"""Create the slack_sdk client for one token, with its address and timeout."""

from __future__ import annotations

from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

_CALL_TIMEOUT_S: Final = 5


def web_client(*, api_url: str, token: str = "") -> AsyncWebClient:
    """Return a client; without a token its calls are not authorised."""
    return AsyncWebClient(token=token or None, base_url=api_url, timeout=_CALL_TIMEOUT_S)
