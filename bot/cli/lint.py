"""Run `casebook lint`: print the problems of catalog files as FILE:LINE: FIELD: problem."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Collection
from pathlib import Path

from bot.cli.errors import CommandError
from bot.cli.exit_codes import ExitCode
from bot.cli.logs import configure_logging
from bot.cli.rehearsal import check_cases
from bot.cli.user_files import settings
from bot.diagnosing import engine_for
from bot.probes.registry import declarations as probes
from bot.remedies.registry import declarations as actions
from intents.catalog.former_uses import former_names
from intents.catalog.lint import lint
from intents.catalog.loader import Problem, builtin_directory, load
from responses.safety import safe_line


def run(arguments: argparse.Namespace) -> ExitCode:
    """Check the files and print their problems."""
    configured = settings()
    configure_logging(level=configured.log_level, form=configured.log_format)
    paths = [Path(path) for path in arguments.paths]
    for path in paths:
        if not path.exists():
            raise CommandError(f"cannot read {path}: no such file or directory")
    checked = paths or [builtin_directory(), *configured.catalog]
    # Entries refer to each other (causes, points_to): the user's files are read together with the built-in ones.
    loaded = load([builtin_directory(), *(_directory(path) for path in checked if path != builtin_directory())])
    problems = {problem for problem in loaded.problems if _is_within(Path(problem.file), checked)}
    linted = lint(loaded.catalog, probes(), actions())
    problems |= {problem for problem in linted if _is_within(Path(problem.file), checked)}
    warnings = {each for each in former_names(loaded.catalog, probes()) if _is_within(Path(each.file), checked)}
    # Entries of users get a release to follow; the built-in ones are changed together with the probes.
    problems |= {each for each in warnings if _is_within(Path(each.file), [builtin_directory()])}
    warnings -= problems
    own = {name for name, source in loaded.catalog.sources.items() if _is_within(source.path, checked)}
    if not problems:
        # Rehearsing takes seconds and needs consistent entries.
        problems |= set(asyncio.run(check_cases(engine_for(loaded.catalog), only=own)))
    for problem in sorted(problems | warnings):
        sys.stdout.write(f"{safe_line(str(problem))}\n")
    count = _counted(problems, "problem") or ("" if warnings else "no problem")
    count = ", ".join(filter(None, (count, _counted(warnings, "warning"))))
    sys.stdout.write(f"{len(own)} {'entry' if len(own) == 1 else 'entries'} checked: {count}\n")
    return ExitCode.PROBLEMS if problems else ExitCode.ANSWERED


def _counted(found: Collection[Problem], word: str) -> str:
    return f"{len(found)} {word}{'' if len(found) == 1 else 's'}" if found else ""


def _directory(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _is_within(file: Path, paths: list[Path]) -> bool:
    return any(file == path or path in file.parents for path in paths)
