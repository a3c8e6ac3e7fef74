"""Test readiness and its notes: what prevents answers, and what else is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aiohttp

from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.playground.slack.delivery import signed_headers
from intents.catalog.loader import load
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import GRANTED, HEARD, Workplace, workplace

Told = tuple[int, dict[str, Any]]


async def readiness(at: Workplace) -> Told:
    async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/readyz") as response:
        return response.status, await response.json()


async def wait_until(at: Workplace, so: Callable[[Told], bool]) -> dict[str, Any]:
    """Wait until /readyz fulfils a condition and return its body."""
    async with asyncio.timeout(5):
        while True:
            if so(told := await readiness(at)):
                return told[1]
            await asyncio.sleep(0.02)


async def alive(at: Workplace) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/healthz") as response:
        return response.status == 200


async def test_healthy_process_reports_no_problem(tmp_path, engine):
    async with workplace(tmp_path, engine) as at:
        assert await readiness(at) == (200, {"status": "ready", "problems": {}, "notes": {}, "clusters": {}})


async def test_unresponsive_slack_makes_it_unready_until_it_recovers(tmp_path, engine):
    async with workplace(tmp_path, engine, slack_check_s=0.05) as at:
        at.slack.fail("*", status=503, times=1_000)
        body = await wait_until(at, lambda told: told[0] == 503)
        assert "Slack has not responded since" in body["problems"]["slack"]
        assert "CASEBOOK_SLACK_API_URL" in body["problems"]["slack"]
        assert at.slack.bot_token not in str(body)
        assert await alive(at)
        at.slack.clear_faults()
        await wait_until(at, lambda told: told[0] == 200)


async def test_clock_skew_is_reported_before_and_when_requests_are_rejected(tmp_path, engine):
    async with workplace(tmp_path, engine, slack_check_s=0.05) as at:
        at.clock.advance(timedelta(minutes=8))
        body = await wait_until(at, lambda told: told[0] == 503)
        assert "8 min ahead of Slack's" in body["problems"]["clock"]
        at.clock.advance(timedelta(minutes=-16))
        body = await wait_until(at, lambda told: "behind" in told[1]["problems"].get("clock", ""))
        at.clock.advance(timedelta(minutes=8))
        await wait_until(at, lambda told: told[0] == 200)

        raw = b'{"type": "url_verification", "challenge": "c"}'
        late = signed_headers(raw, secret=at.slack.signing_secret, timestamp=int(time.time()) - 400)
        refused = await at.slack.send_raw(raw, late | {"Content-Type": "application/json"})
        assert refused.status == 401
        status, told = await readiness(at)
        assert status == 200
        assert "older or newer than 5 min" in told["notes"]["stale"]


async def test_wrongly_signed_requests_are_reported_until_a_valid_one_arrives(tmp_path, engine):
    async with workplace(tmp_path, engine) as at:
        assert (await at.send({"type": "block_actions"}, secret="of-another-app")).status == 401
        status, body = await readiness(at)
        assert status == 200
        assert "1 requests had a signature unlike CASEBOOK_SLACK_SIGNING_SECRET's" in body["notes"]["signature"]
        assert at.slack.signing_secret not in str(body)
        await at.slack.slash(at.alex, at.channel, "help")
        assert (await readiness(at))[1]["notes"] == {}


async def test_missing_scopes_are_reported_with_the_disabled_features(tmp_path, engine):
    granted = [scope for scope in GRANTED if scope != "pins:write"]
    slack = SimulatedSlack(events=HEARD, scopes=granted)
    async with workplace(tmp_path, engine, slack=slack) as at:
        status, body = await readiness(at)
        assert status == 200
        assert "not granted: pins:write (the pin on the summary of an incident channel)" in body["notes"]["scopes"]


async def test_invalid_catalog_files_are_reported_and_the_rest_is_used(tmp_path, engine):
    own = tmp_path / "own"
    own.mkdir()
    (own / "unfinished.yaml").write_text("id: unfinished\n", encoding="utf-8")
    broken = load((own,)).problems
    async with workplace(tmp_path, engine, broken=broken) as at:
        status, body = await readiness(at)
        assert status == 200
        assert "CASEBOOK_CATALOG" in body["notes"]["catalog"]
        assert "unfinished.yaml:1" in body["notes"]["catalog"]
        page = await scraped(at)
        assert page.of("casebook_catalog_problems") == len(broken) > 0


async def test_lost_socket_makes_it_unready(tmp_path, engine):
    async with workplace(tmp_path, engine, socket_mode=True) as at:
        assert (await readiness(at))[0] == 200
        at.slack.fail("apps.connections.open", error="internal_error", times=1_000)
        await at.slack.sockets.refresh()
        body = await wait_until(at, lambda told: told[0] == 503)
        assert "Socket Mode is not connected" in body["problems"]["socket"]
        assert await alive(at)


async def test_unreachable_clusters_are_named_and_answers_continue(tmp_path, engine):
    others = {name: SimulatedCluster() for name in ("gone", "stranger", "silent")}
    options: dict[str, Any] = {"call_timeout": 0.25, "deadline": 1.0, "retries": 0}
    async with workplace(tmp_path, engine, others=others, **options) as at:

        async def ask(*names: str) -> None:
            for name in names:
                await at.slack.slash(at.alex, at.channel, f"pod shop/api-0 in {name}")
            await at.settled()

        await ask(*others)
        assert (await readiness(at))[1]["clusters"] == {}
        await others["gone"].stop()
        others["stranger"].fail(path_prefix="/", status=401, times=1_000)
        others["silent"].fail(path_prefix="/", hang=True, times=1_000)
        await ask("gone", "stranger")
        # A slow machine ends some diagnoses before their calls time out.
        status, body = await readiness(at)
        for _ in range(50):
            if len(body["clusters"]) == len(others):
                break
            await ask("silent")
            status, body = await readiness(at)
        assert (status, set(body["clusters"])) == (200, set(others))
        assert "connection refused" in body["clusters"]["gone"]
        assert "does not accept the credentials" in body["clusters"]["stranger"]
        assert "did not answer the last" in body["clusters"]["silent"]
