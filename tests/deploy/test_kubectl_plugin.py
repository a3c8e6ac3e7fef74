"""`kubectl casebook` runs the program, and the krew manifest names an archive that holds it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.rehearsal import stage
from deploy.krew import pack
from tests.command_line.conftest import Server

ROOT = Path(__file__).parents[2]
KREW = ROOT / "deploy" / "krew"
# kubectl looks for an executable of its own name, a dash, and the words of the command.
STAND_IN = '#!/bin/sh\nname="$1"\nshift\nexec "kubectl-$name" "$@"\n'


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return a PATH with the plugin, the program, and kubectl or what finds plugins as kubectl does."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "casebook").write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m bot "$@"\n')
    shutil.copy(KREW / "kubectl-casebook", programs / "kubectl-casebook")
    if not shutil.which("kubectl"):
        (programs / "kubectl").write_text(STAND_IN)
    for each in programs.iterdir():
        each.chmod(0o755)
    return f"{programs}{os.pathsep}{os.environ['PATH']}"


def _kubectl(*argv: str, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which("kubectl", path=path)
    assert found
    return subprocess.run(
        [found, *argv], env={**os.environ, "PATH": path, **environment}, check=False, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip


def test_kubectl_passes_arguments_and_exit_code(path: str, tmp_path: Path) -> None:
    world = {
        "scene": {"Deployment/shop/web": {"containers": {"app": "web:7"}}},
        "faults": {"Deployment/shop/web": {"exited": "OOMKilled", "restarts": 3, "waiting": "CrashLoopBackOff"}},
    }
    simulated = stage(world)
    with Server(simulated):
        config = tmp_path / "kubeconfig"
        config.write_text(json.dumps(simulated.kubeconfig()), "utf-8")
        ran = _kubectl(
            "casebook", "diagnose", "deployment", "shop/web", "--fail-on", "confirmed", "--output", "json",
            path=path, KUBECONFIG=str(config),
        )  # fmt: skip

    assert ran.returncode == 5, ran.stderr
    assert json.loads(ran.stdout)["objects"][0]["outcome"] == "failed"


def test_without_the_program_the_plugin_says_what_to_do(tmp_path: Path) -> None:
    shutil.copy(KREW / "kubectl-casebook", tmp_path / "kubectl-casebook")
    ran = subprocess.run(
        ["/bin/sh", str(tmp_path / "kubectl-casebook"), "list"], env={"PATH": str(tmp_path)}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "needs the program casebook" in ran.stderr


def test_the_manifest_has_what_krew_checks(pyproject_version: str) -> None:
    manifest = yaml.safe_load((KREW / "casebook.yaml").read_text("utf-8"))
    spec = manifest["spec"]

    assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert (manifest["apiVersion"], manifest["kind"]) == ("krew.googlecontainertools.github.com/v1alpha2", "Plugin")
    assert manifest["metadata"] == {"name": "casebook"}
    assert spec.keys() <= {"version", "homepage", "shortDescription", "description", "caveats", "platforms"}
    assert spec["version"] == f"v{pyproject_version}"
    assert re.fullmatch(r"[^\r\n]{1,50}", spec["shortDescription"])
    for platform in spec["platforms"]:
        _check_platform(platform)


def _check_platform(platform: dict[str, Any]) -> None:
    expressions = platform["selector"]["matchExpressions"]
    assert platform.keys() == {"selector", "uri", "sha256", "files", "bin"}
    assert [each["key"] for each in expressions] == ["os"]
    assert set(expressions[0]["values"]) <= {"darwin", "linux", "windows"}
    assert platform["uri"].startswith("https://")
    assert platform["uri"].endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(pack.archive())) as packed:
        modes = {each.filename: each.external_attr >> 16 & 0o777 for each in packed.infolist()}
        plugin = packed.read(platform["bin"])
    assert {each["from"] for each in platform["files"]} == set(modes)
    assert {each["to"] for each in platform["files"]} == {"."}
    assert modes[platform["bin"]] == 0o755
    assert plugin == (KREW / "kubectl-casebook").read_bytes()
    assert platform["sha256"] == hashlib.sha256(pack.archive()).hexdigest()


@pytest.fixture
def pyproject_version() -> str:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert found
    return found[1]
