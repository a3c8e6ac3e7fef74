"""Answer at the response URL of a command or press: five answers within half an hour."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from bot.slack.api import Api
from bot.slack.errors import Refused, SlackError, TriggerExpired, refusal
from bot.slack.web_client import Hosts, outgoing

_METHOD: Final = "response_url"
_LONGEST_ANSWER: Final = 4096


async def respond(api: Api, hosts: Hosts, address: str, body: Mapping[str, Any]) -> None:
    """POST `body` with retries; it may arrive twice. Raise SlackError; Refused for an address outside Slack.

    A response URL is a secret: it is neither logged nor quoted.
    """
    url = hosts.trusted(address)
    if url is None:
        raise Refused(method=_METHOD, code="foreign_response_url")

    async def attempt() -> None:
        with api.watched(_METHOD):
            async with api.requested(_METHOD, "POST", url, within=api.limits.call, json=outgoing(body)) as answer:
                text = (await answer.content.read(_LONGEST_ANSWER)).decode(errors="replace")
            if failure := _failure(answer.status, text):
                raise failure

    await api.repeated(attempt, patience=api.limits.patience)


def _failure(status: int, text: str) -> SlackError | None:
    """Return the error of a response: one word, or JSON with one."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {"ok": status == 200, "error": text.strip()}
    if not isinstance(answer, dict):
        answer = {"ok": status == 200}
    if status == 200 and answer.get("ok", True):
        return None
    failure = refusal(_METHOD, answer)
    # Slack answers 404 for used up and expired addresses.
    if status in {404, 410} and type(failure) is Refused:
        return TriggerExpired(method=_METHOD, code=failure.code)
    return failure
