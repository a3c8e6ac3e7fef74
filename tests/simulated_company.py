"""Run several workspaces behind one address: the same app, installed in each by OAuth, or once for an organisation."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from bot.playground import Listener
from bot.playground.slack.records import Identity, Json
from bot.playground.slack.scopes import EVERY_SCOPE
from bot.playground.slack.server import SimulatedSlack
from bot.playground.slack.sockets import SocketMode
from tests.slack_administration import revoke_token

_LASTS_S = 43_200


@dataclass(slots=True, kw_only=True)
class _Granted:
    """An installation that somebody allowed: its code, and the workspaces of its token."""

    workspaces: tuple[SimulatedSlack, ...]
    used: bool = False
    refresh: str = ""


class SimulatedCompany:
    """Slack with one app and several workspaces. Start it inside a running event loop.

    `add` creates workspaces; `allow` is what a person does who installs the app. With `rotates`, tokens end after
    twelve hours and are renewed. Ids of users and channels may repeat among workspaces, unlike Slack's.
    """

    def __init__(
        self, *, rotates: bool = False, scopes: Iterable[str] = EVERY_SCOPE, clock: Callable[[], float] = time.time
    ) -> None:
        self.client_id, self.client_secret = "1111.2222", secrets.token_hex(16)
        self.signing_secret, self.app_token = secrets.token_hex(16), f"xapp-simulated-{secrets.token_hex(12)}"
        self.url = ""
        self.rotates = rotates
        self.workspaces: dict[str, SimulatedSlack] = {}
        self._clock, self._scopes = clock, tuple(scopes)
        self._granted: dict[str, _Granted] = {}
        shared = Identity(signing_secret=self.signing_secret, bot_token="", app_token=self.app_token)
        self._sockets = SocketMode(identity=shared)
        self._application = web.Application()
        self._listener = Listener()

    @property
    def api_url(self) -> str:
        """Return the base URL for Slack's clients."""
        return f"{self.url}/api/"

    def add(self, team: str, *, enterprise: str = "", **options: Any) -> SimulatedSlack:
        """Add a workspace, before the start; one with `enterprise` shares the bot token of its organisation."""
        same = [
            each for each in self.workspaces.values() if enterprise and each.state.identity.enterprise_id == enterprise
        ]
        identity = Identity(
            signing_secret=self.signing_secret,
            bot_token=same[0].bot_token if same else f"xoxb-simulated-{secrets.token_hex(12)}",
            app_token=self.app_token,
            team_id=team,
            enterprise_id=enterprise,
            domain=team.lower(),
        )
        slack = SimulatedSlack(
            identity=identity, sockets=self._sockets, scopes=self._scopes, clock=self._clock, **options
        )
        self.workspaces[team] = slack
        self._application.add_subapp(f"/w/{team}/", slack.application())
        return slack

    async def start(self) -> str:
        """Listen on a free port of loopback and return the base URL."""
        self._application.router.add_route("*", "/api/{method}", self._call)
        self._application.router.add_get("/link/", self._sockets.accept)
        self.url = self._sockets.url = await self._listener.start(self._application)
        for team, slack in self.workspaces.items():
            slack.serve_at(f"{self.url}/w/{team}")
        return self.url

    async def stop(self) -> None:
        """Stop listening."""
        for slack in self.workspaces.values():
            await slack.stop()
        await self._listener.stop()

    def deliver_to(self, *urls: str | None) -> None:
        """Set where the payloads of all workspaces are sent. See `SimulatedSlack.deliver_to`."""
        for slack in self.workspaces.values():
            slack.deliver_to(*urls)

    def allow(self, location: str, *, team: str) -> str:
        """Allow the installation that a redirect to Slack asks for; return the query of Slack's redirect back."""
        asked = parse_qs(urlsplit(location).query)
        code = secrets.token_hex(12)
        chosen = self.workspaces[team]
        org = chosen.state.identity.enterprise_id
        group = tuple(each for each in self.workspaces.values() if org and each.state.identity.enterprise_id == org)
        self._granted[code] = _Granted(workspaces=group or (chosen,))
        for each in group or (chosen,):
            each.state.revoked = False
        return f"code={code}&state={asked['state'][0]}"

    def uninstall(self, team: str) -> None:
        """Uninstall the app: its token is refused, and the app is told."""
        slack = self.workspaces[team]
        revoke_token(slack)
        slack.tell("tokens_revoked", tokens={"oauth": [], "bot": [slack.bot_user_id]})
        slack.tell("app_uninstalled")

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["method"] == "oauth.v2.access":
            values: Json = {name: str(value) for name, value in (await request.post()).items()}
            scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
            if scheme == "Basic":
                values["client_id"], _, values["client_secret"] = base64.b64decode(credentials).decode().partition(":")
            return web.json_response(self._access(values))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        slacks = [each for each in self.workspaces.values() if token in (each.bot_token, each.app_token)]
        named = [each for each in slacks if await _names(request, each)] if slacks[1:] else slacks
        # Any workspace refuses a token that no workspace issued.
        return await (named or slacks or list(self.workspaces.values()))[0].handle_call(request)

    def _access(self, values: Json) -> Json:
        if (values.get("client_id"), values.get("client_secret")) != (self.client_id, self.client_secret):
            return {"ok": False, "error": "bad_client_secret"}
        if values.get("grant_type") == "refresh_token":
            found = [each for each in self._granted.values() if each.refresh == values.get("refresh_token")]
            if not found or not found[0].refresh:
                return {"ok": False, "error": "invalid_refresh_token"}
            return {"ok": True, "token_type": "bot", **self._new_token(found[0])}
        granted = self._granted.get(str(values.get("code")))
        if granted is None or granted.used:
            return {"ok": False, "error": "invalid_code"}
        granted.used = True
        identity = granted.workspaces[0].state.identity
        org = identity.is_org
        return {
            "ok": True, "app_id": identity.app_id, "authed_user": {"id": "U0INSTALLER"}, "token_type": "bot",
            "scope": ",".join(sorted(self._scopes)), "bot_user_id": identity.bot_user_id,
            "access_token": identity.bot_token, "is_enterprise_install": org,
            "team": None if org else {"id": identity.team_id, "name": identity.domain},
            "enterprise": {"id": identity.enterprise_id, "name": identity.enterprise_id.lower()} if org else None,
            **(self._new_token(granted) if self.rotates else {}),
        }  # fmt: skip

    def _new_token(self, granted: _Granted) -> Json:
        """Issue a token that ends; each refresh token is accepted once."""
        token = f"xoxe.xoxb-simulated-{secrets.token_hex(12)}"
        granted.refresh = f"xoxe-1-simulated-{secrets.token_hex(12)}"
        for slack in granted.workspaces:
            slack.bot_token = token
            slack.state.identity = replace(slack.state.identity, bot_token=token)
        return {"access_token": token, "refresh_token": granted.refresh, "expires_in": _LASTS_S}


async def _names(request: web.Request, slack: SimulatedSlack) -> bool:
    """Tell whether a call with the token of an organisation is about this workspace."""
    body = (await request.read()).decode(errors="replace") + request.query_string
    known = [each["id"] for each in (*slack.channels(), *slack.users()) if each["id"] != slack.bot_user_id]
    return any(id in body for id in known)
