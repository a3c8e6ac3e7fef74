"""The choice of the cluster; a wrong configuration gets one line that says what to change."""

import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError, Misconfigured, Unauthorized, Unreachable
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings

HERE = Path(__file__).parent
pytestmark = pytest.mark.usefixtures("bare")


def config(
    file: Path, server: str, *, context: str = "prod", user: dict | None = None, also: dict | None = None
) -> Path:
    """Write a kubeconfig with one context."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        json.dumps(
            {
                "clusters": [{"name": f"{context}-cluster", "cluster": {"server": server, **(also or {})}}],
                "users": [{"name": f"{context}-admin", "user": user or {"token": "t"}}],
                "contexts": [
                    {
                        "name": context,
                        "context": {"cluster": f"{context}-cluster", "user": f"{context}-admin", "namespace": "shop"},
                    }
                ],
                "current-context": context,
            }
        )
    )
    return file


async def refused(expected: type[ClusterError], *, context: str = "", kubeconfig: Path | None = None) -> str:
    """Return the text of the error and check that it is one line."""
    with pytest.raises(expected) as error:
        async with connect(context=context, kubeconfig=kubeconfig, settings=ClusterSettings(call_timeout=0.2)):
            pytest.fail("this must not connect")
    line = str(error.value)
    assert "\n" not in line
    assert len(line) < 512
    return line


async def test_the_given_file_and_its_current_context(cluster: SimulatedCluster, tmp_path: Path) -> None:
    file = config(tmp_path / "config", cluster.url)

    async with connect(kubeconfig=file) as connection:
        assert (connection.name, connection.default_namespace) == ("prod", "shop")
        assert connection.server == cluster.url


async def test_the_default_kubeconfig_is_used(cluster: SimulatedCluster) -> None:
    config(Path.home() / ".kube" / "config", cluster.url, context="home")

    async with connect() as connection:
        assert connection.name == "home"


async def test_several_files_are_merged_and_the_first_wins(
    cluster: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = config(tmp_path / "a", cluster.url, context="blue")
    second = config(tmp_path / "b", cluster.url, context="green")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'absent'}:{second}")

    async with connect() as connection:
        assert connection.name == "blue"
    async with connect(context="green") as connection:
        assert connection.name == "green"


async def test_no_kubeconfig_at_all() -> None:
    line = await refused(Misconfigured)

    assert line == (
        "no kubeconfig was found, and this process does not run in a pod; set KUBECONFIG, or create ~/.kube/config"
    )


async def test_a_missing_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "absent does not exist" in await refused(Misconfigured, kubeconfig=tmp_path / "absent")
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    assert (
        await refused(Misconfigured) == "the kubeconfig /nowhere/config does not exist; check the variable KUBECONFIG"
    )


async def test_an_unknown_context_names_the_closest(tmp_path: Path) -> None:
    file = config(tmp_path / "config", "https://127.0.0.1:1", context="production-eu")

    line = await refused(Misconfigured, context="prodction-eu", kubeconfig=file)
    assert line == f'there is no context "prodction-eu" in {file}; did you mean "production-eu"?'
    line = await refused(Misconfigured, context="zzz", kubeconfig=file)
    assert line.endswith("available: production-eu")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("clusters:\n- name: a\n  cluster: {server: 'x'\ncontexts: [", "config:4: not valid YAML: "),
        ("just words", "not a kubeconfig: a str, expected a mapping"),
        ("contexts: {}\nclusters: 3\n", "clusters is a int, expected a list"),
        ("contexts: [{context: {}}]", "contexts[0] has no name"),
        ("contexts: [{name: a, context: [1]}]\ncurrent-context: a", 'context of "a" in contexts is not a mapping'),
        (
            "contexts: [{name: a, context: {cluster: b}}]\ncurrent-context: a",
            'refers to the cluster "b", which does not exist',
        ),
        ("contexts: [{name: a}]\ncurrent-context: b", "(its current-context); available: a"),
        ("contexts: [{name: a}]", "sets no current-context; name one with --context: available: a"),
        ("", "sets no current-context"),
        ("a: \x00b", "not valid YAML"),
    ],
)
async def test_a_broken_file_is_named_with_its_problem(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)

    line = await refused(Misconfigured, kubeconfig=file)

    assert str(file) in line
    assert says in line


async def test_a_broken_file_is_not_quoted(tmp_path: Path) -> None:
    """The file contains credentials: neither the line nor the chained error may show any."""
    file = tmp_path / "config"
    file.write_text('users: [{name: a, user: {token: "sesame-open"\n  oops')
    with pytest.raises(Misconfigured) as error:
        async with connect(kubeconfig=file):
            pass

    assert "sesame" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "server", ["", "10.0.0.1:6443", "ftp://host", "https://", "https://user:sesame@host:6443", "https://host:99999"]
)
async def test_a_server_that_is_not_a_url(tmp_path: Path, server: str) -> None:
    line = await refused(Misconfigured, kubeconfig=config(tmp_path / "config", server))

    assert 'the server of cluster "prod-cluster"' in line
    assert "sesame" not in line


async def test_nothing_listens_at_the_address(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{free.getsockname()[1]}"
    file = config(tmp_path / "config", server)

    assert await refused(Unreachable, kubeconfig=file) == (
        f'context "prod": {server}: connection refused; '
        f'check the server of cluster "prod-cluster" in {file}, or your VPN'
    )


async def test_an_unknown_host(tmp_path: Path) -> None:
    line = await refused(Unreachable, kubeconfig=config(tmp_path / "config", "http://no-such-host.invalid"))

    assert "the host name is not known" in line or "no answer within" in line


async def test_a_server_that_hangs(cluster: SimulatedCluster, tmp_path: Path) -> None:
    cluster.fail(path_prefix="/version", hang=True)

    line = await refused(Unreachable, kubeconfig=config(tmp_path / "config", cluster.url))
    assert f"{cluster.url}: no answer within 0.2 s; check the server" in line


async def test_credentials_that_are_not_accepted(cluster: SimulatedCluster, tmp_path: Path) -> None:
    cluster.token = "sesame"
    file = config(tmp_path / "config", cluster.url, user={"token": "open-barley"})

    line = await refused(Unauthorized, kubeconfig=file)
    assert line == (
        'the API server of context "prod" does not accept the credentials (401); '
        f'they are expired or belong to another cluster: log in again, or renew user "prod-admin" in {file}'
    )


async def test_a_server_that_refuses_its_version_is_reachable(cluster: SimulatedCluster, tmp_path: Path) -> None:
    cluster.fail(path_prefix="/version", status=403, body={"kind": "Status", "message": "no"})

    async with connect(kubeconfig=config(tmp_path / "config", cluster.url)) as connection:
        assert connection.name == "prod"


@pytest.fixture
async def secure_server(tmp_path: Path) -> AsyncIterator[str]:
    """Serve https with a self-signed certificate."""

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"major": "1"})

    application = web.Application()
    application.router.add_get("/version", version)
    runner = web.AppRunner(application)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(HERE / "self-signed.pem")
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_untrusted_certificate(secure_server: str, tmp_path: Path) -> None:
    file = config(tmp_path / "config", secure_server)

    line = await refused(Unreachable, kubeconfig=file)
    assert f"{secure_server} presents a certificate that is not trusted: self-signed certificate" in line
    assert f'check certificate-authority and tls-server-name of cluster "prod-cluster" in {file}' in line


async def test_a_certificate_trusted_by_the_kubeconfig(secure_server: str, tmp_path: Path) -> None:
    """The authority's file name is relative to the kubeconfig."""
    (tmp_path / "ca.pem").write_text((HERE / "self-signed.pem").read_text())
    named = {"certificate-authority": "ca.pem", "tls-server-name": "casebook.test"}

    async with connect(kubeconfig=config(tmp_path / "config", secure_server, also=named)) as connection:
        assert connection.server == secure_server
    skipped = {"insecure-skip-tls-verify": True}
    async with connect(kubeconfig=config(tmp_path / "config", secure_server, also=skipped)):
        pass


async def test_a_server_without_tls(cluster: SimulatedCluster, tmp_path: Path) -> None:
    line = await refused(Unreachable, kubeconfig=config(tmp_path / "config", cluster.url.replace("http:", "https:")))

    assert "TLS failed" in line
    assert "uses https" in line


@pytest.mark.parametrize("authority", ["bm90IGEgY2VydGlmaWNhdGU=", "%%%"])
async def test_an_authority_file_that_is_not_a_certificate(tmp_path: Path, authority: str) -> None:
    file = config(tmp_path / "config", "https://127.0.0.1:1", also={"certificate-authority-data": authority})

    assert str(file) in await refused(Misconfigured, kubeconfig=file)


async def test_in_a_pod_without_its_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    assert "the service account of this pod cannot be used" in await refused(Misconfigured)
    assert "the service account of this pod cannot be used" in await refused(Misconfigured, context="in-cluster")


async def test_in_cluster_outside_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy does not list the contexts of an unrelated kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(config(tmp_path / "config", "https://10.0.0.1:6443")))

    assert "this process does not run in one; name a context" in await refused(Misconfigured, context="in-cluster")


async def test_an_unsupported_proxy(tmp_path: Path) -> None:
    file = config(tmp_path / "config", "https://10.0.0.1:6443", also={"proxy-url": "socks5://user:sesame@proxy:1080"})

    line = await refused(Misconfigured, kubeconfig=file)
    assert "socks5://proxy:1080" in line
    assert "sesame" not in line
