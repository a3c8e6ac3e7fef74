"""Call Slack's Web API with its own client: one call, its errors, the hosts that may be called, what is sent.

Messages are made of safe texts already. This finds what was missed, and changes nothing else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

from bot.slack.errors import SlackError
from responses.safety import redacted_text, redacted_value

_INNER_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedCall:
    """A finished attempt to call `method`, with its duration; `date` is Slack's clock, if the response has it."""

    method: str
    seconds: float
    error: SlackError | None = None
    date: datetime | None = None

    @property
    def result(self) -> str:
        """Return `ok`, or the name of the error: missing_scope, rate_limited, slack_unavailable, …"""
        return "ok" if self.error is None else _INNER_CAPITAL.sub("_", type(self.error).__name__).lower()


class Watch(Protocol):
    """Watcher of calls to Slack. Its methods neither raise nor block."""

    def slack_called(self, call: CompletedCall) -> None:
        """Record a finished call."""

    def slack_waited(self, method: str, seconds: float) -> None:
        """Record how long a call waited for the rate limit."""


# Slack's two clouds. Files, uploads and response URLs are on subdomains of the cloud whose API we call.
_CLOUDS: Final = ("slack.com", "slack-gov.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Trusted addresses. A `base_url` outside of Slack is trusted with exactly its scheme, host and port."""

    base_url: str

    def trusted(self, url: str) -> URL | None:
        """Return the parsed `url` if it belongs to Slack or to the configured base URL; else None."""
        try:
            parsed, base = URL(url), URL(self.base_url)
        except (ValueError, TypeError):
            return None
        if not parsed.absolute or parsed.user is not None or parsed.password is not None:
            return None
        host = (parsed.host or "").lower().rstrip(".")
        own = (base.host or "").lower()
        for cloud in _CLOUDS:
            if own == cloud or own.endswith(f".{cloud}"):
                https = parsed.scheme == "https" and parsed.port == 443
                return parsed if https and (host == cloud or host.endswith(f".{cloud}")) else None
        return parsed if (parsed.scheme, host, parsed.port) == (base.scheme, own, base.port) else None


# Names of Slack's arguments, which say nothing about their values.
_OWN: Final = frozenset({"key", "value", "token"})
# A text of this length takes about 10 ms.
_LONG: Final = 1_000


def outgoing(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call without credentials, except for the trigger of a dialog, which Slack issued."""
    return dict(redacted_value(body, own=_OWN, unread={"trigger_id": _any}))


def outgoing_text(text: str) -> str:
    """Return the content or the name of a file without credentials."""
    return redacted_text(text)


async def off_loop(text: str) -> str:
    """Return the content of a file without credentials; a long one is read in a thread."""
    return await asyncio.to_thread(outgoing_text, text) if len(text) > _LONG else outgoing_text(text)


def _any(_value: str) -> bool:
    return True


CALL_TIMEOUT_S: Final = 5
# A page of a thousand messages with blocks has a few MiB.
LARGEST_RESPONSE: Final = 16 << 20
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def web_client(*, api_url: str, token: str = "") -> AsyncWebClient:
    """Return a client; without a token its calls are not authorised."""
    return AsyncWebClient(token=token or None, base_url=api_url, timeout=CALL_TIMEOUT_S)


def bounded_session(**options: Any) -> aiohttp.ClientSession:
    """Return a session whose responses are at most LARGEST_RESPONSE bytes, and which refuses redirects.

    A request that handles redirects or reads the body by itself passes `middlewares=()`.
    """
    return aiohttp.ClientSession(
        response_class=_BoundedResponse,
        middlewares=(_refuse_redirects,),
        cookie_jar=aiohttp.DummyCookieJar(),
        **options,
    )


class _BoundedResponse(aiohttp.ClientResponse):
    """A response that fails as soon as its body is larger than LARGEST_RESPONSE."""

    async def read(self) -> bytes:
        if self._body is None:
            body = bytearray()
            try:
                async for chunk in self.content.iter_any():
                    body += chunk
                    if len(body) > LARGEST_RESPONSE:
                        raise aiohttp.ClientPayloadError(f"the response has more than {LARGEST_RESPONSE >> 20} MiB")
            except BaseException:
                self.close()
                raise
            self._body = bytes(body)
        return self._body


async def _refuse_redirects(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Raise before aiohttp follows a redirect: Slack's API never sends one, and tokens would follow it."""
    response = await send(request)
    if response.status in _REDIRECTS:
        response.close()
        raise aiohttp.ClientPayloadError("a redirect, which is refused")
    return response
