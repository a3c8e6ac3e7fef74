"""Turn what Slack says about an installation into what is stored, and renew its tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.common.encryption import Encryption
from bot.settings import Settings
from bot.slack.client import Identity
from bot.slack.scopes import lacking
from bot.slack.web_client import web_client
from bot.store import Installation
from bot.surfaces.slack.installing import InstalledApp, RefusedInstallation
from responses.safety import safe_line

_log: Final = structlog.get_logger(__name__)
_UNREACHED: Final = (aiohttp.ClientError, TimeoutError, OSError)


class TokenNotRenewed(Exception):
    """Error: Slack did not renew a token; `str()` is its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Decides which installations are accepted, and encrypts their tokens. `allows` tells it for an id; it blocks."""

    settings: Settings
    allows: Callable[[str], bool]
    encryption: Encryption

    async def accepted(self, installed: InstalledApp, *, now: datetime) -> Installation:
        """Return an installation to store. Raise RefusedInstallation, once its token is revoked."""
        org = bool(installed.is_enterprise_install)
        workspace = str(installed.enterprise_id if org else installed.team_id)
        name = safe_line(str((installed.enterprise_name if org else installed.team_name) or workspace))
        scopes = frozenset(installed.bot_scopes or ())
        allowed = await asyncio.to_thread(self.allows, workspace)
        missing = lacking(scopes)
        if not allowed or missing or not installed.bot_token:
            _log.warning("installation_refused", workspace=safe_line(workspace), allowed=allowed, missing=missing)
            if allowed:
                # Its token is kept: a workspace that is served has the same one, and would lose it.
                raise RefusedInstallation(
                    f"The app lacks permissions in {name}: {', '.join(missing) or 'a bot token'}."
                )
            await self._revoke(installed.bot_token or "")
            raise RefusedInstallation(f"{name} ({workspace}) may not install this app: its operators did not list it.")
        lasts = installed.bot_token_expires_at
        secrets = {"bot": installed.bot_token, "refresh": installed.bot_refresh_token or ""}
        return Installation(
            id=workspace,
            name=name,
            is_org=org,
            identity={
                "user": installed.bot_user_id or "",
                "bot_id": installed.bot_id or "",
                "app_id": installed.app_id or "",
                "url": installed.enterprise_url or "",
                "scopes": sorted(scopes),
            },
            tokens=self.encryption.encrypt(workspace, secrets),
            installed=now,
            changed=now,
            by=str(installed.user_id or ""),
            expires=datetime.fromtimestamp(lasts, UTC) if lasts else None,
        )

    async def renewed(self, installation: Installation, *, now: datetime) -> Installation:
        """Return an installation with new tokens. Raise TokenNotRenewed, CannotDecrypt."""
        secrets = self.encryption.decrypt(installation.id, installation.tokens)
        try:
            answer = await web_client(api_url=self.settings.slack_api_url).oauth_v2_access(
                client_id=self.settings.slack_client_id,
                client_secret=self.settings.slack_client_secret.get_secret_value(),
                grant_type="refresh_token",
                refresh_token=secrets["refresh"],
            )
            renewed = {"bot": str(answer["access_token"]), "refresh": str(answer["refresh_token"])}
            ends = now + timedelta(seconds=int(answer["expires_in"]))
        except SlackApiError as error:
            raise TokenNotRenewed(str(error.response.get("error"))) from None
        except (SlackClientError, *_UNREACHED, KeyError, ValueError, TypeError) as error:
            raise TokenNotRenewed(type(error).__name__) from None
        tokens = self.encryption.encrypt(installation.id, renewed)
        return replace(installation, tokens=tokens, expires=ends, changed=now)

    async def _revoke(self, token: str) -> None:
        """Give the token of a workspace back that is not served."""
        try:
            await web_client(api_url=self.settings.slack_api_url, token=token).auth_revoke()
        except (SlackClientError, *_UNREACHED) as error:
            _log.warning("token_not_revoked", error=type(error).__name__)


def identity_of(installation: Installation) -> Identity:
    """Return the bot's identity in a workspace or an organisation."""
    kept = installation.identity
    return Identity(
        team=installation.id,
        team_name=installation.name,
        user=str(kept["user"]),
        bot_id=str(kept["bot_id"]),
        enterprise=installation.id if installation.is_org else "",
        app_id=str(kept["app_id"]),
        url=str(kept["url"]),
        scopes=frozenset(kept["scopes"]),
    )
