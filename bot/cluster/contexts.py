"""Open a connection for a cluster: by a kubeconfig context, or by the service account of this pod."""

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
from bot.cluster.api_calls import CallObserver, ConnectionOrigin, ignore_call
from bot.cluster.call_errors import refuse_redirects, send_once
from bot.cluster.connection import Connection
from bot.cluster.errors import Misconfigured
from bot.cluster.login import Login
from bot.prometheus import open_prometheus
from bot.settings.prometheus import NO_SOURCES, ClusterSettings, Sources

# The context name for the service account that every pod has.
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
    watch: CallObserver = ignore_call,
) -> AsyncIterator[Connection]:
    """Open a connection and check it with one call: `async with connect(context="prod") as connection`.

    Without a name the choice is kubectl's: KUBECONFIG, ~/.kube/config, and in a pod its service account, also named
    "in-cluster". The matching source in `prometheus` is attached; it is not called yet. Raises Misconfigured,
    Unauthorized or Unreachable, each naming what to change.
    """
    connection = await _open(context=context, explicit=kubeconfig, settings=settings or ClusterSettings())
    async with connection, open_prometheus(prometheus.of(context=context, name=connection.name)) as beside:
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
            detail=f"{IN_CLUSTER} works only inside a pod, and this process does not run in one",
            remedy="name a context of a kubeconfig",
        )
    if context:
        raise Misconfigured(
            detail=f'there is no context "{context}": no kubeconfig was found', remedy="name its file with KUBECONFIG"
        )
    raise Misconfigured(
        detail="no kubeconfig was found, and this process does not run in a pod",
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
    origin = ConnectionOrigin(context=IN_CLUSTER, server=configuration.host, place=place, credentials=place)
    client = await _client(configuration, origin=origin)
    return Connection(client=client, origin=origin, settings=settings, default_namespace=namespace or "default")


async def _from_kubeconfig(chosen: kubeconfig.ResolvedContext, *, settings: ClusterSettings) -> Connection:
    server = str(chosen.cluster.value.get("server") or "")
    if not _is_web(server) or "@" in urlsplit(server).netloc:
        raise Misconfigured(
            detail=f'the server of cluster "{chosen.cluster.name}" in {chosen.cluster.file} is "{_shown(server)}"',
            remedy="expected a URL as https://host:6443, without a password",
        )
    origin = ConnectionOrigin(
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
            detail=f'the proxy of context "{origin.context}" is {_shown(configuration.proxy)}, which is not supported',
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
    # Go accepts CA certificates without the extensions that newer Python requires, and clusters still use such CAs.
    configuration.disable_strict_ssl_verification = True
    return configuration


async def _client(configuration: Configuration, *, origin: ConnectionOrigin) -> ApiClient:
    configuration.retries = None
    # Any number: a watch holds its connection for minutes, and `Connection` bounds the calls in flight.
    configuration.connection_pool_maxsize = 0
    # The proxy is chosen by Go's rules; aiohttp's would also take credentials from ~/.netrc.
    # Each call in flight buffers this much; the library's default is for watches.
    configuration.client_session_kwargs = {
        "trust_env": False,
        "middlewares": (refuse_redirects, send_once),
        "read_bufsize": 1 << 16,
    }
    try:
        client = await asyncio.to_thread(_made, configuration)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise Misconfigured(
            detail=f'the certificates of context "{origin.context}" cannot be used: {error}',
            remedy=f"check certificate-authority and client-certificate in {origin.place}",
        ) from error
    client.user_agent = "kube-casebook"
    return client


# The certificates of public authorities, by whether they are checked: a megabyte that each client would load.
_PUBLIC: Final[dict[bool, ssl.SSLContext]] = {}


def _made(configuration: Configuration) -> ApiClient:
    client = ApiClient(configuration)
    if not (configuration.ssl_ca_cert or configuration.ca_cert_data or configuration.cert_file):
        checked = bool(configuration.verify_ssl)
        client.rest_client.ssl_context = _PUBLIC.setdefault(checked, client.rest_client.ssl_context)
    return client


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _shown(url: str) -> str:
    """Return a URL without user, password, path and query, safe to show."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0].rpartition('@')[2]}"


def _environment_proxy(server: str) -> str | None:
    """Return the proxy of HTTPS_PROXY and NO_PROXY; as in Go, never one for a server on this machine."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(parts.scheme)
