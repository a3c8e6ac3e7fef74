"""Run `casebook lint`: print the problems of catalog files as FILE:LINE: FIELD: problem."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.cli.errors import CommandError, ExitCode
from bot.cli.process import logged_settings
from bot.cli.rehearsal import check_cases
from bot.diagnosing import engine_for
from bot.probes.registry import declarations as probes
from bot.remedies.action import declarations as actions
from intents.catalog.lint import lint
from intents.catalog.loader import Problem, builtin_directory, load
from responses.safety import safe_line


def run(arguments: argparse.Namespace) -> ExitCode:
    """Check the files and print their problems."""
    configured = logged_settings()
    paths = [Path(path) for path in arguments.paths]
    for path in paths:
        if not path.exists():
            raise CommandError(f"cannot read {path}: no such file or directory")
    entries, problems = _check(paths or [builtin_directory(), *configured.catalog])
    for problem in sorted(problems):
        sys.stdout.write(f"{safe_line(str(problem))}\n")
    noun, count = "entry" if entries == 1 else "entries", len(problems)
    found = f"{count} problem{'' if count == 1 else 's'}" if count else "no problem"
    sys.stdout.write(f"{entries} {noun} checked: {found}\n")
    return ExitCode.PROBLEMS if problems else ExitCode.ANSWERED


def _check(paths: Sequence[Path]) -> tuple[int, frozenset[Problem]]:
    """Return the number of entries in these files and directories, and what was found in them."""
    # Entries refer to each other (causes): the user's files are read together with the built-in ones.
    own_paths = (path for path in paths if path != builtin_directory())
    loaded = load([builtin_directory(), *(path if path.is_dir() else path.parent for path in own_paths)])
    catalog = loaded.catalog
    found = [*loaded.problems, *lint(catalog, probes(), actions())]
    problems = frozenset(each for each in found if _is_within(Path(each.file), paths))
    own = {name for name, source in catalog.sources.items() if _is_within(source.path, paths)}
    if not problems:
        # Rehearsing takes seconds and needs consistent entries.
        problems = frozenset(asyncio.run(check_cases(engine_for(catalog), only=own)))
    return len(own), problems


def _is_within(file: Path, paths: Sequence[Path]) -> bool:
    return any(file == path or path in file.parents for path in paths)
