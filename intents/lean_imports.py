"""Import parts of libraries without what the libraries import beside them and nothing here uses.

Some packages import all their parts, and the libraries of those, as soon as one part is wanted: commands for a
terminal, other protocols, pretty printing. That is memory of every process for as long as it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec


def leave_init_out(*packages: str) -> None:
    """Let modules of these packages be imported without the code of the packages' own `__init__`.

    An outer package comes before its inner ones. A package that is imported already, or is not installed, stays as it
    is. All modules of a package can still be imported by their names.
    """
    for name in packages:
        if name in sys.modules or (spec := find_spec(name)) is None:
            continue
        package = sys.modules[name] = module_from_spec(spec)
        outer, _, inner = name.rpartition(".")
        if outer:
            setattr(sys.modules[outer], inner, package)


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Let libraries that can do without a package find that it is not installed, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    # As documented for sys.modules: None makes an import fail.
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
