"""Run a PostgreSQL server for tests that use both databases; their conftest imports the fixtures."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bot.store.database import parse_url
from bot.store.migration import migrate

SETTINGS = {
    "listen_addresses": "",  # a socket in a directory: no port to collide on
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
}


class Server:
    """A PostgreSQL server, reached through its socket; `who` is the operating system's user."""

    def __init__(self, directory: Path, command: list[str], who: dict[str, Any]) -> None:
        self._directory = directory
        self._command = command
        self._who = who
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        log = self._directory / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output, cwd="/", **self._who)
        _wait(self, self._process, log)

    def stop(self, *, crash: bool = True) -> None:
        """End every connection and stop; with `crash` without a checkpoint, so that the next start recovers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        self._process.wait(10)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._directory}"

    def create(self) -> str:
        """Create an empty database and return its URL."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def execute(self, name: str, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_server(**settings: str) -> Iterator[Server]:
    """Run a server for the block, as another user than root, which PostgreSQL refuses."""
    programs = _programs()
    # Not pytest's directory: an unprivileged user may not enter it.
    directory = Path(tempfile.mkdtemp(prefix="casebook-pg-"))
    who = _unprivileged(directory)
    try:
        _run([programs / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"], who)
        options = [part for name, value in (SETTINGS | settings).items() for part in ("-c", f"{name}={value}")]
        command = [programs / "postgres", "-D", directory / "data", "-k", directory, *options]
        server = Server(directory, [str(part) for part in command], who)
        try:
            server.start()
            yield server
        finally:
            # Its files are about to be deleted.
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Server) -> str:
    """Return the URL of a migrated PostgreSQL database that tests share: creating one takes half a second."""
    url = postgres.create()
    migrate(parse_url(url))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Run every test that uses this fixture, even indirectly, on both databases."""
    return str(request.param)


def _programs() -> Path:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    found = str(versions[-1]) if versions else shutil.which("postgres")
    if not found:
        pytest.skip("needs PostgreSQL's server: run `make ci-tools`")
    return Path(found).parent


def _version(path: Path) -> int:
    return int((re.findall(r"/(\d+)/", str(path)) or ["0"])[0])


def _unprivileged(directory: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list[Any], who: dict[str, Any]) -> None:
    options = ["--no-sync", "--no-locale"]
    done = subprocess.run(
        [*map(str, command), *options], cwd="/", capture_output=True, text=True, timeout=30, check=False, **who
    )
    assert done.returncode == 0, done.stderr


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
            return
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < until, log.read_text("utf-8", "replace")
            time.sleep(0.02)
