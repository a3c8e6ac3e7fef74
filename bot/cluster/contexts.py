"""From "which cluster?" to an open connection: a kubeconfig's context, or the service account of our own pod."""

from __future__ import annotations

import asyncio
import os
import ssl
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException
from kubernetes.aio.config.incluster_config import load_incluster_config

from bot.cluster import kubeconfig
from bot.cluster.calls import Origin, Watch, unwatched
from bot.cluster.connection import Connection
from bot.cluster.errors import Misconfigured
from bot.cluster.failures import sent_once
from bot.cluster.login import Login
from bot.prometheus.client import opened
from bot.settings.cluster import ClusterSettings
from bot.settings.prometheus import NO_SOURCES, Sources

# The name of the context that every pod has by its service account.
IN_CLUSTER: Final = "in-cluster"
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@asynccontextmanager
async def connect(
    *,
    context: str = "",
    kubeconfig: Path | None = None,
    settings: ClusterSettings | None = None,
    prometheus: Sources = NO_SOURCES,
    watch: Watch = unwatched,
) -> AsyncIterator[Connection]:
    """An open connection whose API server has answered once: `async with connect(context="prod") as connection`.

    Without names, as kubectl chooses: KUBECONFIG, ~/.kube/config, and in a pod its service account; "in-cluster" names
    the last one. Of `prometheus` it takes what belongs to the context; whether that answers shows when it is asked.
    Raises Misconfigured, Unauthorized or Unreachable, each naming what to change.
    """
    connection = await _open(context=context, explicit=kubeconfig, settings=settings or ClusterSettings())
    async with connection, opened(prometheus.of(asked=context, name=connection.name)) as beside:
        connection.prometheus, connection.watch = beside, watch
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
    if context == IN_CLUSTER:
        raise Misconfigured(
            detail=f"{IN_CLUSTER} is the cluster of a pod, and this is no pod of a cluster",
            remedy="name a context of a kubeconfig",
        )
    if context:
        raise Misconfigured(
            detail=f'there is no context "{context}": no kubeconfig was found', remedy="name its file with KUBECONFIG"
        )
    raise Misconfigured(
        detail="no kubeconfig was found, and this is no pod of a cluster",
        remedy="set KUBECONFIG, or create ~/.kube/config",
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
    if not _is_web(server) or "@" in urlsplit(server).netloc:
        raise Misconfigured(
            detail=f'the server of cluster "{chosen.cluster.name}" in {chosen.cluster.file} is "{_shown(server)}"',
            remedy="expected a URL as https://host:6443, without a password",
        )
    origin = Origin(
        context=chosen.context.name,
        server=_shown(server),
        place=str(chosen.cluster.file),
        cluster=chosen.cluster.name,
        credentials=f'user "{chosen.user.name}" in {chosen.user.file}' if chosen.user.name else "a user of the context",
    )
    configuration = _configuration()
    login = Login(chosen, configuration=configuration, settings=settings)
    await login.apply()
    configuration.proxy = configuration.proxy or _environment_proxy(server)
    if configuration.proxy and not _is_web(configuration.proxy):
        raise Misconfigured(
            detail=f'the proxy of context "{origin.context}" is {_shown(configuration.proxy)}: not spoken here',
            remedy=f"expected http or https in proxy-url of {origin.place}, or in HTTPS_PROXY",
        )
    client = await _client(configuration, origin=origin)
    return Connection(
        client=client,
        origin=origin,
        settings=settings,
        default_namespace=chosen.namespace,
        login=login,
    )


def _configuration() -> Configuration:
    configuration = Configuration()
    # Go accepts certificates without the extensions that Python has come to insist on; clusters still carry such CAs.
    configuration.disable_strict_ssl_verification = True
    return configuration


async def _client(configuration: Configuration, *, origin: Origin) -> ApiClient:
    configuration.retries = None
    # The proxy is chosen by Go's rules beside; aiohttp's would also take credentials from ~/.netrc.
    configuration.client_session_kwargs = {"trust_env": False, "middlewares": (sent_once,)}
    try:
        client = await asyncio.to_thread(ApiClient, configuration)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise Misconfigured(
            detail=f'the certificates of context "{origin.context}" cannot be used: {error}',
            remedy=f"check certificate-authority and client-certificate in {origin.place}",
        ) from error
    client.user_agent = "kube-casebook"
    return client


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _shown(url: str) -> str:
    """A URL as it may be shown: without user and password, path and query."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0].rpartition('@')[2]}"


def _environment_proxy(server: str) -> str | None:
    """The proxy of HTTPS_PROXY and NO_PROXY; never one for a server on this machine, as in Go."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
