"""Whatever is sent to `/alerts`: an answer of 200 or 400 at once, nothing lost, nothing forged, no negative time."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.end_to_end.test_alerts_webhook import (
    BEGAN,
    TILL,
    TO_CHANNEL,
    TOKEN,
    alert,
    deliver,
    group,
    post_with,
    posts,
    resolved,
)
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import lines_of, workplace
from tests.mutated_inputs import as_json, mutate
from tests.postgres import postgres
from tests.responses_slack.pings import pings

# A fixture that tests request by name.
__all__ = ["postgres"]

SECRET = "hunter2-" + "x7Kq9" * 4
TIMES = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-00-00", "-1", "1e9", 1763600000)


def mutated_bodies(count: int, seed: int) -> Iterator[bytes]:
    """Yield requests with wrong types, missing fields, hostile values and times at the edge."""
    chance = random.Random(seed)
    for _ in range(count):
        body: Any = group(alert(TILL[0]), resolved(alert(TILL[1])))
        body["alerts"][0]["startsAt"] = chance.choice((BEGAN.isoformat(), *TIMES))
        for _ in range(chance.choice((1, 1, 2))):
            mutate(body, chance)
        yield as_json(body).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("on_postgresql", [False, True], ids=["sqlite", "postgresql"])
async def test_any_body_is_recorded_or_refused_by_its_field(tmp_path, engine, postgres, on_postgresql):
    database = {"database_url": postgres.create()} if on_postgresql else {}
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN, **database) as at:
        for body in (
            *mutated_bodies(150, seed=7),
            b"",
            b"[]",
            b"null",
            b"[" * 100_000,
            b'{"version": "4"',
            b"\xff\xfe{}",
        ):
            status, says = await deliver(at, body)
            assert status in (200, 400), (status, says, body[:300])
            assert (status == 200) == (says == "{}")
            assert len(says) < 1_000
        await at.settled()
        # It goes on as ever.
        await deliver(at, group(alert("tool-7d9f8b6c54-ddddd", namespace="shed", name="KubePodCrashLooping")))
        await post_with(at, "KubePodCrashLooping")


async def test_hostile_labels_neither_ping_nor_forge_nor_leak(tmp_path, engine):
    hostile = f"x <!channel> <@U0000000001> *✅ Resolved* `DB_PASSWORD={SECRET}`\n🔔 9 alerts firing"
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        named = alert(TILL[0], labels={"alertname": hostile, "pod": hostile, "severity": hostile})
        noted = alert(TILL[1], annotations={"summary": hostile, "description": hostile, "runbook_url": hostile})
        alone = {**alert(""), "labels": {"alertname": "Odd"}, "annotations": {"summary": hostile}}
        forged = {**group(named, noted, alone), "externalURL": f"javascript:alert(1)//{hostile}"}
        assert (await deliver(at, forged))[0] == 200

        for post in await posts(at, 2):
            shown = json.dumps(post, ensure_ascii=False)
            assert SECRET not in shown
            assert pings({"text": post["text"], "blocks": post["blocks"]}) == ()
            assert '"user_id"' not in shown
            assert "javascript:" not in shown or '"link"' not in shown
            assert not any(line.startswith("🔔 9") for line in lines_of(post))
    for file in (tmp_path / "data").iterdir():
        assert SECRET.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        (timedelta(days=400), timedelta(days=401)),
        (timedelta(0), -timedelta(hours=3)),
        (-timedelta(days=9_000), timedelta(minutes=1)),
    ],
    ids=["begins in the future", "ends before it began", "began long ago"],
)
async def test_clocks_apart_make_no_negative_time(tmp_path, engine, starts, ends):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        firing = alert(TILL[0], startsAt=(BEGAN + starts).isoformat())
        await deliver(at, group(firing))
        await posts(at, 1)
        over = {**firing, "status": "resolved", "endsAt": (BEGAN + ends).isoformat()}
        await deliver(at, group(over))
        head = lines_of(await post_with(at, "Resolved"))[0]
        assert re.search(r"(?<![\w.])-\s?\d", head) is None


async def test_an_older_copy_does_not_open_a_closed_post(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        firing = alert(TILL[0])
        await deliver(at, group(firing))
        await posts(at, 1)
        await deliver(at, group(resolved(firing)))
        await post_with(at, "Resolved")
        await deliver(at, group(firing, sender="am-1"))
        await at.settled()
        assert [lines_of(one)[0] for one in at.ours()] == [lines_of(at.ours()[0])[0]]
        assert "Resolved" in lines_of(at.ours()[0])[0]


async def test_a_post_that_slack_did_not_take_comes_later_and_once(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        at.slack.fail("chat.postMessage", status=503, times=3)
        await deliver(at, group(*map(alert, TILL)))
        assert len(await posts(at, 1)) == 1
