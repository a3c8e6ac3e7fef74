"""Empty databases with all tables, made once in a process and copied: making them takes longer than most tests."""

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
    """Both databases in a directory of the app's, as its first start leaves them; nothing where it is there already."""
    if not directory.exists():
        directory.mkdir(parents=True)
        for name in (STORE, JOBS):
            shutil.copyfile(_empty() / name, directory / name)


def empty(file: Path, *, of: str) -> str:
    """The URL of one of them, `STORE` or `JOBS`, in a file."""
    shutil.copyfile(_empty() / of, file)
    return f"sqlite:///{file}"


@cache
def _empty() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="casebook-test-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    migrate(parse_url(f"sqlite:///{directory / STORE}"))
    run_dbos_database_migrations(f"sqlite:///{directory / JOBS}")
    return directory
