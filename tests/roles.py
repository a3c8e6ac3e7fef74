"""Read the roles that `casebook rbac` prints, and apply them in a simulated cluster."""

from __future__ import annotations

import contextlib
import io
import os
from functools import cache
from typing import Any

import pytest
import yaml

from bot.__main__ import main
from bot.playground.kubernetes import SimulatedCluster

ACCOUNT = {"kind": "ServiceAccount", "name": "casebook", "namespace": "casebook"}


@cache
def printed(*argv: str) -> str:
    """Return the output of `casebook rbac` with these arguments and default settings."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        for name in [each for each in os.environ if each.startswith("CASEBOOK_")]:
            patch.delenv(name)
        assert main(["rbac", *argv]) == 0
    return out.getvalue()


@cache
def manifests(*argv: str) -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load_all(printed(*argv)))


def rules(*argv: str) -> list[dict[str, Any]]:
    """Return the rules of all printed roles."""
    return [rule for each in manifests(*argv) for rule in each.get("rules", ())]


def apply(cluster: SimulatedCluster, *argv: str) -> None:
    """Grant Casebook only the roles and bindings that these arguments print."""
    roles = {(each["kind"], _place(each)): each for each in manifests(*argv)}
    for binding in manifests(*argv):
        if binding["kind"].endswith("RoleBinding"):
            assert binding["subjects"] == [ACCOUNT]
            namespace, _ = _place(binding)
            role = roles[binding["roleRef"]["kind"], (namespace, binding["roleRef"]["name"])]
            cluster.allow_only(role["rules"], namespace=namespace)


def _place(manifest: dict[str, Any]) -> tuple[str, str]:
    return manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]
