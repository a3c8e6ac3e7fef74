"""Check the comparison with other tools: every entry that it names exists, and every gap says why."""

from __future__ import annotations

from intents.catalog.loader import builtin_directory, load
from tests.project.coverage_page import kind, peers


def test_comparison_names_entries_that_exist() -> None:
    known = load((builtin_directory(),)).catalog.incidents
    named = {entry for peer in peers() for check in peer["checks"] for entry in check.get("by", ())}

    assert named - known.keys() == set()


def test_checks_are_answered_or_say_what_they_need() -> None:
    checks = [check for peer in peers() for check in peer["checks"]]

    assert all(kind(check) for check in checks)
    assert {check["check"]: check["not"] for check in checks if check.get("not") and len(check["not"]) < 20} == {}
