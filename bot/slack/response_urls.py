"""Answer at the response URL of a command or press: five answers within half an hour."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from yarl import URL

from bot.slack.api import Api, retry_after, unreachable
from bot.slack.errors import RateLimited, Refused, SlackError, SlackUnavailable, TriggerExpired, refusal
from bot.slack.web_client import Hosts, outgoing

_METHOD: Final = "response_url"
_LONGEST_ANSWER: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseUrls:
    """Answers of one workspace. A response URL is a secret: it is neither logged nor quoted."""

    api: Api
    hosts: Hosts

    async def respond(self, address: str, body: Mapping[str, Any]) -> None:
        """POST `body` with retries; it may arrive twice. Raise SlackError; Refused for an address outside Slack."""
        url = self.hosts.trusted(address)
        if url is None:
            raise Refused(method=_METHOD, code="foreign_response_url")
        until = asyncio.get_running_loop().time() + self.api.limits.patience
        repetitions = 0
        while True:
            try:
                with self.api.watched(_METHOD):
                    return await self._once(url, body)
            except SlackUnavailable as error:
                pause = error.retry_after if isinstance(error, RateLimited) else self.api.pause(repetitions)
                late = asyncio.get_running_loop().time() + pause >= until
                if late or repetitions >= self.api.limits.repetitions:
                    raise
            repetitions += 1
            await asyncio.sleep(pause)

    async def _once(self, url: URL, body: Mapping[str, Any]) -> None:
        try:
            async with (
                asyncio.timeout(self.api.limits.call),
                self.api.session.post(
                    url, json=outgoing(body), proxy=self.api.proxy, allow_redirects=False, middlewares=()
                ) as answer,
            ):
                text = (await answer.content.read(_LONGEST_ANSWER)).decode(errors="replace")
                status, headers = answer.status, answer.headers
        except TimeoutError as error:
            raise SlackUnavailable(method=_METHOD, detail="no answer in time", maybe_done=True) from error
        except (aiohttp.ClientError, OSError) as error:
            # The error of aiohttp quotes the address.
            raise unreachable(_METHOD, error) from None
        if status == 429:
            raise RateLimited(method=_METHOD, retry_after=retry_after(headers))
        if status >= 500:
            raise SlackUnavailable(method=_METHOD, detail=f"HTTP {status}", maybe_done=True)
        if failure := _failure(status, text):
            raise failure


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
