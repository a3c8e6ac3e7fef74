"""Signed but malformed inputs: refused or ignored with one log line, over HTTP and over Socket Mode."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.diagnosing import Engine
from tests.bench.hold_inputs import measure
from tests.end_to_end.workplace import workplace
from tests.mutated_inputs import Input, People, encoded, mutated, payloads, without_each_field

pytestmark = pytest.mark.timeout(180)


async def test_no_mutated_input_fails_hangs_or_keeps_memory() -> None:
    held = await measure(300, forked=True)

    # One that hangs fails; how long the slowest takes is the benchmark's to judge, on a machine of its own.
    assert held.failed == ()
    assert held.tracebacks == 0, held.log
    assert held.statuses[400] > 100
    assert held.statuses[200] > 100
    assert held.after_mb - held.before_mb < 100


async def test_valid_inputs_of_every_kind_are_accepted(tmp_path: Path, engine: Engine) -> None:
    """The mutations are of payloads that pass: otherwise they would show nothing."""
    async with workplace(tmp_path, engine, {}) as at:
        people = People.of(at.slack, at.alex, at.channel)
        found = payloads(people, "who owns the billing dashboard?")
        # Kinds that no listener expects.
        unknown = {"global shortcut"}
        for kind, payload in found.items():
            one = encoded(kind, payload)
            sent = await at.slack.send_raw(one.body, at.slack.sign(one.body) | {"Content-Type": one.content_type})
            assert sent.status == (400 if kind in unknown else 200), (kind, sent)


async def test_no_payload_fails_for_lack_of_one_field(
    tmp_path: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    async with workplace(tmp_path, engine, {}) as at:
        people = People.of(at.slack, at.alex, at.channel)
        seats = asyncio.Semaphore(32)

        async def status_of(one: Input) -> int:
            async with seats:
                headers = at.slack.sign(one.body) | {"Content-Type": one.content_type}
                return (await at.slack.send_raw(one.body, headers)).status

        inputs = list(without_each_field(people, "who owns the billing dashboard?"))
        statuses = await asyncio.gather(*map(status_of, inputs))

    assert [one.kind for one, status in zip(inputs, statuses, strict=True) if status not in (200, 400)] == []
    assert "Traceback" not in caplog.text


async def test_malformed_envelopes_of_socket_mode_are_acknowledged_and_logged(
    tmp_path: Path, engine: Engine, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with workplace(tmp_path, engine, {}, socket_mode=True) as at:
        people = People.of(at.slack, at.alex, at.channel)
        raw = ["{", '{"type": 5}', '{"type": "events_api", "envelope_id": "e0", "payload": []}', "[" * 100_000]
        raw += ['{"a":' * 100_000, '{"type": "hello", "envelope_id": {"a": 1}}', '{"type": "x", "payload": {}}']
        for number, each in enumerate(mutated(people, ("who owns this?",), count=100, seed=7)):
            if each.content_type == "application/json" and each.body.startswith(b"{"):
                payload = each.body.decode("utf-8", "replace")
                raw.append(f'{{"type": "events_api", "envelope_id": "e{number}", "payload": {payload}}}')
        for one in raw:
            await at.slack.sockets.send_text(one)
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> help")
        await at.slack.wait_for(lambda: at.answers(ts))

    output = capfd.readouterr()
    logged = caplog.text + output.out + output.err
    assert len(raw) > 30
    assert "Traceback" not in logged
    assert "malformed_payload_rejected" in logged
