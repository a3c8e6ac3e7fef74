"""`casebook demo`: what a newcomer sees, with a script of inputs instead of a keyboard."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bot.cli.showcase import set_up
from bot.diagnosing import build_engine, diagnose
from bot.rehearsing import staged
from intents.request import ExplainText

Run = Callable[..., Any]


def test_it_welcomes_lists_samples_and_ends_with_its_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--terminal"],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "80"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Casebook: a simulated cluster with ")
    assert "  1 " in done.stdout
    assert "p NS/NAME" in done.stdout
    assert max(map(len, lines)) <= 84


def test_a_sample_is_one_key_away(run: Run) -> None:
    ran = run("demo", "--terminal", "--lang", "en", stdin="1\nq\nnever read\n")

    assert ran.code == 0
    assert "casebook> 1\n" in ran.out
    assert " CONFIRMED " in ran.out
    assert "never read" not in ran.out


def test_a_pod_can_be_named_and_the_broken_ones_are_listed(run: Run) -> None:
    listed = run("demo", "--terminal", stdin="l\n").out
    pod = next(line.split()[0] for line in listed.split("Broken pods\n")[1].splitlines() if "/" in line)

    ran = run("demo", "--terminal", "--lang", "en", stdin=f"p {pod}\np nowhere/nothing\n")

    assert f"Pod {pod}" in ran.out
    assert "Pod nowhere/nothing does not exist" in ran.out


def test_a_paste_of_several_lines_ends_with_an_empty_one(run: Run) -> None:
    ran = run("demo", "--terminal", "--lang", "en", stdin="Error: no such thing\nas this\n\n?\n99\n")

    assert "What was read\n  · “Error: no such thing”\n" in ran.out
    assert ran.out.count("list the broken pods") == 2
    assert "There are samples 1 to " in ran.out


def test_without_an_option_it_says_that_the_browser_comes_later(run: Run) -> None:
    ran = run("demo", stdin="")

    assert ran.code == 0
    assert ran.err == "casebook: the playground in a browser comes later; this is the one in the terminal\n"
    assert ran.out.startswith("Casebook: ")


async def test_every_sample_is_answered_with_its_incident_at_its_strongest() -> None:
    engine, _ = build_engine()
    showcase = set_up(engine.catalog)

    answers = {}
    async with staged(showcase.cluster) as connection:
        for sample in showcase.samples:
            diagnosis = await diagnose(ExplainText(text=sample.text), engine=engine, connection=connection)
            answers[sample.incident] = {one.incident: one.verdict for one in diagnosis.hypotheses}.get(sample.incident)

    assert answers == {sample.incident: sample.verdict for sample in showcase.samples}
    assert {incident.id for incident in engine.catalog} == set(answers)


@pytest.mark.parametrize("text", ["\x1b[31m\x00", "p", "p a b c", "-1", "１", "password=hunter2 failed"])
def test_odd_input_is_answered_like_any_other(run: Run, text: str) -> None:
    ran = run("demo", "--terminal", stdin=f"{text}\n\n")

    assert ran.code == 0
    assert "hunter2" not in ran.out
    assert "\x1b" not in ran.out
