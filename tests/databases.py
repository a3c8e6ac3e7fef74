"""Provide empty databases with all tables, created once per process and copied, since migration is slow."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from dbos import run_dbos_database_migrations

from bot.store.database import parse_url
from bot.store.migration import migrate

STORE = "casebook.db"
JOBS = "jobs.db"


def lay_out(directory: Path) -> None:
    """Create both databases in a data directory like a first start; do nothing if it exists."""
    if not directory.exists():
        directory.mkdir(parents=True)
        for name in (STORE, JOBS):
            shutil.copyfile(_empty() / name, directory / name)


def empty(file: Path, *, of: str) -> str:
    """Copy one of the databases, `STORE` or `JOBS`, to a file and return its URL."""
    shutil.copyfile(_empty() / of, file)
    return f"sqlite:///{file}"


@cache
def _empty() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="casebook-test-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    migrate(parse_url(f"sqlite:///{directory / STORE}"))
    run_dbos_database_migrations(f"sqlite:///{directory / JOBS}")
    return directory
