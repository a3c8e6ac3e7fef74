"""Image references: the registry of one, and its full form, by which two references can be compared."""

from __future__ import annotations

from typing import Final

DOCKER_HUB: Final = "docker.io"
# Names that all mean Docker Hub.
_HUB_NAMES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


def registry_of(image: str) -> str:
    """Return the host and port of the registry in a pod's image reference; "docker.io" where none is given."""
    first, slash, _ = image.partition("/")
    # By Docker's reference grammar a first part without dot, port or "localhost" belongs to the path.
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return DOCKER_HUB
    return DOCKER_HUB if first in _HUB_NAMES else first


def normalized(image: str) -> str:
    """Return the reference in full: `nginx` → `docker.io/library/nginx:latest`. With a digest no tag is added."""
    registry = registry_of(image)
    first, slash, rest = image.partition("/")
    path = rest if slash and (registry != DOCKER_HUB or first in _HUB_NAMES) else image
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if "@" not in path and ":" not in path.rpartition("/")[2]:
        path = f"{path}:latest"
    return f"{registry}/{path}"
