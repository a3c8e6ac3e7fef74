"""Test the plot of measurements below an answer; the answer does not depend on it."""

import asyncio
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.common.painter import Painter
from bot.diagnosing import Engine, build_engine
from bot.workflows import message_poster as picturing
from intents.catalog.cases import ask_of, world_of
from tests.end_to_end.workplace import Workplace, lines_of, workplace

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


def slow_etcd(engine: Engine) -> tuple[dict[str, Any], str]:
    incident = engine.catalog.incidents["etcd-slow-disk"]
    return world_of(incident, incident.cases[0]), ask_of(incident, incident.cases[0]).text


async def asked(place: Workplace, text: str) -> tuple[str, dict[str, Any]]:
    ts = await place.slack.say(place.alex, place.channel, text)
    answer = await place.answer(ts)
    await place.settled()
    return ts, answer


def pictures(place: Workplace, thread_ts: str) -> list[dict[str, Any]]:
    return [file for one in place.answers(thread_ts) for file in one.get("files", []) if file.get("name")]


async def test_answer_has_one_plot_with_alt_text(tmp_path: Path, engine: Engine) -> None:
    world, text = slow_etcd(engine)
    async with workplace(tmp_path, engine, world) as place:
        ts, answer = await asked(place, text)

        (picture,) = pictures(place, ts)
        content = place.slack.file_content(picture["id"])
        width, height = struct.unpack(">II", content[16:24])
        assert content.startswith(PNG)
        assert (width, height) == (1200, 840)
        assert len(content) < 300_000
        assert picture["title"] == "etcd backend commit, 99th percentile"
        assert "2 of 3 etcd members commit too slowly" in picture["alt_txt"]
        assert any("2 of 3 etcd members" in line for line in lines_of(answer))

        # A repeated error is counted; its plot is already there.
        await place.slack.say(place.bo, place.channel, text)
        await place.settled()
        assert len(pictures(place, ts)) == 1

        # Deleting the paste deletes the answer and its plot.
        await place.slack.remove(place.alex, place.channel, ts)
        await place.settled()
        assert [file for file in place.slack.files() if file["id"] == picture["id"]] == []


@pytest.mark.parametrize("trouble", ["drawing", "refused", "slow"])
async def test_failed_plot_does_not_affect_the_answer(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    world, text = slow_etcd(engine)
    async with workplace(tmp_path, engine, world) as place:
        if trouble == "drawing":
            monkeypatch.setattr(picturing, "PAINTER", Painter((sys.executable, "-c", "")))
        elif trouble == "refused":
            place.slack.fail("files.getUploadURLExternal", error="missing_scope", needed="files:write")
        else:
            monkeypatch.setattr(picturing, "_WITHIN_S", 0.001)
        ts, answer = await asked(place, text)

        assert any("2 of 3 etcd members" in line for line in lines_of(answer))
        assert pictures(place, ts) == []
        assert len(place.answers(ts)) == 1


async def test_no_plot_without_measurements(tmp_path: Path, engine: Engine) -> None:
    world, text = slow_etcd(engine)
    async with workplace(tmp_path, engine, world | {"metrics": []}) as place:
        ts, _ = await asked(place, text)

        assert pictures(place, ts) == []


async def test_plotting_does_not_block_other_work(engine: Engine) -> None:
    from tests.responses.test_plots import plot  # noqa: PLC0415

    longest = 0.0
    drawing = asyncio.create_task(asyncio.to_thread(picturing._drawn, plot()))
    loop = asyncio.get_running_loop()
    while not drawing.done():
        before = loop.time()
        await asyncio.sleep(0.005)
        longest = max(longest, loop.time() - before)

    assert drawing.result().startswith(PNG)
    assert longest < 1.0
