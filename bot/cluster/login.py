"""The credentials of one kubeconfig user, and how they are renewed while a connection stays open.

Tokens come from the kubeconfig itself, from a file that something else keeps fresh, or from a login command. The client
library only turns them, with the TLS settings, into what it sends.
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
from bot.cluster.exec_plugin import Credential, run
from bot.cluster.kubeconfig import Chosen, Entry
from bot.settings.cluster import ClusterSettings

# Kubelets and operators rewrite token files; client-go reads them again as often.
_TOKEN_FILE_LASTS: Final = timedelta(minutes=2)


class Login:
    """Credentials of one context in `configuration`. `apply` first."""

    def __init__(self, chosen: Chosen, *, configuration: Configuration, settings: ClusterSettings) -> None:
        self._chosen = chosen
        self._configuration = configuration
        self._settings = settings
        self._lock = asyncio.Lock()
        self._credential: Credential | None = None
        self._generation = 0

    async def apply(self) -> None:
        """Fill server, TLS and credentials in. Raises Misconfigured."""
        user = dict(self._chosen.user.value)
        if (credential := await self._obtain()) is not None:
            user.pop("exec", None)
            user.pop("tokenFile", None)
            user |= credential.as_user()
        subject = f'user "{self._chosen.user.name}" or cluster "{self._chosen.cluster.name}"'
        try:
            await _loader(self._chosen, user=user).load_and_set(self._configuration)
        except (ConfigException, ValueError, TypeError, KeyError, OSError) as error:
            raise Misconfigured(
                detail=f"the settings of {subject} in {self._chosen.user.file} cannot be used: {error}"
            ) from error
        if not self._configuration.api_key.get("BearerToken", "").isprintable():
            raise Misconfigured(detail=f"the token of {subject} in {self._chosen.user.file} holds a line break")

    async def ready(self) -> None:
        """Before a call: renew what is about to expire. Raises Misconfigured."""
        if self._credential is not None and self._credential.is_stale:
            async with self._lock:
                if self._credential.is_stale:
                    await self._renew()

    @property
    def generation(self) -> int:
        """How often credentials were obtained so far."""
        return self._generation

    async def renew(self, *, used: int) -> bool:
        """After a 401: log in again, unless it was done since `generation` was `used`; False if there is no way to.

        So the many reads that are refused together log in once.
        """
        async with self._lock:
            if self._credential is not None and self._generation == used:
                await self._renew()
        return self._credential is not None

    async def _renew(self) -> None:
        credential = await self._obtain()
        # A renewed client certificate needs a new connection: the next one has it.
        if credential is not None and credential.token:
            self._configuration.api_key["BearerToken"] = f"Bearer {credential.token}"

    async def _obtain(self) -> Credential | None:
        user = self._chosen.user
        spec, token_file = user.value.get("exec"), user.value.get("tokenFile")
        if token_file:
            self._credential = await asyncio.to_thread(_from_file, user.file.parent / str(token_file), user=user.name)
        elif isinstance(spec, dict):
            self._credential = await run(
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


def _loader(chosen: Chosen, *, user: Mapping[str, Any]) -> KubeConfigLoader:
    """The library's loader over a kubeconfig of this one context."""

    def node(entry: Entry, field: str, value: Mapping[str, Any]) -> ConfigNode:
        # The path makes relative file names count from the file they were written in.
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
