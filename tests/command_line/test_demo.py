"""`casebook demo` as a newcomer sees it, with scripted input instead of a keyboard."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from bot.cli.rehearsal import staged
from bot.cli.showcase import set_up
from bot.diagnosing import build_engine, diagnose
from intents.request import ExplainText

Run = Callable[..., Any]


def test_it_welcomes_lists_samples_and_ends_with_its_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    ran = run("demo", "--terminal", stdin="")

    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith("Casebook: a simulated cluster with ")
    assert "  1 " in ran.out
    assert "p NS/NAME" in ran.out
    assert max(map(len, lines)) <= 84


def test_a_sample_is_chosen_by_its_number(run: Run) -> None:
    ran = run("demo", "--terminal", "--lang", "en", stdin="1\nq\nnever read\n")

    assert ran.code == 0
    assert "casebook> 1\n" in ran.out
    assert " CONFIRMED " in ran.out
    assert "never read" not in ran.out


def test_a_pod_can_be_named_and_broken_pods_are_listed(run: Run) -> None:
    listed = run("demo", "--terminal", stdin="l\n").out
    pod = next(line.split()[0] for line in listed.split("Broken pods\n")[1].splitlines() if "/" in line)

    ran = run("demo", "--terminal", "--lang", "en", stdin=f"p {pod}\np nowhere/nothing\n")

    assert pod in ran.out.partition("nowhere/nothing")[0].partition(f"p {pod}")[2]
    assert "Pod nowhere/nothing does not exist" in ran.out


def test_a_paste_of_several_lines_ends_with_an_empty_one(run: Run) -> None:
    ran = run("demo", "--terminal", "--lang", "en", stdin="Error: no such thing\nas this\n\n?\n9999\n")

    assert "From the text\n  • “Error: no such thing”\n" in ran.out
    assert ran.out.count("list the broken pods") == 2
    assert "Choose a sample from 1 to " in ran.out


async def test_by_default_it_prints_the_address_of_a_page_and_stops_on_a_signal() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--port", "0", stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    async with aiohttp.ClientSession() as session, session.get(address) as page:
        assert page.status == 200
        assert "Casebook" in await page.text()
    process.terminate()
    await process.communicate()

    assert process.returncode == 0


def test_an_unknown_scenario_or_malformed_port_gets_a_suggestion(run: Run) -> None:
    assert 'did you mean "image-pull-failed"?' in run("demo", "--scenario", "image-pull-fail").err
    assert "'x' is not a port" in run("demo", "--port", "x").err


async def test_every_sample_gets_its_incident_with_the_strongest_verdict() -> None:
    engine, _ = build_engine()
    showcase = set_up(engine.catalog)

    async with staged(showcase.cluster) as connection:
        for sample in showcase.samples:
            diagnosis = await diagnose(ExplainText(text=sample.text), engine=engine, connection=connection)
            verdicts = {one.incident: one.verdict for one in diagnosis.hypotheses}
            assert verdicts.get(sample.incident) == sample.verdict, sample.note
