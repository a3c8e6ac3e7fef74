"""Import parts of libraries without what the libraries import beside them and nothing here uses.

Some packages import all their parts, and the libraries of those, as soon as one part is wanted: commands for a
terminal, other protocols, pretty printing. That is memory of every process for as long as it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any, Final

_RUNNING: Final = RLock()


def postpone(*modules: str) -> None:
    """Let the code of these modules run only when a name that it defines is used; a package's own modules are none.

    An outer package comes before its inner ones. A module that is imported already, or is not installed, stays as it
    is.
    """
    for name in modules:
        if name in sys.modules or (spec := find_spec(name)) is None:
            continue
        module = sys.modules[name] = module_from_spec(spec)
        vars(module)["__getattr__"] = _Postponed(module, spec)
        outer, _, inner = name.rpartition(".")
        if outer:
            setattr(sys.modules[outer], inner, module)


class _Postponed:
    """The `__getattr__` of a module whose code has not run."""

    def __init__(self, module: ModuleType, spec: ModuleSpec) -> None:
        self._module = module
        self._spec = spec
        self._runs = False

    def __call__(self, name: str) -> Any:
        if self._spec.submodule_search_locations and find_spec(inner := f"{self._spec.name}.{name}"):
            return import_module(inner)
        with _RUNNING:
            if self._runs:
                # The code itself asks, before it has defined the name.
                raise AttributeError(name)
            if vars(self._module).get("__getattr__") is self:
                self._run()
        return getattr(self._module, name)

    def _run(self) -> None:
        assert self._spec.loader is not None
        self._runs = True
        try:
            self._spec.loader.exec_module(self._module)
        except ImportError as error:
            # Whoever looks whether any module has some name expects no other error.
            raise AttributeError(f"{self._spec.name} cannot be imported: {error}") from error
        finally:
            self._runs = False
        if vars(self._module)["__getattr__"] is self:
            del vars(self._module)["__getattr__"]


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
