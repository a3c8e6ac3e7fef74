"""`casebook demo` as a newcomer sees it, with scripted input instead of a keyboard."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from bot.asked.inventory import mentioned
from bot.cli.rehearsal import staged
from bot.cli.showcase import set_up
from bot.cluster.snapshot import Snapshot
from bot.diagnosing import build_engine, diagnose, match_text
from intents.request import ExplainText
from intents.talk.unasked import may_answer

Run = Callable[..., Any]


def test_a_session_takes_numbers_pastes_and_commands_until_it_is_left(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = ["1", "Error: no such thing", "as this", "", "?", "9999", "l", "q", "never read", ""]

    ran = run("demo", "--terminal", "--lang", "en", stdin="\n".join(lines))

    assert (ran.code, ran.err) == (0, "")
    answers = ran.out.split("casebook> ")
    assert len(answers) == 7, ran.out
    welcome, sample, paste, help_, unknown, listed, end = answers
    assert welcome.startswith("Casebook: a simulated cluster with ")
    assert "\n  1 " in welcome
    assert "p NS/NAME" in welcome
    assert max(map(len, welcome.splitlines())) <= 84
    assert sample.startswith("1\n")
    assert " CONFIRMED " in sample
    assert "From the text\n  • “Error: no such thing”\n" in paste
    assert all("list the broken pods" in text for text in (welcome, help_))
    assert "Choose a sample from 1 to " in unknown
    assert "/" in listed.partition("Broken pods\n")[2]
    assert end == "q\n"


def test_a_broken_pod_of_the_list_can_be_named_until_the_input_ends(run: Run) -> None:
    demo = ("demo", "--terminal", "--lang", "en", "--scenario", "image-pull-failed")
    listed = run(*demo, stdin="l\n").out
    pod = next(line.split()[0] for line in listed.split("Broken pods\n")[1].splitlines() if "/" in line)

    ran = run(*demo, stdin=f"p {pod}\np nowhere/nothing\n")

    assert (ran.code, ran.err) == (0, "")
    assert pod in ran.out.partition("nowhere/nothing")[0].partition(f"p {pod}")[2]
    assert "Pod nowhere/nothing does not exist" in ran.out


async def test_by_default_it_prints_the_address_of_a_page_and_stops_on_a_signal() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--port", "0", "--scenario", "image-pull-failed"),
        stdout=PIPE,
        stderr=PIPE,
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


async def test_every_sample_gets_its_incident_with_the_strongest_verdict_also_unasked_in_a_channel() -> None:
    engine, _ = build_engine()
    showcase = set_up(engine.catalog)

    async with staged(showcase.cluster) as connection:
        for sample in showcase.samples:
            diagnosis = await diagnose(ExplainText(text=sample.text), engine=engine, connection=connection)
            verdicts = {one.incident: one.verdict for one in diagnosis.hypotheses}
            assert verdicts.get(sample.incident) == sample.verdict, sample.note

            heard = may_answer(sample.text, await match_text(sample.text, engine=engine))
            assert heard.answered, sample.text
            if heard.proof:
                # What a person reports is answered about the object that it names.
                async with Snapshot(connection) as snapshot:
                    named = (await mentioned(snapshot, sample.text)).first
                assert named is not None, sample.text
                assert named.kind != "Namespace", sample.text
