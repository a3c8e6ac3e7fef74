"""Let workspaces install the app: Bolt's OAuth flow with states that are used once, and pages that say what to do.

A state is signed and bound to the browser by a cookie, so that beginning an installation stores nothing; finishing one
uses the state up.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import html
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackClientError
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from yarl import URL

from bot.settings import Settings
from bot.slack.scopes import SCOPES
from bot.slack.web_client import web_client
from bot.store import StoreUnavailable
from bot.store.installations import Installations
from bot.surfaces.slack.manifest import REDIRECT_PATH
from bot.surfaces.web import Route

_log: Final = structlog.get_logger(__name__)

INSTALL_PATH: Final = "/slack/install"
_LASTS_S: Final = 600
_AT_ONCE: Final = 8

InstalledApp = Installation
# Stores an installed app. Raises RefusedInstallation.
TakeInstallation = Callable[[InstalledApp], Awaitable[None]]


class RefusedInstallation(BoltError):
    """Error: the app must not serve this workspace; `str()` says why, in a sentence for the person who installs it."""


class SignedStates(AsyncOAuthStateStore):
    """Issues states that are valid for ten minutes and can be consumed once."""

    def __init__(self, *, secret: str, used: Installations) -> None:
        self._secret = hashlib.sha256(f"casebook install states {secret}".encode()).digest()
        self._used = used

    async def async_issue(self, *args: Any, **kwargs: Any) -> str:
        """Return a new state."""
        signed = f"{secrets.token_urlsafe(24)}.{int(time.time()) + _LASTS_S}"
        return f"{signed}.{self._signature(signed)}"

    async def async_consume(self, state: str) -> bool:
        """Use up a state. Return False for one that is forged, too old, or was used before."""
        signed, _, signature = str(state).rpartition(".")
        expires = signed.rpartition(".")[2]
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode("utf-8", "replace")):
            return False
        now = time.time()
        if int(expires) < now:
            return False
        ends = datetime.fromtimestamp(int(expires), UTC)
        return await self._used.use(signed, expires=ends, now=datetime.fromtimestamp(now, UTC))

    def _signature(self, signed: str) -> str:
        return hmac.new(self._secret, signed.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class _Taken(AsyncInstallationStore):
    """Bolt's view of where installations are stored: they are only handed over."""

    take: TakeInstallation

    async def async_save(self, installation: InstalledApp) -> None:
        await self.take(installation)


def install_routes(settings: Settings, *, used: Installations, take: TakeInstallation) -> tuple[Route, ...]:
    """Return the pages on which a workspace installs the app."""
    # Bolt logs the code of an installation that failed.
    logger = logging.getLogger("casebook.oauth")
    logger.setLevel(logging.CRITICAL)
    secret = settings.slack_client_secret.get_secret_value()
    authorize = URL(settings.slack_api_url).with_path("/oauth/v2/authorize")
    flow = _Flow(
        client=web_client(api_url=settings.slack_api_url),
        logger=logger,
        settings=AsyncOAuthSettings(
            client_id=settings.slack_client_id,
            client_secret=secret,
            scopes=[scope.name for scope in SCOPES],
            user_scopes=[],
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            install_page_rendering_enabled=False,
            authorization_url=str(authorize),
            callback_options=AsyncCallbackOptions(success=_installed, failure=_not_installed),
            installation_store=_Taken(take),
            state_store=SignedStates(secret=secret, used=used),
            state_expiration_seconds=_LASTS_S,
            logger=logger,
        ),
    )
    busy = asyncio.Semaphore(_AT_ONCE)
    return (
        Route(method="GET", path=INSTALL_PATH, handle=_page(flow.handle_installation, busy)),
        Route(method="GET", path=REDIRECT_PATH, handle=_page(flow.handle_callback, busy)),
    )


class _Flow(AsyncOAuthFlow):
    """Bolt's flow, for which Slack's outages are an error page too.

    Slack is asked for the same permissions whatever the link says: Bolt would copy the query's `team` as it is, with
    all parameters in it.
    """

    async def build_authorize_url(self, state: str, request: AsyncBoltRequest) -> str:
        return self.settings.authorize_url_generator.generate(state=state)

    async def run_installation(self, code: str) -> InstalledApp | None:
        try:
            return await super().run_installation(code)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, KeyError) as error:
            _log.warning("installation_failed", error=type(error).__name__)
            return None


def _page(
    handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]], busy: asyncio.Semaphore
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def respond(request: web.Request) -> web.StreamResponse:
        if busy.locked():
            # Anybody can begin an installation, and Slack is asked about each that ends.
            return await _sent(_shown(503, "Too many installations at once. Try again in a minute."))
        headers: dict[str, str | Sequence[str]] = {"Cookie": request.headers.get("Cookie", "")}
        try:
            async with busy:
                # The body is left unread: nothing of it counts.
                answer = await handle(AsyncBoltRequest(body="", query=request.query_string, headers=headers))
        except StoreUnavailable as error:
            _log.error("installation_not_stored", error=str(error))
            answer = _shown(503, "Casebook cannot store the installation now. Try again in a minute.")
        return await _sent(answer)

    return respond


async def _sent(answer: BoltResponse) -> web.StreamResponse:
    response: web.StreamResponse = await to_aiohttp_response(answer)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


_AGAIN: Final = f"Begin again at {INSTALL_PATH}."
_REASONS: Final = {
    "access_denied": "The installation was cancelled in Slack.",
    "invalid_browser": f"This browser did not begin the installation, or its cookies are blocked. {_AGAIN}",
    "invalid_state": f"The installation took longer than ten minutes, or this link was used before. {_AGAIN}",
    "missing_code": f"Slack's answer is incomplete. {_AGAIN}",
    "invalid_code": f"Slack did not confirm the installation. {_AGAIN}",
}


async def _installed(args: AsyncSuccessArgs) -> BoltResponse:
    app = args.installation
    name = app.enterprise_name if app.is_enterprise_install else app.team_name
    return _shown(200, f"Casebook is installed in {name or 'your workspace'}. You can close this page.", ends=True)


async def _not_installed(args: AsyncFailureArgs) -> BoltResponse:
    if isinstance(args.error, RefusedInstallation):
        return _shown(403, f"{args.error}", ends=True)
    says = _REASONS.get(args.reason, f"Slack reports an error. {_AGAIN}")
    return _shown(args.suggested_status_code, says, ends=True)


def _shown(status: int, says: str, *, ends: bool = False) -> BoltResponse:
    """Return a page; with `ends`, the browser forgets the state."""
    page = f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Casebook</title><p>{html.escape(says)}</p>"
    headers: dict[str, str | Sequence[str]] = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'",
    }
    if ends:
        headers["Set-Cookie"] = "slack-app-oauth-state=deleted; Secure; HttpOnly; Path=/; Max-Age=0"
    return BoltResponse(status=status, body=page, headers=headers)
