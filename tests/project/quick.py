"""Check a change in under a minute: this is `make quick [SINCE=COMMIT]`.

Style of the changed files, types, layers, and then the tests that the change touches: the test modules that import a
changed module, directly or through others, nearest first, until the time is used up. What is left out is named; `make
test` runs everything.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.project.touched import Selection, known_seconds, select

ROOT: Final = Path(__file__).parents[2]
# The whole may take a minute on two idle cores; starting and collecting takes a part of what is left for tests.
_WHOLE_S: Final = 55.0
_STARTING_S: Final = 7.0
_LEAST_S: Final = 8.0
_WORKERS: Final = 2
_NAMED: Final = 6


def main() -> int:
    """Run every check; return 1 if one of them failed."""
    started = time.monotonic()
    since = sys.argv[1] if len(sys.argv) > 1 else _common_commit()
    changed = changed_files(since)
    print(f"quick: {len(changed)} files changed since {since}", flush=True)
    python = [name for name in changed if name.endswith(".py") and (ROOT / name).is_file()]
    checks = [["lint-imports", "--no-logo"], ["mypy"]]
    if python:
        checks = [["ruff", "check", *python], ["ruff", "format", "--check", *python], *checks]
    failed = [check[0] for check in checks if _run(check) != 0]
    left_s = max(_LEAST_S, _WHOLE_S - _STARTING_S - (time.monotonic() - started))
    selection = select(changed, root=ROOT, seconds=left_s * _WORKERS, known=known_seconds(ROOT))
    _say(selection)
    if selection.chosen and _run(["pytest", "-q", "-n", str(_WORKERS), "--dist", "worksteal", *selection.chosen]) != 0:
        failed.append("pytest")
    if failed:
        print(f"quick: failed: {', '.join(failed)}", flush=True)
    return bool(failed)


def changed_files(since: str) -> list[str]:
    """Return the files that differ from a commit, new ones included."""
    listed = _git("diff", "--name-only", "-z", since) + _git("ls-files", "--others", "--exclude-standard", "-z")
    return sorted({name for name in listed.split("\0") if name})


def _common_commit() -> str:
    """Return the commit where this branch left main; HEAD where there is no main."""
    for name in ("main", "origin/main"):
        found = subprocess.run(
            ["git", "merge-base", "HEAD", name], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if found.returncode == 0:
            return found.stdout.strip()[:12]
    return "HEAD"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _run(command: Sequence[str]) -> int:
    """Run a command of the virtual environment; return its exit code."""
    return subprocess.run([Path(sys.executable).with_name(command[0]), *command[1:]], cwd=ROOT, check=False).returncode


def _say(selection: Selection) -> None:
    modules = {test.partition("::")[0] for test in selection.chosen}
    print(f"quick: {len(modules)} of {len(modules) + len(selection.left_out)} touched test modules", flush=True)
    if selection.left_out:
        named = [*selection.left_out[:_NAMED], *(["…"] if len(selection.left_out) > _NAMED else [])]
        print(f"quick: left to `make test`: {', '.join(named)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
