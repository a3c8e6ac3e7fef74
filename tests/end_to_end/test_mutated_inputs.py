"""Signed but malformed inputs: refused or ignored with one log line, over HTTP and over Socket Mode."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from tests.bench.hold_inputs import measure
from tests.end_to_end.workplace import workplace
from tests.mutated_inputs import People, mutated, payloads
from tests.waiting import until

pytestmark = pytest.mark.timeout(180)


async def test_no_mutated_input_fails_hangs_or_keeps_memory() -> None:
    held = await measure(500, forked=True)

    assert held.failed == ()
    assert held.tracebacks == 0, held.log
    assert held.slowest_s < 3.0
    assert held.statuses[400] > 100
    assert held.statuses[200] > 100
    assert held.after_mb - held.before_mb < 100


async def test_valid_inputs_of_every_kind_are_accepted(tmp_path: Path, engine) -> None:
    """The mutations are of payloads that pass: otherwise they would show nothing."""
    async with workplace(tmp_path, engine, {}) as at:
        people = People.of(at.slack, at.alex, at.channel)
        found = payloads(people, "who owns the billing dashboard?")
        # Kinds that no listener expects.
        unknown = {"block_suggestion", "global shortcut"}
        for kind, payload in found.items():
            sent = await at.send_input(payload)
            assert sent.status == (400 if kind in unknown else 200), (kind, sent)


async def test_malformed_envelopes_of_socket_mode_are_acknowledged_and_logged(
    tmp_path: Path, engine, caplog, capfd
) -> None:
    async with workplace(tmp_path, engine, {}, socket_mode=True) as at:
        people = People.of(at.slack, at.alex, at.channel)
        chance = random.Random(7)
        raw = [
            "{",
            "{}" * 3,
            '{"type": 5}',
            '{"type": "events_api", "envelope_id": "e0", "payload": []}',
            "[" * 100_000,
        ]
        raw += ['{"a":' * 100_000, '{"type": "hello", "envelope_id": {"a": 1}}']
        for number, each in enumerate(mutated(people, ("who owns this?",), count=60, seed=chance.randrange(99))):
            if each.content_type == "application/json" and each.body.startswith(b"{"):
                raw.append(
                    '{"type": "events_api", "envelope_id": "e%d", "accepts_response_payload": false, "payload": %s}'
                    % (number, each.body.decode("utf-8", "replace"))
                )
        for each in raw:
            await at.slack.send_to_sockets(each)
        ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> help")
        await until(lambda: at.answers(ts))
        await asyncio.sleep(0)

    logged = caplog.text + capfd.readouterr().err
    assert "Traceback" not in logged
    assert json.dumps(raw[0]) not in logged
