"""Measure the packages of the image as they are installed and compiled, before and after `deploy/image/trim.py`.

The packages are copied from this environment to a temporary directory; the base image is not counted.
"""

from __future__ import annotations

import compileall
import shutil
from collections.abc import Mapping
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.deploy.lending import installed, pins, trimming

_ROOT: Final = Path(__file__).parents[2]
_OWN: Final = ("bot", "intents", "responses")
_SHOWN: Final = 15
_MB: Final = 1e6


def measure() -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return the megabytes of each package with its bytecode, before and after."""
    steps = trimming()
    size_of, trim, compile_without_docstrings = (
        steps[name] for name in ("size_of", "trim", "compile_without_docstrings")
    )
    with TemporaryDirectory(prefix="casebook-image-") as temporary:
        packages = Path(temporary)
        tops = {path.name: path for name in pins(_ROOT / "requirements.lock") for path in installed(name)}
        for name, path in {**tops, **{name: _ROOT / name for name in _OWN}}.items():
            if path.is_dir():
                shutil.copytree(path, packages / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, packages / name)

        def compile_all(room: Path) -> None:
            unchecked = PycInvalidationMode.UNCHECKED_HASH
            compileall.compile_dir(room, quiet=2, workers=0, invalidation_mode=unchecked, maxlevels=20)

        def sizes() -> dict[str, float]:
            return {path.name: size_of(path) / _MB for path in packages.iterdir()}

        compile_all(packages)
        before = sizes()
        trim(packages)
        # The image is compiled after the deletion, the program's own packages with their docstrings.
        for cache in [*packages.rglob("__pycache__")]:
            shutil.rmtree(cache)
        compile_without_docstrings(packages)
        for room in (packages / name for name in _OWN):
            for cache in [*room.rglob("__pycache__")]:
                shutil.rmtree(cache)
            compile_all(room)
        return before, sizes()


def show(console: Console, before: Mapping[str, float], after: Mapping[str, float]) -> None:
    """Print the largest packages and the sum of all."""
    table = Table(title="Packages in the image, with bytecode")
    for column in ("package", "before", "after"):
        table.add_column(column, justify="left" if column == "package" else "right")
    for name in sorted(before, key=lambda name: -before[name])[:_SHOWN]:
        table.add_row(name, f"{before[name]:.0f} MB", f"{after.get(name, 0.0):.0f} MB")
    table.add_row("all", f"{sum(before.values()):.0f} MB", f"{sum(after.values()):.0f} MB")
    console.print(table)


if __name__ == "__main__":
    show(Console(width=100), *measure())
