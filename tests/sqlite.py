"""Simulate SQLite on a full, read-only or locked disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool


@contextmanager
def sqlite_setting(pragma: str) -> Iterator[Callable[[str], None]]:
    """Set a pragma on every SQLite connection opened in the block, to simulate a full or read-only disk.

    Yield a function that changes the pragma in open and later connections.
    """
    settings = [pragma]
    opened: list[Any] = []
    # Threads open connections: one that opens while the setting changes must not keep the old one.
    changing = Lock()

    def apply(connection: Any, _record: Any) -> None:
        with changing:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {settings[-1]}")
            cursor.close()
            opened.append(connection)

    def change(to: str) -> None:
        with changing:
            settings.append(to)
            for connection in opened:
                connection.execute(f"PRAGMA {to}").close()

    event.listen(Pool, "connect", apply)
    try:
        yield change
    finally:
        event.remove(Pool, "connect", apply)
