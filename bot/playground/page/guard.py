"""Who may talk to the page: whoever was given its address, from that page itself, and nobody by way of another site.

The page listens on loopback, which every program and every web page of the machine's browser can reach. So the address
carries a random token, which a cookie then carries (never sent from other sites); a name that was rebound to loopback
is refused by its Host, a form or script of another site by its Origin.
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
    "This page opens only by the whole address that the playground printed, with its ?t=… at the end. "
    "If the playground was started anew, its address is new too."
)


class Guard:
    """Checks every request before anything else sees it. `hosts` are further names the page may be reached by."""

    def __init__(self, *, hosts: frozenset[str] = frozenset()) -> None:
        self.token = secrets.token_urlsafe(24)
        self._hosts = _LOOPBACK | hosts
        # Cookies do not tell ports apart: two playgrounds of one machine must not share one.
        self._cookie = f"casebook_playground_{secrets.token_hex(4)}"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse with 403 what may not pass, and give every answer the headers that bind the browser."""
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
        """A signal of aiohttp: streams send their headers before the middleware sees them again."""
        response.headers.update(_HEADERS)

    def _is_ours(self, request: web.Request) -> bool:
        host = _hostname(request.host)
        if host not in self._hosts:
            return False
        if request.method in ("GET", "HEAD"):
            return True
        # A browser always sends one of these with a POST; a request with neither comes from no page at all.
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
