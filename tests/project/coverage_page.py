"""Generate docs/coverage.md's tables: what others detect, and what answers it here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

DATA: Final = Path(__file__).parents[2] / "docs" / "coverage.yaml"

Check = Mapping[str, Any]


def peers() -> list[dict[str, Any]]:
    """Return the peers with their checks."""
    read: list[dict[str, Any]] = yaml.safe_load(DATA.read_text("utf-8"))
    return read


def summary() -> Iterator[str]:
    """Yield the table of counts per peer."""
    yield "| beside | looked at | checks | answered by an entry | by the object's own state | not answered |"
    yield "|---|---|---:|---:|---:|---:|"
    for peer in peers():
        checks: Sequence[Check] = peer["checks"]
        counts = [sum(kind(check) == which for check in checks) for which in ("by", "state", "not")]
        yield (
            f"| {peer['peer']}: {peer['of']} | {peer['seen']} | {len(checks)} | " + " | ".join(map(str, counts)) + " |"
        )


def details() -> Iterator[str]:
    """Yield a table for each peer."""
    for peer in peers():
        yield f"### {peer['peer']}: {peer['of']}"
        yield ""
        yield "| there | here |"
        yield "|---|---|"
        for check in peer["checks"]:
            yield f"| {check['check']} | {_here(check)} |"
        yield ""


def kind(check: Check) -> str:
    """Return how a check is answered: by an entry, by the object's state, or not."""
    return next(each for each in ("by", "state", "not") if check.get(each))


def _here(check: Check) -> str:
    if check.get("not"):
        return f"– {check['not']}"
    entries = ", ".join(f"`{each}`" for each in check.get("by", ()))
    return ", ".join(filter(None, (entries, "the object's own conditions and events" if check.get("state") else "")))
