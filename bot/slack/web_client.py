"""Create the slack_sdk client for one token, and HTTP sessions that bound Slack's responses and follow no redirect."""

from __future__ import annotations

from typing import Any, Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

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
