"""Whatever is sent to `/alerts`, on either database: an answer of 200 or 400 at once, and it goes on as ever."""

from __future__ import annotations

import random
from collections.abc import Iterator
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
    resolved,
)
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import workplace
from tests.mutated_inputs import as_json, mutate
from tests.postgres import postgres

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
            *mutated_bodies(60, seed=7),
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
