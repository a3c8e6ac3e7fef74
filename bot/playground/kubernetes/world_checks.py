"""Check written worlds; the errors name the place or the object, the value found and the expected one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from bot.playground.kubernetes import times
from bot.playground.kubernetes.objects import container_names
from bot.playground.kubernetes.resources import Json

# The keys and indexes that lead to a value of a world.
Path: TypeAlias = tuple[str | int, ...]


class WorldError(ValueError):
    """A world that cannot be loaded: the message names the place, or the object `about` which it is, and what is wrong.

    `path` leads to the wrong value, where that is known; `wrong` leaves it out.
    """

    def __init__(self, wrong: str, *, path: Sequence[str | int] = (), about: str = "") -> None:
        place = about or "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")
        super().__init__(f"{place}: {wrong}" if place else wrong)
        self.path = tuple(path)
        self.wrong = f"{about}: {wrong}" if about else wrong


def closest(word: object, known: Iterable[str]) -> str:
    """Return "; did you mean X?" for the closest known word, "" if none is close."""
    close = difflib.get_close_matches(str(word), tuple(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def check_keys(item: Mapping[str, Any], *, path: Path, known: Iterable[str]) -> None:
    """Raise WorldError for a key that is not in `known`, with the closest known key."""
    known = tuple(known)
    for key in item:
        if key not in known:
            text = f"unknown key {key!r}: expected one of {', '.join(known)}{closest(key, known)}"
            raise WorldError(text, path=(*path, key))


def list_of_mappings(value: Any, *, path: Path) -> list[dict[str, Any]]:
    """Return `value` as a list of mappings, empty if it is None. WorldError if it is anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise WorldError(f"expected a list, got {type(value).__name__}", path=path)
    for at, item in enumerate(value):
        if not isinstance(item, dict):
            raise WorldError(f"expected a mapping, got {item!r}", path=(*path, at))
    return value


def check_strings(values: Any, *, path: Path, about: str = "") -> None:
    """Raise WorldError unless `values` maps to strings only; YAML reads unquoted numbers as numbers."""
    if values is None:
        return
    if not isinstance(values, Mapping):
        raise WorldError(f"expected a mapping, got {values!r}", path=path, about=about)
    for name, value in values.items():
        if not isinstance(value, (str, datetime)):
            text = f"expected a string, got {value!r} (quote it in YAML)"
            raise WorldError(text, path=(*path, name), about=about and f"{about}.{name}")


def check_body(item: Json, *, path: Path, about: str) -> None:
    """Raise WorldError for a malformed spec or status, and for a Pod without containers or with statuses of others."""
    for key in ("spec", "status"):
        if key in item and not isinstance(item[key], dict):
            raise WorldError(f"{key}: expected a mapping, got {item[key]!r}", path=(*path, key), about=about)
    if item["kind"] != "Pod":
        return
    containers = (item.get("spec") or {}).get("containers")
    named = isinstance(containers, list) and all(isinstance(each, dict) and each.get("name") for each in containers)
    if not containers or not named:
        text = f"spec.containers: expected a list of containers with a name, got {containers!r}"
        raise WorldError(text, path=(*path, "spec"), about=about)
    known = set(container_names(item))
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for status in (item.get("status") or {}).get(key) or ():
            if not isinstance(status, dict) or status.get("name") not in known:
                text = f"status.{key}: expected the name of one of {sorted(known)}, got {status!r}"
                raise WorldError(text, path=(*path, "status", key), about=about)


def check_text(item: Json, key: str, *, path: Path) -> str:
    """Return the text in `item[key]`. Raise WorldError if it is missing."""
    if not isinstance(item.get(key), str):
        raise WorldError(f"expected a string, got {item.get(key)!r}", path=(*path, key))
    return str(item[key])


def check_choice(item: Json, key: str, allowed: tuple[str, ...], *, path: Path) -> None:
    """Raise WorldError if `item[key]` is given and not in `allowed`."""
    if key in item and item[key] not in allowed:
        text = f"expected {' or '.join(allowed)}, got {item[key]!r}{closest(item[key], allowed)}"
        raise WorldError(text, path=(*path, key))


def check_time(item: Json, key: str, *, now: datetime, path: Path) -> datetime | None:
    """Parse the relative or absolute time in `item[key]`, None if it is not given. WorldError if it is not a time."""
    if key not in item:
        return None
    try:
        return times.moment(item[key], now=now)
    except (ValueError, AttributeError):
        text = f'expected a time like "-5m" or an RFC 3339 timestamp, got {item[key]!r}'
        raise WorldError(text, path=(*path, key)) from None


def split_address(text: Any, *, path: Path) -> tuple[str, str, str]:
    """Return kind, namespace ("" without one) and name of "Kind/namespace/name" or "Kind/name"."""
    parts = text.split("/") if isinstance(text, str) else []
    if len(parts) not in (2, 3) or not all(parts):
        raise WorldError(f'expected "Kind/namespace/name" or "Kind/name", got {text!r}', path=path)
    return parts[0], parts[1] if len(parts) == 3 else "", parts[-1]
