"""Test what a start of `casebook serve` imports, because every import is memory for as long as the bot runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

# Libraries that some feature or other library uses, or that are wanted only for some answers.
LEFT_OUT = {
    "alembic", "bot.app.workspaces", "cel.cel", "click", "cryptography.hazmat", "kubernetes.aio.dynamic",
    "kubernetes.client", "mako", "matplotlib", "numpy", "oauthlib", "prompt_toolkit", "psycopg.errors",
    "psycopg_binary", "pygments", "rapidfuzz", "requests", "rich", "slack_bolt.app.app", "slack_sdk.socket_mode",
    "sqlalchemy.dialects.postgresql.asyncpg", "typer", "urllib3", "websocket",
}  # fmt: skip


def test_a_start_imports_no_library_that_it_can_do_without_and_the_rest_when_a_name_is_used() -> None:
    say = (
        "import json, sys, bot.cli.serve; from intents.lean_imports import _Postponed;"
        " waits = lambda module: isinstance(vars(module).get('__getattr__'), _Postponed);"
        " print(json.dumps([name for name, module in sys.modules.items() if not waits(module)]));"
        " from kubernetes import client; import kubernetes.aio.watch, psycopg, sqlalchemy;"
        " import click, slack_bolt; from sqlalchemy.dialects import postgresql; from cel import evaluate;"
        " from bot.common.encryption import Encryption, new_key; secret = Encryption([new_key()]);"
        " from bot.__main__ import main; assert main(['audit']) == 2;"
        " driver = sqlalchemy.create_engine('postgresql+psycopg://').dialect.dbapi;"
        " print(client.ApiClient.__module__, kubernetes.aio.watch.Watch.__name__, driver.pq.__impl__,"
        " issubclass(psycopg.errors.LockNotAvailable, driver.OperationalError),"
        " secret.decrypt('T1', secret.encrypt('T1', {'bot': 'token'})), hasattr(psycopg, 'nothing'),"
        " postgresql.asyncpg.dialect.driver, click.echo.__name__, slack_bolt.App.__name__, evaluate('1 + 1', {}))"
    )
    environment = {**os.environ, "CASEBOOK_DATABASE_URL": "postgresql://127.0.0.1:1/nowhere"}
    ran = subprocess.run([sys.executable, "-c", say], check=False, capture_output=True, text=True, env=environment)
    assert "the database cannot be reached" in ran.stderr
    imported, names = ran.stdout.splitlines()
    modules = set(json.loads(imported))

    assert modules & LEFT_OUT == set()
    assert {"kubernetes.aio.client.api_client", "slack_bolt.app.async_app", "structlog"} <= modules
    assert names == "kubernetes.client.api_client Watch binary True {'bot': 'token'} False asyncpg echo App 2"
