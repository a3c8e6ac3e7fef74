"""Image references: which registry one is pulled from, and whether two mean the same image."""

from __future__ import annotations

from typing import Final

DOCKER_HUB: Final = "docker.io"
# Names that all mean Docker Hub.
_HUB_NAMES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


def registry_of(image: str) -> str:
    """The registry's host (with its port) of a reference as a pod gives it; "docker.io" where none is written."""
    first, slash, _ = image.partition("/")
    # As Docker's reference grammar has it: a first part without dot, port or "localhost" belongs to the path.
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return DOCKER_HUB
    return DOCKER_HUB if first in _HUB_NAMES else first


def normalized(image: str) -> str:
    """The reference written in full: `nginx` → `docker.io/library/nginx:latest`. A digest stands for itself."""
    registry = registry_of(image)
    first, slash, rest = image.partition("/")
    path = rest if slash and (registry != DOCKER_HUB or first in _HUB_NAMES) else image
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if "@" not in path and ":" not in path.rpartition("/")[2]:
        path = f"{path}:latest"
    return f"{registry}/{path}"
