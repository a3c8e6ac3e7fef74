"""SQLite as it is on a disk that is full, read-only or locked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool


@contextmanager
def sqlite_setting(pragma: str) -> Iterator[Callable[[str], None]]:
    """Every SQLite connection opened meanwhile has this setting: how a full or read-only disk is had without one.

    Gives a function that changes it in the connections there are, and in later ones.
    """
    settings = [pragma]
    opened: list[Any] = []

    def apply(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {settings[-1]}")
        cursor.close()
        opened.append(connection)

    def change(to: str) -> None:
        settings.append(to)
        for connection in opened:
            connection.execute(f"PRAGMA {to}").close()

    event.listen(Pool, "connect", apply)
    try:
        yield change
    finally:
        event.remove(Pool, "connect", apply)
