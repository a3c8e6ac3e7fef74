"""Cache what a start computes from the catalog, so that the next start can load it.

The files are in the user's cache directory. The image has some in `share/casebook` of its installation: a new pod has
an empty cache, and would keep the memory that computing them takes. Each name contains a digest of everything the file
depends on: the code of `intents`, the interpreter, and the caller's key. A file can therefore be missing, but not
outdated. A damaged file, or one that another user than root could have written, counts as missing. If the directory is
not writable, nothing is cached.
"""

from __future__ import annotations

import gc
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import pydantic

# Old files are deleted except for a few: some people use several versions or catalogs at once.
_KEPT: Final = 8
# Filled by the image's build.
_SHIPPED: Final = Path(sys.prefix) / "share" / "casebook"
_DIGEST_BYTES: Final = 16
_CHECKSUM_BYTES: Final = 4
# What a damaged or outdated pickle raises.
_UNREADABLE: Final = (
    pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError, LookupError, MemoryError, TypeError,
    ValueError,
)  # fmt: skip


def read(name: str) -> Any:
    """Return the value cached under a name; None if there is no usable one."""
    for directory in (_directory(), _SHIPPED):
        found = None if directory is None else _read(directory / _file(name))
        if found is not None:
            return found
    return None


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            if not _is_safe(os.fstat(file.fileno())):
                return None
            raw = file.read()
    except OSError:
        return None
    content = memoryview(raw)[_CHECKSUM_BYTES:]
    if _checksum(content) != raw[:_CHECKSUM_BYTES]:
        return None
    with suppress(*_UNREADABLE), _undisturbed():
        return _OwnClasses(BytesIO(content)).load()
    return None


def keep(name: str, value: Any) -> None:
    """Cache a value under a name for later starts, if the directory is writable."""
    directory = _directory()
    if directory is None:
        return
    with suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = pickle.dumps(value, protocol=5)
        # Another process may be reading or writing the same file.
        handle, written = tempfile.mkstemp(dir=directory, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_checksum(content) + content)
            Path(written).replace(directory / _file(name))
        except OSError:
            Path(written).unlink()
            raise
        _forget_oldest(directory)


def _forget_oldest(directory: Path) -> None:
    kept = sorted(directory.iterdir(), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in kept[_KEPT:]:
        file.unlink(missing_ok=True)


def _directory() -> Path | None:
    """Return the cache directory of the XDG specification; None if the user has none."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (named if named.is_absolute() else Path.home() / ".cache") / "casebook"
    except RuntimeError:
        return None


def _file(name: str) -> str:
    return f"{name}-{_version()}.bin"


@cache
def _version() -> str:
    """Return a digest of the code that writes and reads the cache."""
    return digest_of_code(files("intents"))


def digest_of_code(package: Traversable) -> str:
    """Return a digest of a package's sources and word lists, of the interpreter and of the library versions."""
    found = blake2b(f"{sys.version} {sys.maxsize} {pydantic.VERSION}".encode(), digest_size=_DIGEST_BYTES)
    for name, file in sorted(_sources(package, ""), key=lambda source: source[0]):
        found.update(name.encode() + b"\0")
        found.update(file.read_bytes() + b"\0")
    return found.hexdigest()


def _sources(directory: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    """Yield the sources and word lists of a package, without its incidents: those are keyed by file name."""
    for each in directory.iterdir():
        name = f"{path}/{each.name}"
        if each.name.endswith((".py", ".txt", ".words")):
            yield name, each
        elif each.is_dir() and each.name != "data":
            yield from _sources(each, name)


def _checksum(content: bytes | memoryview) -> bytes:
    """Return what tells a damaged file. Nobody else can have written it: a cryptographic digest is only slower."""
    return crc32(content).to_bytes(_CHECKSUM_BYTES, "big")


def _is_safe(found: os.stat_result) -> bool:
    """Return whether only the user of this process, or root, could have written a file."""
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


class _OwnClasses(pickle.Unpickler):
    """Unpickler for classes of `intents` only: other pickles can run arbitrary code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of `intents`; raise UnpicklingError for anything else."""
        found = super().find_class(module, name) if module.startswith("intents.") else None
        if isinstance(found, type) and found.__module__ == module:
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is not a class of intents")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Pause the garbage collector: it would scan many long-lived objects again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()
