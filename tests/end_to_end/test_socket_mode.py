"""Test Socket Mode: Slack's requests come over connections that the app opens."""

from __future__ import annotations

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.playground.slack import SimulatedSlack
from bot.slack.errors import TokenRevoked
from bot.surfaces.slack.manifest import DIAGNOSE_THIS
from tests.end_to_end.test_remedies import wait_for_result
from tests.end_to_end.workplace import GRANTED, HEARD, broken_case, is_final, words_of, workplace
from tests.waiting import until


async def test_paste_command_and_shortcut_are_answered_over_a_socket(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, socket_mode=True) as at:
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        assert "CONFIRMED" in words_of(await at.answer(ts))

        helped = await at.slack.slash(at.alex, at.channel, "help")
        assert "/diagnose pod NAMESPACE/NAME" in words_of(helped.body["blocks"])
        await at.slack.slash(at.alex, at.channel, "pod ledger/db-tikv-0")
        await at.slack.wait_for(lambda: [one for one in at.ours() if is_final(one) and "thread_ts" not in one])

        await at.slack.shortcut(at.bo, at.channel, ts, callback_id=DIAGNOSE_THIS)
        await at.slack.wait_for(lambda: len([one for one in at.answers(ts) if is_final(one)]) == 2)
        assert {one.over for one in at.slack.deliveries} == {"socket"}
        assert {one.status for one in at.slack.deliveries} == {200}


async def test_remediation_works_over_a_socket(tmp_path, engine):
    curable = broken_case(
        engine, "image-pull-failed", "the registry did not answer, and does again; a restart skips the back-off"
    )
    async with workplace(tmp_path, engine, curable.world, socket_mode=True) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, curable.text))
        await at.confirm(at.bo, answer)

        assert "FIXED: the cause is gone" in await wait_for_result(at, answer)
        assert len(at.writes()) == 1
        assert at.slack.views(at.bo) == []


async def test_message_during_reconnection_is_answered_once(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, socket_mode=True) as at:
        at.slack.retry_pauses = (0.1, 0.5, 1.0, 2.0)
        for _ in range(2):
            await at.slack.sockets.refresh()
            ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
            assert "CONFIRMED" in words_of(await at.answer(ts))
            await at.settled()
            assert len(at.answers(ts)) == 1

        opened = [call for call in at.slack.calls if call.method == "apps.connections.open" and call.ok]
        assert len(opened) >= 3


async def test_lost_connection_is_replaced_at_once(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, socket_mode=True) as at:
        at.slack.retry_pauses = (0.5,) * 8
        assert at.slack.sockets.drop()
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        # The client alone looks every ten seconds.
        await until(lambda: at.slack.sockets.count == 1, within=5)
        assert "CONFIRMED" in words_of(await at.answer(ts))
        await at.settled()
        assert len(at.answers(ts)) == 1


async def test_invalid_app_token_is_one_clear_error(tmp_path, engine):
    with pytest.raises(TokenRevoked, match=r"apps\.connections\.open: invalid_auth"):
        async with workplace(tmp_path, engine, socket_mode=True, slack_app_token="xapp-of-another-app"):
            pass


async def test_socket_mode_accepts_no_slack_requests_over_http(tmp_path, engine, broken):
    async with (
        workplace(tmp_path, engine, broken.world, socket_mode=True, slack_signing_secret="") as at,
        aiohttp.ClientSession() as session,
    ):
        body = b'{"type": "url_verification", "challenge": "c"}'
        async with session.post(f"{at.app.url}/slack/events", data=body, headers=at.slack.sign(body)) as answer:
            assert answer.status == 404
        async with session.get(f"{at.app.url}/readyz") as ready:
            assert ready.status == 200


async def test_slow_socket_connection_is_reported(tmp_path, engine):
    slack = SimulatedSlack(paced=False, events=HEARD, scopes=GRANTED)
    slack.fail("apps.connections.open", retry_after=7)

    with capture_logs() as logged:
        async with workplace(tmp_path, engine, socket_mode=True, slack=slack):
            pass

    (told,) = [line for line in logged if line["log_level"] == "warning"]
    assert told["event"] == "socket_connection_rate_limited"
    assert told["waiting_s"] == 7
