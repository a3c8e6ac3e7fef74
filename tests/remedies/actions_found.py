"""Find the declarations that the test files of `actions` bring for the tests of every action; no list is edited."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

from tests.end_to_end.every_action.scenario import Scenario
from tests.remedies.trial import Trial


def scenarios() -> tuple[Scenario, ...]:
    """Return the SCENARIOS of every test file: each action from its button to its end."""
    return tuple(each for module in _modules() for each in getattr(module, "SCENARIOS", ()))


def trials() -> tuple[Trial, ...]:
    """Return the TRIALS of every test file: each action on one object of every kind that it writes to."""
    return tuple(each for module in _modules() for each in getattr(module, "TRIALS", ()))


@cache
def _modules() -> tuple[ModuleType, ...]:
    files = sorted((Path(__file__).parent / "actions").glob("test_*.py"))
    return tuple(importlib.import_module(f"tests.remedies.actions.{each.stem}") for each in files)
