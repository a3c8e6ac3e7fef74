"""Delete from installed packages what the program never uses: `trim.py SITE-PACKAGES`. Prints what it saved.

Compile the rest without checks against the sources, which never change in the image, and without docstrings, which
would take five MiB of the process.

tests/deploy/test_image.py serves, answers and draws with the rest.
"""

from __future__ import annotations

import compileall
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

# By package, globs below it, and why nothing misses their files.
UNUSED: Final = {
    "kubernetes": (
        # The synchronous client, and what bot.cluster leaves out of the asynchronous one: see intents/lean_imports.py.
        "client", "config", "dynamic", "informer", "leaderelection", "stream", "utils", "watch",
        "aio/dynamic", "aio/leaderelection", "aio/stream", "aio/watch",
        # Generated classes: requests and answers are plain JSON. The packages themselves are imported and load none.
        "aio/client/api/[!_]*.py", "aio/client/models/[!_]*.py",
    ),
    # matplotlib embeds fonts with the rest in PDF and PostScript files; plots are PNG.
    "fontTools": ("[!_am]*", "merge", "mtiLib"),
    # Example data, and fonts of other formats than the one that plots are drawn with.
    "matplotlib": ("tests", "mpl-data/sample_data", "mpl-data/fonts/afm", "mpl-data/fonts/pdfcorefonts", "**/*.pyi"),
    "mpl_toolkits": ("*/tests",),
    # Its own tests, type stubs, and what compilers need.
    "numpy": ("tests", "**/tests", "f2py", "distutils", "_core/include", "**/*.pyi", "**/*.pxd", "**/*.a"),
}  # fmt: skip


def unused(packages: Path) -> Iterator[Path]:
    """Yield the files and directories to delete."""
    for name, patterns in UNUSED.items():
        for pattern in patterns:
            yield from (packages / name).glob(pattern)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a directory."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def trim(packages: Path) -> int:
    """Delete what is not used and return its bytes."""
    saved = 0
    for path in [*unused(packages)]:
        if not path.exists():
            # A directory above it was deleted.
            continue
        saved += size_of(path)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return saved


def compile_without_docstrings(packages: Path) -> None:
    """Write the bytecode that the interpreter loads although it is not started with -OO."""
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(packages, quiet=2, workers=0, invalidation_mode=unchecked, maxlevels=20, optimize=2)
    for path in packages.rglob("*.opt-2.pyc"):
        path.rename(path.with_name(path.name.replace(".opt-2.", ".")))


if __name__ == "__main__":
    sys.stdout.write(f"{trim(Path(sys.argv[1])) / 1e6:.0f} MB deleted\n")
    compile_without_docstrings(Path(sys.argv[1]))
