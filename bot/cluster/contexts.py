"""From "which cluster?" to an open connection: a kubeconfig's context, or the service account of our own pod."""

from __future__ import annotations

import asyncio
import os
import ssl
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.incluster_config import load_incluster_config
from kubernetes.aio.config.kube_config import ConfigNode, KubeConfigLoader

from bot.cluster import exec_plugin, kubeconfig
from bot.cluster.connection import Connection, Origin
from bot.cluster.errors import Misconfigured
from bot.cluster.settings import ClusterSettings

# The name of the context that every pod has by its service account.
IN_CLUSTER: Final = "in-cluster"
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@asynccontextmanager
async def connect(
    *, context: str = "", kubeconfig: Path | None = None, settings: ClusterSettings | None = None
) -> AsyncIterator[Connection]:
    """An open connection whose API server has answered once: `async with connect(context="prod") as connection`.

    Without names, as kubectl chooses: KUBECONFIG, ~/.kube/config, and in a pod its service account; "in-cluster" names
    the last one. Raises Misconfigured, Unauthorized, Unreachable or TimedOut, each naming what to change.
    """
    connection = await _open(context=context, explicit=kubeconfig, settings=settings or ClusterSettings())
    async with connection:
        await connection.check()
        yield connection


async def _open(*, context: str, explicit: Path | None, settings: ClusterSettings) -> Connection:
    if context != IN_CLUSTER or explicit is not None:
        files = kubeconfig.locate(explicit, environment=os.environ)
        if files:
            merged = await asyncio.to_thread(kubeconfig.load, files)
            return await _from_kubeconfig(merged.choose(context), settings=settings)
    if "KUBERNETES_SERVICE_HOST" in os.environ and context in ("", IN_CLUSTER):
        return await _in_cluster(settings=settings)
    if context:
        raise Misconfigured(
            detail=f'there is no context "{context}": no kubeconfig was found', remedy="name its file with KUBECONFIG"
        )
    raise Misconfigured(
        detail="no kubeconfig was found, and this is no pod of a cluster",
        remedy="set KUBECONFIG, create ~/.kube/config, or pass --kubeconfig",
    )


async def _in_cluster(*, settings: ClusterSettings) -> Connection:
    place = "the service account of this pod"
    configuration = _configuration()
    try:
        await asyncio.to_thread(load_incluster_config, configuration)
    except (ConfigException, OSError) as error:
        raise Misconfigured(detail=f"{place} cannot be used: {error}", remedy="mount it, or set KUBECONFIG") from error
    try:
        namespace = (await asyncio.to_thread(_NAMESPACE_FILE.read_text)).strip()
    except OSError:
        namespace = ""
    origin = Origin(context=IN_CLUSTER, server=configuration.host, place=place, credentials=place)
    client = await _client(configuration, origin=origin)
    return Connection(client=client, origin=origin, settings=settings, default_namespace=namespace or "default")


async def _from_kubeconfig(chosen: kubeconfig.Chosen, *, settings: ClusterSettings) -> Connection:
    server = str(chosen.cluster.value.get("server") or "")
    if not server:
        raise Misconfigured(detail=f'cluster "{chosen.cluster.name}" in {chosen.cluster.file} has no server')
    origin = Origin(
        context=chosen.context.name,
        server=_shown(server),
        place=str(chosen.cluster.file),
        cluster=chosen.cluster.name,
        credentials=f'user "{chosen.user.name}" in {chosen.user.file}' if chosen.user.name else "a user of the context",
    )
    configuration = _configuration()
    login = _Login(chosen, settings=settings)
    await login.apply(configuration)
    if configuration.proxy is None:
        configuration.proxy = _environment_proxy(server)
    client = await _client(configuration, origin=origin)
    return Connection(
        client=client,
        origin=origin,
        settings=settings,
        default_namespace=chosen.namespace,
        renew=lambda: login.renew(configuration),
    )


def _configuration() -> Configuration:
    configuration = Configuration()
    # Go accepts certificates without the extensions that Python has come to insist on; clusters still carry such CAs.
    configuration.disable_strict_ssl_verification = True
    return configuration


async def _client(configuration: Configuration, *, origin: Origin) -> ApiClient:
    configuration.retries = None
    # The proxy is chosen by Go's rules beside; aiohttp's would also take credentials from ~/.netrc.
    configuration.client_session_kwargs = {"trust_env": False}
    try:
        client = await asyncio.to_thread(ApiClient, configuration)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise Misconfigured(
            detail=f'the certificates of context "{origin.context}" cannot be used: {error}',
            remedy=f"check certificate-authority and client-certificate in {origin.place}",
        ) from error
    client.user_agent = "kube-casebook"
    return client


class _Login:
    """The credentials of one kubeconfig user, and how to renew them while a connection stays open."""

    def __init__(self, chosen: kubeconfig.Chosen, *, settings: ClusterSettings) -> None:
        self._chosen = chosen
        self._settings = settings
        self._lock = asyncio.Lock()
        self._credential: exec_plugin.Credential | None = None

    async def apply(self, configuration: Configuration) -> None:
        """Fill server, TLS and credentials in. Raises Misconfigured."""
        chosen = self._chosen
        user = dict(chosen.user.value)
        if isinstance(user.get("exec"), dict):
            self._credential = await self._run(user.pop("exec"))
            user |= self._credential.as_user()
            configuration.refresh_api_key_hook = self._before_each_call
        subject = f'user "{chosen.user.name}" and cluster "{chosen.cluster.name}"'
        try:
            await KubeConfigLoader(_as_library(chosen, user=user)).load_and_set(configuration)
        except (ConfigException, ValueError, TypeError, KeyError, OSError) as error:
            raise Misconfigured(
                detail=f"the settings of {subject} in {chosen.user.file} cannot be used: {error}"
            ) from error

    async def renew(self, configuration: Configuration) -> bool:
        """After a 401: log in again if there is a way to; whether there was."""
        spec, file = self._chosen.user.value.get("exec"), self._chosen.user.value.get("tokenFile")
        if isinstance(spec, dict):
            async with self._lock:
                await self._again(configuration, spec)
            return bool(self._credential and self._credential.token)
        if file:
            await self.apply(configuration)
        return bool(file)

    async def _before_each_call(self, configuration: Configuration) -> None:
        async with self._lock:
            if self._credential is not None and self._credential.is_stale:
                await self._again(configuration, self._chosen.user.value["exec"])

    async def _again(self, configuration: Configuration, spec: Mapping[str, Any]) -> None:
        self._credential = await self._run(spec)
        if self._credential.token:
            configuration.api_key["BearerToken"] = f"Bearer {self._credential.token}"

    async def _run(self, spec: Mapping[str, Any]) -> exec_plugin.Credential:
        return await exec_plugin.run(
            spec,
            user=self._chosen.user.name,
            directory=self._chosen.user.file.parent,
            patience=self._settings.login_timeout,
        )


def _as_library(chosen: kubeconfig.Chosen, *, user: Mapping[str, Any]) -> ConfigNode:
    """A kubeconfig of this one context in the form the library's loader takes."""

    def node(entry: kubeconfig.Entry, field: str, value: Mapping[str, Any]) -> ConfigNode:
        # The path makes relative file names count from the file they were written in.
        return ConfigNode(field, {"name": "it", field: dict(value)}, str(entry.file.absolute()))

    return ConfigNode(
        "kubeconfig",
        {
            "current-context": "it",
            "contexts": [node(chosen.context, "context", {"cluster": "it", "user": "it"})],
            "clusters": [node(chosen.cluster, "cluster", chosen.cluster.value)],
            "users": [node(chosen.user, "user", user)],
        },
        str(chosen.context.file),
    )


def _shown(server: str) -> str:
    """A server's URL as it may be shown: without user and password, path and query."""
    parts = urlsplit(server)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else server


def _environment_proxy(server: str) -> str | None:
    """The proxy of HTTPS_PROXY and NO_PROXY; never one for a server on this machine, as in Go."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
