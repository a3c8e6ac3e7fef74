"""Record the database that this version writes, for the tests of later versions:

    python -m tests.upgrade.record tests/upgrade/VERSION.sql

A file of a released version is never recorded again.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from pathlib import Path

from bot.store import open_store
from tests.upgrade.rows import write


async def dumped() -> str:
    """Return the statements that restore the database."""
    with tempfile.TemporaryDirectory() as name:
        database = Path(name) / "casebook.db"
        async with open_store(f"sqlite:///{database}") as store:
            await write(store)
        with sqlite3.connect(database) as connection:
            dump = "\n".join(connection.iterdump())
        connection.close()
    return f"{dump}\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(dumped()), "utf-8")
