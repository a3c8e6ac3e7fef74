"""`casebook serve` that cannot start prints one clear line with the setting and the remedy, and exits with 2."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.slack.scopes import SCOPES
from bot.store.migration import VERSION_TABLE
from tests.command_line.conftest import Server
from tests.databases import JOBS, STORE, lay_out
from tests.postgres import Server as Postgres
from tests.postgres import postgres
from tests.slack_administration import revoke_token

# Used as a fixture, by name.
__all__ = ["postgres"]

Run = Callable[..., Any]

# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
OVERRIDING = 0b110
PR_GET_SECUREBITS, PR_SET_SECUREBITS, NO_SETUID_FIXUP = 27, 28, 0b100


@pytest.fixture
def cluster() -> Iterator[SimulatedCluster]:
    simulated = SimulatedCluster()
    with Server(simulated):
        yield simulated


@pytest.fixture
def slack() -> Iterator[SimulatedSlack]:
    simulated = SimulatedSlack(paced=False, scopes=[scope.name for scope in SCOPES])
    with Server(simulated):
        yield simulated


@pytest.fixture
def variables(
    slack: SimulatedSlack, cluster: SimulatedCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., None]:
    """Set valid settings; the result changes single ones by their name without the prefix."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps(cluster.kubeconfig()), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    lay_out(tmp_path / "data")

    def change(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"CASEBOOK_{name.upper()}", value)

    change(
        slack_api_url=slack.api_url,
        slack_bot_token=slack.bot_token,
        slack_signing_secret=slack.signing_secret,
        listen="127.0.0.1:0",
        data=str(tmp_path / "data"),
    )
    return change


@contextlib.contextmanager
def modes_hold_for_root_as_well() -> Iterator[None]:
    """Drop the capabilities that override file modes, for this thread and those it starts."""
    libc, header, capabilities = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, capabilities) == 0
    effective, bits = capabilities[0], libc.prctl(PR_GET_SECUREBITS)
    capabilities[0] &= ~OVERRIDING
    # access(2) would otherwise check what root is permitted, not the effective capabilities.
    libc.prctl(PR_SET_SECUREBITS, bits | NO_SETUID_FIXUP)
    assert libc.capset(header, capabilities) == 0
    try:
        yield
    finally:
        capabilities[0] = effective
        assert libc.capset(header, capabilities) == 0
        libc.prctl(PR_SET_SECUREBITS, bits)


def line_of(ran: Any) -> str:
    """Return the only line of `casebook serve`, which must exit with 2."""
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.err.splitlines()
    assert re.match(r"casebook: \S", line)
    assert "Errno" not in line
    assert "Error" not in line
    return str(line)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"slack_bot_token": "xoxb-wrong"},
            "CASEBOOK_SLACK_BOT_TOKEN: Slack does not accept this token (invalid_auth): copy the Bot User OAuth Token",
        ),
        (
            {"slack_app_token": "xapp-wrong"},
            "CASEBOOK_SLACK_APP_TOKEN: Slack does not accept this token (invalid_auth): create an app-level token",
        ),
        ({"context": "prod"}, 'CASEBOOK_CONTEXT: there is no context "prod" in '),
        ({"contexts": "simulated,prod"}, 'CASEBOOK_CONTEXTS: there is no context "prod" in '),
        ({"listen": "203.0.113.1:3000"}, "CASEBOOK_LISTEN is '203.0.113.1:3000': cannot assign requested address: set"),
        ({"deadline": "soon", "drain": "now"}, "CASEBOOK_DEADLINE is 'soon': expected a valid number; CASEBOOK_DRAIN"),
        (
            {"database_url": "postgresql://casebook:hunter2@127.0.0.1:9/casebook"},
            "CASEBOOK_DATABASE_URL: PostgreSQL's casebook at 127.0.0.1: the database cannot be reached: check that",
        ),
        (
            # The part after the first @ would be taken for the host and shown.
            {"database_url": "postgresql://casebook:p@hunter2@127.0.0.1:9/casebook"},
            "CASEBOOK_DATABASE_URL: the database: its URL is malformed: write the password percent-encoded, @ as",
        ),
        ({"mcp": "true"}, "CASEBOOK_MCP needs CASEBOOK_API_TOKENS: MCP clients send these tokens"),
        ({"api_tokens": "/no/such/file"}, "CASEBOOK_API_TOKENS is '/no/such/file': there is no such file"),
        ({"slack_bot_token": "xoxb-12\n34-hunter2"}, "CASEBOOK_SLACK_BOT_TOKEN is not a bot token: copy the Bot User"),
    ],
)
def test_an_unusable_setting_is_reported(run: Run, variables: Any, settings: Mapping[str, str], says: str) -> None:
    variables(**settings)

    line = line_of(run("serve"))

    assert f"casebook: {says}" in line
    assert "hunter2" not in line


def test_an_api_token_without_a_subject_is_reported_with_file_line_and_field(
    run: Run, variables: Any, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text(f"- name: ci\n  token_sha256: {'0' * 64}\n")
    variables(api_tokens=str(tokens))

    assert line_of(run("serve")) == f"casebook: {tokens}:1: [0].subject: is missing"


def test_a_revoked_token_is_reported(run: Run, variables: Any, slack: SimulatedSlack) -> None:
    revoke_token(slack)

    assert "CASEBOOK_SLACK_BOT_TOKEN: Slack does not accept this token (token_revoked)" in line_of(run("serve"))


def test_missing_required_scopes_are_reported(run: Run, variables: Any, slack: SimulatedSlack) -> None:
    for scope in ("users:read", "chat:write", "pins:write"):
        slack.state.scopes.discard(scope)

    assert line_of(run("serve")) == (
        "casebook: CASEBOOK_SLACK_BOT_TOKEN: the token lacks chat:write, users:read, which Casebook requires: "
        "add it in OAuth & Permissions > Bot Token Scopes and reinstall the app"
    )


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("missing_scope", "CASEBOOK_SLACK_APP_TOKEN: the token lacks connections:write, which apps.connections.open"),
        (
            "socket_mode_off",
            "CASEBOOK_SLACK_APP_TOKEN: Slack refuses the Socket Mode connection (socket_mode_off): enable Socket Mode",
        ),
    ],
)
def test_a_refused_socket_mode_connection_is_reported(
    run: Run, variables: Any, slack: SimulatedSlack, error: str, says: str
) -> None:
    slack.fail("apps.connections.open", error=error, needed="connections:write" if "scope" in error else "", times=9)
    variables(slack_app_token=slack.app_token)

    assert says in line_of(run("serve"))


def test_an_unreachable_slack_is_reported_with_its_address(run: Run, variables: Any) -> None:
    variables(slack_api_url="http://127.0.0.1:9/api/")

    line = line_of(run("serve"))

    assert "Slack does not answer at http://127.0.0.1:9/api/ (auth.test: no connection to Slack)" in line
    assert line.endswith("check the network, HTTPS_PROXY and CASEBOOK_SLACK_API_URL")


def test_a_port_in_use_is_reported(run: Run, variables: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        variables(listen=listen)
        line = line_of(run("serve"))

    assert line.startswith(f"casebook: CASEBOOK_LISTEN is {listen!r}: address already in use: set it to a free address")


def test_a_newer_schema_is_reported_and_unchanged(run: Run, variables: Any, tmp_path: Path) -> None:
    file = tmp_path / "data" / STORE
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    connection.close()
    before = file.read_bytes()

    line = line_of(run("serve"))

    assert f"CASEBOOK_DATA: {file}: the database was migrated by a newer Casebook (its schema is 9999, " in line
    assert "start that version, or use another database" in line
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", [STORE, JOBS])
def test_a_file_that_is_not_a_database_is_reported(run: Run, variables: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "data" / name).write_text("dear diary\n" * 999)

    line = line_of(run("serve"))
    assert f"CASEBOOK_DATA: {tmp_path / 'data' / name}: the database " in line
    assert "restore a backup" in line


def test_a_directory_that_cannot_be_created_is_reported(run: Run, variables: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    variables(data=str(tmp_path / "file" / "data"))

    assert "set CASEBOOK_DATA to a writable directory" in line_of(run("serve"))


def test_an_older_schema_is_migrated_where_the_server_allows_it(run: Run, variables: Any, postgres: Postgres) -> None:
    variables(database_url=f"{postgres.create()}&options=-c%20default_transaction_read_only%3Don")

    line = line_of(run("serve"))

    assert line.startswith("casebook: CASEBOOK_DATABASE_URL: PostgreSQL's test_")
    assert line.endswith("the database is read-only: Casebook cannot write to it")


def test_an_unwritable_directory_is_reported(run: Run, variables: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.chmod(0o500)

    with modes_hold_for_root_as_well():
        ran = run("serve")

    assert line_of(ran) == (
        f"casebook: CASEBOOK_DATA: {data} is not writable for this user (uid {os.geteuid()}): chown it to the user "
        "that runs Casebook, or set CASEBOOK_DATA to a writable directory"
    )
