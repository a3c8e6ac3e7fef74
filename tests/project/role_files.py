"""Generate the role manifests: `make readme` writes them, test_roles.py compares them."""

from __future__ import annotations

from pathlib import Path

from tests.roles import printed

DIRECTORY = Path(__file__).parents[2] / "deploy" / "rbac"
ROLES = ("read", "act", "watch")


def write() -> None:
    DIRECTORY.mkdir(exist_ok=True)
    for role in ROLES:
        (DIRECTORY / f"{role}.yaml").write_text(printed(role), "utf-8")
