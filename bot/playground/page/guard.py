"""Restrict access to the page to browsers that opened its printed address.

The page listens on loopback, which every program and every web page in a local browser can reach. So the address
carries a random token, which a SameSite cookie carries from then on. The Host check refuses names rebound to loopback,
the Origin check refuses forms and scripts of other sites.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from yarl import URL

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_REFUSED: Final = (
    "Open this page with the full address that the playground printed, including the ?t=… at its end. "
    "After a restart the playground has a new address."
)


class Guard:
    """Checks every request before any handler runs."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        # Browsers share cookies between ports, so two playgrounds on one machine need different names.
        self._cookie = f"casebook_playground_{secrets.token_hex(4)}"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse unauthorised requests with 403, and set the security headers of every response."""
        given = request.path == "/" and self._is_token(request.query.get("t", ""))
        if not self._is_ours(request) or not (given or self._is_token(request.cookies.get(self._cookie, ""))):
            return web.Response(status=403, text=_REFUSED, headers=_HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as refused:
            refused.headers.update(_HEADERS)
            raise
        if given:
            response.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict", path="/")
        return response

    async def on_prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set the headers of streams, which are sent before the middleware sees the response again."""
        response.headers.update(_HEADERS)

    def _is_ours(self, request: web.Request) -> bool:
        if _hostname(request.host) not in _LOOPBACK:
            return False
        if request.method in ("GET", "HEAD"):
            return True
        # A browser always sends one of these with a POST; a request with neither is not from a page.
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site")
        return origin == f"http://{request.host}" and site in (None, "same-origin")

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.token.encode())


def _hostname(host: str) -> str:
    try:
        return URL(f"http://{host}").host or ""
    except ValueError:
        return ""
