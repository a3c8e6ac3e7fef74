"""Tell which release of Casebook runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _version
from typing import Final

_DISTRIBUTION: Final = "kube-casebook"


def running_version() -> str:
    """Return the version of the installed distribution."""
    try:
        return _version(_DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
