"""Check the bill of materials, the licences and that a wheel depends on its commit alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.project.sbom import bill, licence_list, locked, problems, refused


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return bill()


def test_bill_is_valid_and_has_each_installed_package_with_its_hashes(whole: dict[str, Any], root: Path) -> None:
    assert problems(json.dumps(whole)) == []
    assert problems(json.dumps({**whole, "components": [{"name": "x"}]})) != []
    lock = locked((root / "requirements.lock").read_text())
    # A few packages are for other systems or versions of Python.
    assert len(lock) - 5 <= len(whole["components"]) <= len(lock)
    assert all(each["properties"] for each in whole["components"])
    assert "pytest" not in {each["name"] for each in whole["components"]}


def test_each_licence_is_allowed(whole: dict[str, Any]) -> None:
    assert refused(whole["components"]) == []
    assert licence_list(whole["components"]).count("\n") == len(whole["components"])


@pytest.mark.parametrize(
    ("name", "licences", "lines"),
    [
        ("x", [{"license": {"id": "MIT"}}], []),
        ("x", [{"expression": "GPL-3.0-only OR MIT"}], []),
        ("x", [{"expression": "GPL-3.0-only AND MIT"}], ["x: GPL-3.0-only AND MIT is not allowed"]),
        ("x", [{"license": {"id": "LGPL-3.0-only"}}], ["x: LGPL-3.0-only is not allowed"]),
        ("psycopg", [{"license": {"id": "LGPL-3.0-only"}}], []),
        ("x", [{"license": {"name": "Ask us"}}], ["x: Ask us is not allowed"]),
        ("x", [], ["x: its metadata names no licence"]),
    ],
)
def test_licence_outside_the_list_is_refused(name: str, licences: list[Any], lines: list[str]) -> None:
    assert refused([{"name": name, "licenses": licences}]) == lines


def test_two_clones_give_the_same_wheel(root: Path, tmp_path: Path) -> None:
    digests = set()
    for name, mask, at in (("first", 0o022, 0), ("second", 0o077, 1_000_000_000)):
        clone = tmp_path / name
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", root, clone], check=True, umask=mask)
        for file in clone.rglob("*.py"):
            if at:
                os.utime(file, (at, at))
        out = tmp_path / "out" / name
        build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
        subprocess.run(build, cwd=clone, check=True, capture_output=True, umask=mask)
        (wheel,) = out.glob("*.whl")
        digests.add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert len(digests) == 1
