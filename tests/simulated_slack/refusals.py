"""Read the response to a call that Slack refuses."""

from collections.abc import Awaitable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse


async def refusal(call: Awaitable[Any]) -> AsyncSlackResponse:
    """Return the whole response, headers included."""
    with pytest.raises(SlackApiError) as raised:
        await call
    return raised.value.response


async def error(call: Awaitable[Any]) -> str:
    """Return Slack's error code."""
    return str((await refusal(call))["error"])
