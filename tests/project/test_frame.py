"""Check that README, Makefile, locks, changelog and CI agree with each other and with the checkout."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md"]


def _make_targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (root / "Makefile").read_text("utf-8"), re.MULTILINE))


def _pins(lock: Path) -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock.read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_and_path_exists(root: Path, name: str) -> None:
    document = root / name
    text = document.read_text("utf-8")
    top_level = {path.name for path in root.iterdir() if path.is_dir()}

    links = {link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link}
    paths = {path for path in re.findall(r"`([\w.-]+/[\w./-]*)`", text) if path.split("/")[0] in top_level}

    assert {link for link in links if not (document.parent / link).exists()} == set()
    assert {path for path in paths if not (root / path).exists()} == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_named_exists(root: Path, name: str) -> None:
    named = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", (root / name).read_text("utf-8")))

    assert named - _make_targets(root) == set()


def test_the_readme_and_make_help_name_every_target(root: Path) -> None:
    named = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", (root / "README.md").read_text("utf-8")))
    helped = subprocess.run(["make", "help"], cwd=root, check=True, capture_output=True, text=True).stdout

    targets = _make_targets(root)
    assert targets - named == {"help"}
    assert set(re.findall(r"make ([a-z-]+)", helped)) == targets


def test_every_script_make_runs_exists(root: Path) -> None:
    scripts = set(re.findall(r"\S+\.py", (root / "Makefile").read_text("utf-8")))

    assert {script for script in scripts if not (root / script).is_file()} == set()


LOCKS = {
    "requirements.lock": ["dependencies"],
    "requirements-dev.lock": ["dependencies", "dev", "build"],
    "deploy/image/build.lock": ["build"],
    "deploy/image/mcp.lock": ["dependencies", "mcp"],
}


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locks_pin_the_requirements_of_pyproject(root: Path, pyproject: dict[str, Any], lock: str) -> None:
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    groups = {**pyproject["dependency-groups"], **extras, "dependencies": project["dependencies"]}
    asked = [line for group in LOCKS[lock] for line in groups[group] if isinstance(line, str)]
    pins = _pins(root / lock)

    unmet = {line for line in asked if pins.get(canonicalize_name(Requirement(line).name)) is None}
    assert unmet == set()
    assert {line for line in asked if not _satisfied(Requirement(line), pins)} == set()


def _satisfied(requirement: Requirement, pins: dict[str, str]) -> bool:
    return requirement.specifier.contains(pins[canonicalize_name(requirement.name)], prereleases=True)


def test_the_locks_pin_the_same_versions(root: Path) -> None:
    """Tests must run with the versions that users get."""
    pins = {lock: _pins(root / lock).items() for lock in LOCKS}

    assert pins["requirements.lock"] | pins["deploy/image/build.lock"] <= pins["requirements-dev.lock"]
    assert pins["requirements.lock"] <= pins["deploy/image/mcp.lock"] <= pins["requirements-dev.lock"]


def test_the_changelog_has_unreleased_on_top_and_names_only_older_versions(
    root: Path, pyproject: dict[str, Any]
) -> None:
    headings = re.findall(r"^## \[(.+?)\]", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert headings[0] == "Unreleased"
    assert set(headings[1:2]) <= {pyproject["project"]["version"]}


def test_ci_runs_the_readmes_test_command_with_every_test_required(root: Path, tmp_path: Path) -> None:
    """Replace make on the PATH to record how .ci/run calls it."""
    calls = tmp_path / "calls"
    stand_in = tmp_path / "make"
    stand_in.write_text(f'#!/bin/sh\necho "make $* in $(pwd) with REQUIRE_ALL=$REQUIRE_ALL" >> "{calls}"\n', "utf-8")
    stand_in.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("REQUIRE_ALL", None)

    subprocess.run([root / ".ci/run"], cwd=tmp_path, env=environment, check=True)

    assert "$ make test\n" in (root / "README.md").read_text("utf-8")
    assert calls.read_text("utf-8").splitlines() == [
        f"make ci-tools in {root} with REQUIRE_ALL=1",
        f"make sbom in {root} with REQUIRE_ALL=1",
        f"make test in {root} with REQUIRE_ALL=1",
    ]


def test_an_old_python_is_refused_with_the_required_version(root: Path, tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).write_text((root / name).read_text("utf-8"), "utf-8")
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n', "utf-8")
    old.chmod(0o755)

    run = subprocess.run(["make", "test", f"PYTHON={old}"], cwd=tmp_path, check=False, capture_output=True, text=True)

    ours = [line for line in run.stderr.splitlines() if not line.startswith("make")]
    assert run.returncode != 0
    assert ours == [f"casebook needs Python 3.11 or newer; {old} is Python 3.9.2. Use: make PYTHON=/path/to/python3.11"]
    assert not (tmp_path / ".venv").exists()
