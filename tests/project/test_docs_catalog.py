"""Follow the guide for authors from top to bottom: lint its file, judge its cases, apply its advice."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
import yaml

from bot.__main__ import main
from bot.diagnosing import build_engine
from intents.domain import Verdict
from tests.catalog.rehearsed import rehearsed
from tests.project.documented import blocks, commands
from tests.project.readme_parts import ROOT

GUIDE = ROOT / "docs" / "catalog.md"
_ENTRY = next(blocks(GUIDE, "yaml"))
_ID: str = yaml.safe_load(_ENTRY)["id"]


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create the directory that the guide tells its reader to create, in an empty place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paste.txt").write_text(next(blocks(GUIDE, "text")), "utf-8")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / f"{_ID}.yaml").write_text(_ENTRY, "utf-8")
    return mine


def test_its_commands_print_what_is_documented(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    followed = []
    for command in commands(GUIDE):
        with monkeypatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
            patch.setenv("COLUMNS", "100")
            for name, _, value in (each.partition("=") for each in command.assigned):
                patch.setenv(name, value)
            if command.words[1] == "demo":
                patch.setattr("sys.stdin", io.StringIO("1\nq\n"))
            code = main(command.words[1:])
        followed.append((command.words[1], code))
        assert command.would_print(out.getvalue()), (str(command), out.getvalue())
        if command.words[1] == "demo":
            assert "CONFIRMED" in out.getvalue()

    assert followed == [("match", 3), ("lint", 0), ("match", 0), ("demo", 0)]


async def test_its_cases_pass_and_detect_every_mutated_rule(mine: Path) -> None:
    engine, problems = build_engine((mine,))
    entry = engine.catalog.incidents[_ID]

    outcomes = await rehearsed(engine, entry)

    assert problems == ()
    assert [one.verdict_on(entry) for one in outcomes] == [case.then for case in entry.cases]
    assert {Verdict.CONFIRMED, Verdict.RULED_OUT, Verdict.POSSIBLE} <= {case.then for case in entry.cases}
    mutants = {name for one in outcomes for name in one.mutants}
    assert mutants
    assert {
        name for name in mutants if all(one.mutants.get(name) in (one.case.then, None) for one in outcomes)
    } == set()
