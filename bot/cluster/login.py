"""Hold the credentials of one kubeconfig user and renew them while a connection is open.

Tokens come from the kubeconfig itself, from a file that another program renews, or from a login command. The client
library only turns them and the TLS settings into requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.kube_config import ConfigNode, KubeConfigLoader

from bot.cluster.errors import Misconfigured
from bot.cluster.exec_plugin import Credential, run_plugin
from bot.cluster.kubeconfig import KubeconfigEntry, ResolvedContext
from bot.settings.prometheus import ClusterSettings

# Kubelets and operators rewrite token files; client-go reads them again at the same interval.
_TOKEN_FILE_LASTS: Final = timedelta(minutes=2)


class Login:
    """Writes the credentials of one context into `configuration`. Call `apply` first."""

    def __init__(self, chosen: ResolvedContext, *, configuration: Configuration, settings: ClusterSettings) -> None:
        self._chosen = chosen
        self._configuration = configuration
        self._settings = settings
        self._lock = asyncio.Lock()
        self._credential: Credential | None = None
        self._generation = 0

    async def apply(self) -> None:
        """Set server, TLS and credentials. Raise Misconfigured."""
        user = dict(self._chosen.user.value)
        if (credential := await self._obtain()) is not None:
            user.pop("exec", None)
            user.pop("tokenFile", None)
            user |= credential.as_user()
        subject = f'user "{self._chosen.user.name}" or cluster "{self._chosen.cluster.name}"'
        try:
            # It may call an OIDC issuer, without a time limit of its own.
            async with asyncio.timeout(self._settings.login_timeout):
                await _loader(self._chosen, user=user).load_and_set(self._configuration)
        except TimeoutError as error:
            raise Misconfigured(
                detail=f"the login of {subject} has not answered within {self._settings.login_timeout:g} s"
            ) from error
        except (ConfigException, ValueError, TypeError, KeyError, OSError) as error:
            raise Misconfigured(
                detail=f"the settings of {subject} in {self._chosen.user.file} cannot be used: {error}"
            ) from error
        if not self._configuration.api_key.get("BearerToken", "").isprintable():
            raise Misconfigured(detail=f"the token of {subject} in {self._chosen.user.file} contains a line break")

    async def ready(self) -> None:
        """Renew credentials that are about to expire; called before each call. Raise Misconfigured."""
        if self._credential is not None and self._credential.is_stale:
            async with self._lock:
                if self._credential.is_stale:
                    await self._renew()

    @property
    def generation(self) -> int:
        """Return how often credentials were obtained so far."""
        return self._generation

    async def renew(self, *, used: int) -> bool:
        """Log in again after a 401, unless a newer login than `used` exists; return False if that is impossible.

        Many reads that are refused together therefore log in once.
        """
        async with self._lock:
            if self._credential is not None and self._generation == used:
                await self._renew()
        return self._credential is not None

    async def _renew(self) -> None:
        credential = await self._obtain()
        # A renewed client certificate needs a new connection, so only the next one uses it.
        if credential is not None and credential.token:
            self._configuration.api_key["BearerToken"] = f"Bearer {credential.token}"

    async def _obtain(self) -> Credential | None:
        user = self._chosen.user
        spec, token_file = user.value.get("exec"), user.value.get("tokenFile")
        if token_file:
            self._credential = await asyncio.to_thread(_from_file, user.file.parent / str(token_file), user=user.name)
        elif isinstance(spec, dict):
            self._credential = await run_plugin(
                spec, user=user.name, directory=user.file.parent, patience=self._settings.login_timeout
            )
        self._generation += 1
        return self._credential


def _from_file(file: Path, *, user: str) -> Credential:
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(detail=f'the tokenFile {file} of user "{user}" cannot be read') from error
    return Credential(token=token, expires=datetime.now(UTC) + _TOKEN_FILE_LASTS)


def _loader(chosen: ResolvedContext, *, user: Mapping[str, Any]) -> KubeConfigLoader:
    """Return the library's loader for a kubeconfig with only this context."""

    def node(entry: KubeconfigEntry, field: str, value: Mapping[str, Any]) -> ConfigNode:
        # The path makes relative file names start at the directory of their own file.
        return ConfigNode(field, {"name": "it", field: dict(value)}, str(entry.file.absolute()))

    document = ConfigNode(
        "kubeconfig",
        {
            "current-context": "it",
            "contexts": [node(chosen.context, "context", {"cluster": "it", "user": "it"})],
            "clusters": [node(chosen.cluster, "cluster", chosen.cluster.value)],
            "users": [node(chosen.user, "user", user)],
        },
        str(chosen.context.file),
    )
    return KubeConfigLoader(document, config_base_path=None)
