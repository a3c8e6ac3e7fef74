"""Two processes watch one cluster: one holds the lease; when it is killed, the other goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp

from tests.end_to_end.process import Premises, Serving, premises
from tests.end_to_end.watched_place import KINDS, WATCH, several
from tests.end_to_end.workplace import is_final, words_of
from tests.postgres import Server, postgres
from tests.waiting import until

# A fixture that tests request by name.
__all__ = ["postgres"]

HASTY: dict[str, Any] = {"watch_look_s": 0.1, "watch_lease": timedelta(seconds=3)}


def told(at: Premises) -> list[str]:
    return [words_of(post["blocks"]) for post in at.ours() if is_final(post)]


async def watches_of(serving: Serving) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{serving.url}/metrics") as response:
        page = (await response.text()).splitlines()
    return next(float(line.split()[1]) for line in page if line.startswith("casebook_watches_open "))


async def test_watch_of_a_killed_process_goes_on_in_another(tmp_path, postgres: Server):
    variables = {"CASEBOOK_DATABASE_URL": postgres.create(), "CASEBOOK_WATCH": WATCH}
    async with premises(tmp_path, several(["front"]), pace=False, **variables) as at:
        holder = await at.start(replica="holder", **HASTY)
        await at.slack.wait_for(lambda: told(at))
        await until(lambda: at.cluster.watches == KINDS)
        other = await at.start(replica="other", **HASTY)
        assert await watches_of(holder) == KINDS
        assert await watches_of(other) == 0
        (first,) = told(at)
        assert "front-config" in first

        await holder.kill()
        at.cluster.load(several(["front", "back"]))
        await at.slack.wait_for(lambda: len(told(at)) == 2, timeout=50)
        assert await watches_of(other) == KINDS
        _, second = told(at)
        assert "back-config" in second

        assert await other.stop() == 0
        assert len(told(at)) == 2
