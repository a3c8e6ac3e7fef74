"""Check written worlds; the errors name the key or object, the value found and the expected one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.playground.kubernetes import times
from bot.playground.kubernetes.logs import container_names
from bot.playground.kubernetes.resources import Json


class WorldError(ValueError):
    """A world that cannot be loaded: the message names the place and the expected value, `path` the keys to it."""

    def __init__(self, message: str, *, path: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.path = tuple(path)


def check_keys(item: Mapping[str, Any], *, where: str, known: Iterable[str]) -> None:
    """Raise WorldError for a key that is not in `known`, with the closest known key."""
    known = tuple(known)
    for key in item:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise WorldError(f"{where}: unknown key {key!r}: expected one of {', '.join(known)}{hint}")


def list_of_mappings(value: Any, *, where: str) -> list[dict[str, Any]]:
    """Return `value` as a list of mappings, empty if it is None. WorldError if it is anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise WorldError(f"{where}: expected a list, got {type(value).__name__}")
    for at, item in enumerate(value):
        if not isinstance(item, dict):
            raise WorldError(f"{where}[{at}]: expected a mapping, got {item!r}")
    return value


def check_strings(values: Any, *, about: str, key: str) -> None:
    """Raise WorldError unless `values` maps to strings only; YAML reads unquoted numbers as numbers."""
    if values is None:
        return
    if not isinstance(values, Mapping):
        raise WorldError(f"{about}: metadata.{key}: expected a mapping, got {values!r}")
    for name, value in values.items():
        if not isinstance(value, (str, datetime)):
            raise WorldError(f"{about}: metadata.{key}.{name}: expected a string, got {value!r} (quote it in YAML)")


def check_body(item: Json, *, about: str) -> None:
    """Raise WorldError for a malformed spec or status, and for a Pod without containers or with statuses of others."""
    for key in ("spec", "status"):
        if key in item and not isinstance(item[key], dict):
            raise WorldError(f"{about}: {key}: expected a mapping, got {item[key]!r}")
    if item["kind"] != "Pod":
        return
    containers = (item.get("spec") or {}).get("containers")
    named = isinstance(containers, list) and all(isinstance(each, dict) and each.get("name") for each in containers)
    if not containers or not named:
        raise WorldError(f"{about}: spec.containers: expected a list of containers with a name, got {containers!r}")
    known = set(container_names(item))
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for status in (item.get("status") or {}).get(key) or ():
            if not isinstance(status, dict) or status.get("name") not in known:
                raise WorldError(f"{about}: status.{key}: expected the name of one of {sorted(known)}, got {status!r}")


def check_choice(item: Json, key: str, allowed: tuple[str, ...], *, where: str) -> None:
    """Raise WorldError if `item[key]` is given and not in `allowed`."""
    if key in item and item[key] not in allowed:
        close = difflib.get_close_matches(str(item[key]), allowed, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise WorldError(f"{where}: {key}: expected {' or '.join(allowed)}, got {item[key]!r}{hint}")


def check_time(item: Json, key: str, *, now: datetime, where: str) -> datetime | None:
    """Parse the relative or absolute time in `item[key]`, None if it is not given. WorldError if it is not a time."""
    if key not in item:
        return None
    if (moment := times.relative(item[key], now=now)) is not None:
        return moment
    try:
        return times.parse(item[key])
    except (ValueError, AttributeError):
        raise WorldError(
            f'{where}: {key}: expected a time like "-5m" or an RFC 3339 timestamp, got {item[key]!r}'
        ) from None
