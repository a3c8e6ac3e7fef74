"""Check what a user installs: three packages, the catalog, types, the console script, no tests."""

import importlib.metadata
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

OWN_NAMES = {"bot", "intents", "responses"}


def _normalised(name: str) -> str:
    return name.lower().replace("_", "-")


def _top_level_names(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    """Return a distribution's import names from its RECORD: package directories and single modules."""
    for file in distribution.files or []:
        first = file.parts[0]
        if len(file.parts) > 1 and file.suffix in {".py", ".so", ".typed"}:
            yield first
        elif len(file.parts) == 1 and file.suffix in {".py", ".so"}:
            yield first.split(".")[0]


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide a directory with only the wheel; its dependencies come from the test environment."""
    target = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-compile", "--target", target, wheel],
        check=True,
        capture_output=True,
    )
    return target


def test_the_wheel_contains_packages_types_and_catalog_but_no_tests(wheel: Path, root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    packaged = {name for name in names if ".dist-info/" not in name}
    entries = {path.relative_to(root).as_posix() for path in (root / "intents/catalog/data").rglob("*.yaml")}

    assert {name.split("/")[0] for name in packaged} == OWN_NAMES
    assert {f"{package}/py.typed" for package in OWN_NAMES} <= names
    assert entries
    assert entries <= names
    assert not [name for name in packaged if "tests" in name.split("/") or name.endswith((".pyc", "conftest.py"))]


def test_every_module_of_the_checkout_is_in_the_wheel(wheel: Path, own_files: list[Path], root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packaged = {name for name in archive.namelist() if name.split("/")[0] in OWN_NAMES}

    written = {path.relative_to(root).as_posix() for path in own_files}

    assert {name for name in written if name.split("/")[0] in OWN_NAMES} == packaged


def test_only_kube_casebook_provides_the_import_names(installed: Path) -> None:
    """A `responses` or `bot` of another distribution would be imported instead of ours."""
    (own,) = importlib.metadata.distributions(path=[str(installed)])
    assert set(_top_level_names(own)) == OWN_NAMES

    others = {
        name: other.name
        for other in importlib.metadata.distributions()
        if _normalised(other.name) != "kube-casebook"
        for name in _top_level_names(other)
        if name in OWN_NAMES
    }
    assert others == {}


@pytest.mark.parametrize("name", ["casebook", "kubectl-casebook"])
def test_the_console_script_runs_from_the_wheel_outside_the_checkout(
    installed: Path, pyproject: dict[str, Any], tmp_path: Path, name: str
) -> None:
    script = installed / "bin" / name

    run = subprocess.run(
        [sys.executable, script, "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert (run.returncode, run.stdout, run.stderr) == (0, f"casebook {pyproject['project']['version']}\n", "")


def test_the_catalog_is_found_when_it_is_read_from_the_wheel(installed: Path, root: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "bot", "list"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONPROFILEIMPORTTIME": "1"},
        check=True,
        capture_output=True,
        text=True,
    )

    ids = {path.stem for path in (root / "intents/catalog/data").rglob("*.yaml")}
    assert {line.split()[0] for line in run.stdout.splitlines() if line.strip()} & ids == ids
    # The matcher's libraries are imported only for matching.
    assert "intents.catalog.loader\n" in run.stderr
    assert "numpy" not in run.stderr
