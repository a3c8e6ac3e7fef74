"""Saved incidents outlive the process: they answer after a restart, and their export passes the lint."""

from __future__ import annotations

import asyncio

from bot.__main__ import main
from tests.end_to_end.test_saved_incidents import AGAIN, CAUSE, save, saved_ids, thread
from tests.end_to_end.workplace import lines_of, workplace


async def test_saved_incident_answers_after_a_restart_and_its_export_passes_lint(tmp_path, engine, capsys, monkeypatch):
    async with workplace(tmp_path, engine) as at:
        await save(at, await thread(at))
        (id,) = saved_ids(at)
    async with workplace(tmp_path, engine) as at:
        again = await at.slack.say(at.bo, at.channel, AGAIN)
        assert lines_of(await at.answer(again))[0] == CAUSE
        data = at.settings.data
    monkeypatch.setenv("CASEBOOK_DATA", str(data))
    target = tmp_path / "review"

    assert await asyncio.to_thread(main, ["catalog", "export", "--learned", "--to", str(target)]) == 0
    assert [path.name for path in target.iterdir()] == [f"{id}.yaml"]
    # The lint reads it together with the catalog.
    assert await asyncio.to_thread(main, ["lint", str(target)]) == 0, capsys.readouterr().out
    assert await asyncio.to_thread(main, ["catalog", "export", "--to", str(tmp_path / "all")]) == 0
    assert len(list((tmp_path / "all").iterdir())) == len(engine.catalog) + 1
