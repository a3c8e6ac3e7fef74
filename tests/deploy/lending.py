"""Assemble directories of installed packages without copying them."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from runpy import run_path
from typing import Any, Final

from packaging.requirements import Requirement

_TRIM: Final = Path(__file__).parents[2] / "deploy" / "image" / "trim.py"


def trimming() -> dict[str, Any]:
    """Return the functions and lists of the image's script that deletes unused parts."""
    return run_path(str(_TRIM))


def pins(lock: Path) -> Iterator[str]:
    """Return the names that a lock pins for this Python."""
    for line in re.findall(r"^[a-z0-9].*?(?= \\$)", lock.read_text("utf-8"), re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement.name


def installed(name: str) -> Iterator[Path]:
    """Yield the files and directories of a package in site-packages."""
    distribution = importlib.metadata.distribution(name)
    for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        yield Path(str(distribution.locate_file(top)))


def lend(names: Iterable[str], directory: Path, *, unused: frozenset[Path]) -> None:
    """Add packages to `directory` as links, without the `unused` files and directories of site-packages."""
    partly = {above for path in unused for above in path.parents}
    for name in names:
        for origin in installed(name):
            _lend(origin, directory / origin.name, unused, partly)


def _lend(origin: Path, link: Path, unused: frozenset[Path], partly: set[Path]) -> None:
    if origin in partly:
        link.mkdir(exist_ok=True)
        for inner in origin.iterdir():
            if inner not in unused:
                _lend(inner, link / inner.name, unused, partly)
    elif not link.is_symlink():
        link.symlink_to(origin)


def unused_here() -> frozenset[Path]:
    """Return what the image leaves out of the packages of this environment."""
    packages = Path(str(importlib.metadata.distribution("numpy").locate_file("")))
    return frozenset(trimming()["unused"](packages))
