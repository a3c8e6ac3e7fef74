"""Credentials from a command or a file, renewed while a connection is open."""

import asyncio
import json
import resource
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cluster.contexts import connect
from bot.cluster.errors import ClusterError, Misconfigured, Unauthorized
from bot.cluster.snapshot import Snapshot
from bot.playground.kubernetes import SimulatedCluster
from bot.settings.prometheus import ClusterSettings
from tests.waiting import until

VERSION = "client.authentication.k8s.io/v1"
Configure = Callable[..., Path]


@pytest.fixture
def with_plugin(cluster: SimulatedCluster, tmp_path: Path) -> Configure:
    """Write a kubeconfig whose user logs in by running `body` (Python) and counts its runs in `runs`."""

    def configure(body: str, **spec: object) -> Path:
        plugin = tmp_path / "login-plugin"
        count = f"open({str(tmp_path / 'runs')!r}, 'a').write('x')"
        plugin.write_text(f"#!{sys.executable} -S\nimport json, sys, time\n{count}\n{body}\n")
        plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
        content = cluster.kubeconfig()
        content["users"][0]["user"] = {"exec": {"apiVersion": VERSION, "command": "./login-plugin", **spec}}
        file = tmp_path / "config"
        file.write_text(json.dumps(content))
        return file

    return configure


def answers(status: dict) -> str:
    return f"print({json.dumps({'apiVersion': VERSION, 'kind': 'ExecCredential', 'status': status})!r})"


async def test_a_command_logs_us_in(cluster: SimulatedCluster, with_plugin: Configure, tmp_path: Path) -> None:
    cluster.token = "sesame"
    file = with_plugin(answers({"token": "sesame"}))

    async with connect(kubeconfig=file) as connection, Snapshot(connection) as snapshot:
        await snapshot.list("Pod")
        await snapshot.list("Node")
    assert (tmp_path / "runs").read_text() == "x"


async def test_the_login_command_cannot_read_the_paste(cluster: SimulatedCluster, with_plugin: Configure) -> None:
    """Standard input belongs to `casebook explain -`."""
    cluster.token = "0"
    file = with_plugin(
        "token = str(len(sys.stdin.read()))\n" + answers({"token": "sesame"}).replace('"sesame"', "\"' + token + '\"")
    )

    async with connect(kubeconfig=file):
        pass


async def test_an_expired_token_is_renewed_once_for_all(
    cluster: SimulatedCluster, with_plugin: Configure, tmp_path: Path
) -> None:
    cluster.token = "sesame"
    file = with_plugin(answers({"token": "sesame", "expirationTimestamp": "2020-01-01T00:00:00Z"}))

    async with connect(kubeconfig=file):
        pass
    assert (tmp_path / "runs").read_text() == "xx"


async def test_reads_refused_together_log_in_once(
    cluster: SimulatedCluster, with_plugin: Configure, tmp_path: Path
) -> None:
    """The command prints a file's content: first an old token, then the valid one."""
    cluster.token = "old"
    current = tmp_path / "current"
    current.write_text("old")
    token = f"open({str(current)!r}).read()"
    file = with_plugin(
        f"print(json.dumps({{'apiVersion': {VERSION!r}, 'kind': 'ExecCredential', 'status': {{'token': {token}}}}}))"
    )

    async with connect(kubeconfig=file) as connection, Snapshot(connection) as snapshot:
        cluster.token = "new"
        current.write_text("new")
        await asyncio.gather(*(snapshot.list(kind) for kind in ("Pod", "Node", "Service", "Secret", "Event", "Lease")))

    assert (tmp_path / "runs").read_text() == "xx"


async def test_a_token_file_is_read_again_after_a_401(cluster: SimulatedCluster, tmp_path: Path) -> None:
    cluster.token = "sesame"
    (tmp_path / "token").write_text("sesame\n")
    content = cluster.kubeconfig()
    content["users"][0]["user"] = {"tokenFile": "token"}
    file = tmp_path / "config"
    file.write_text(json.dumps(content))

    async with connect(kubeconfig=file) as connection, Snapshot(connection) as snapshot:
        cluster.token = "barley"
        (tmp_path / "token").write_text("barley\n")
        assert (await snapshot.list("Pod")).items
        cluster.token = "oats"
        with pytest.raises(Unauthorized):
            await snapshot.list("Node")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("sys.stderr.write('hint\\nexpired, token=sesame\\n'); sys.exit(3)", "failed (3): expired, token=[redacted]"),
        ("sys.exit(1)", "failed (1): no error message"),
        ("print('sesame')", "does not answer with an ExecCredential"),
        ("print('[]')", "does not answer with an ExecCredential"),
        (answers({}), "answers with neither a token nor a client certificate"),
        (answers({"token": "a\nb"}), "contains a line break"),
        (
            answers({"token": "sesame"}).replace("/v1", "/v1beta1"),
            "answers with client.authentication.k8s.io/v1beta1, expected",
        ),
        ("sys.stderr.write('expired\\n\\x1b]0;login\\x07\\x1b[0m\\n'); sys.exit(3)", "failed (3): expired; log in"),
    ],
)
async def test_a_command_that_fails_is_one_line(with_plugin: Configure, body: str, says: str) -> None:
    line = await refused(with_plugin(body), login_timeout=30)

    assert says in line
    assert "sesame" not in line
    assert "\n" not in line


async def test_a_command_that_does_not_answer_times_out(with_plugin: Configure) -> None:
    line = await refused(with_plugin("time.sleep(60)"), login_timeout=0.3)

    assert "has not answered within 0.3 s" in line
    assert "\n" not in line


async def refused(kubeconfig: Path, *, login_timeout: float) -> str:
    with pytest.raises(Misconfigured) as refused:
        async with connect(kubeconfig=kubeconfig, settings=ClusterSettings(login_timeout=login_timeout)):
            pytest.fail("this must not connect")
    return str(refused.value)


async def test_endless_output_of_a_command_does_not_fill_memory(with_plugin: Configure) -> None:
    file = with_plugin("while True:\n    sys.stdout.write('sesame' * 100_000)")
    # Pages of the interpreter that are not loaded yet would distort the first measurement.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(Misconfigured, match="does not answer with an ExecCredential: the answer has more than 1 MiB"):
        async with connect(kubeconfig=file, settings=ClusterSettings(login_timeout=5)):
            pytest.fail("this must not connect")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


async def test_child_processes_of_a_command_end_with_it(with_plugin: Configure, tmp_path: Path) -> None:
    child = tmp_path / "child"
    body = f"""
import subprocess
started = subprocess.Popen(["sleep", "60"])
open({str(child)!r}, "w").write(str(started.pid))
started.wait()
"""

    with pytest.raises(Misconfigured, match="has not answered"):
        async with connect(kubeconfig=with_plugin(body), settings=ClusterSettings(login_timeout=1)):
            pytest.fail("this must not connect")

    await until(lambda: not runs(int(child.read_text())))


def runs(process: int) -> bool:
    """Return whether a process is still running; one that ended without being waited for is a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_command_that_is_not_installed_says_how_to_install_it(with_plugin: Configure) -> None:
    file = with_plugin("", command="no-such-login", installHint="Get it\nfrom your provider.")

    with pytest.raises(Misconfigured) as refused:
        async with connect(kubeconfig=file):
            pytest.fail("this must not connect")

    assert str(refused.value) == (
        'the login command "no-such-login" of user "casebook" cannot be run: no such file or directory; '
        "Get it from your provider."
    )


async def test_a_client_certificate_without_its_key(with_plugin: Configure) -> None:
    with pytest.raises(ClusterError, match="neither a token nor a client certificate with its key"):
        async with connect(kubeconfig=with_plugin(answers({"clientCertificateData": "x"}))):
            pytest.fail("this must not connect")
