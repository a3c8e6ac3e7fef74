"""Check that REQUIRE_ALL=1 turns a skipped test or module into a named failure."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RunPytest = Callable[..., tuple[int, str]]

SKIPPED_TEST = """
import pytest

def test_runs():
    pass

@pytest.mark.skipif(True, reason="needs a tool")
def test_left_out():
    pass

def test_gives_up():
    pytest.skip("has no time")

@pytest.mark.xfail(reason="known", strict=True)
def test_known_to_fail():
    assert False
"""
SKIPPED_MODULE = """
import pytest

pytest.importorskip("surely_not_installed")

def test_never_seen():
    pass
"""


@pytest.fixture
def run_pytest(root: Path, tmp_path: Path) -> RunPytest:
    (tmp_path / "conftest.py").write_text((root / "tests/conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    (tmp_path / "test_sample.py").write_text(SKIPPED_TEST, "utf-8")
    (tmp_path / "test_module.py").write_text(SKIPPED_MODULE, "utf-8")

    def run(*options: str, require_all: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--continue-on-collection-errors", *options],
            cwd=tmp_path,
            env={**os.environ, "REQUIRE_ALL": require_all},
            check=False,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout

    return run


def test_skips_fail_if_every_test_is_required_though_a_worker_reports_them(run_pytest: RunPytest) -> None:
    code, output = run_pytest("-n", "1", require_all="1")

    assert code == 1
    assert "test_sample.py::test_left_out was skipped and REQUIRE_ALL=1 asks for every test" in output
    assert "needs a tool" in output
    assert "test_sample.py::test_gives_up was skipped and REQUIRE_ALL=1 asks for every test" in output
    assert "has no time" in output
    assert "test_module.py was skipped and REQUIRE_ALL=1 asks for every test" in output
    assert "surely_not_installed" in output
    # A module skipped at import is an error, and so is a test skipped in its setup.
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in output.splitlines()[-1]


def test_skips_are_allowed_otherwise(run_pytest: RunPytest) -> None:
    code, output = run_pytest(require_all="0")

    assert code == 0
    assert "1 passed, 3 skipped, 1 xfailed" in output.splitlines()[-1]
