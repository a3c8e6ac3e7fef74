"""An API server that attacks Casebook: memory stays bounded, and every answer names what could not be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.bench.hold_memory import PASTES, TARGET_MB, measure
from tests.end_to_end.process import premises
from tests.hostile_api_server import ATTACKS, hostile_api_server, redirect_to


@pytest.mark.parametrize("attack", ATTACKS)
async def test_memory_is_bounded_and_the_answer_has_a_gap(attack: str) -> None:
    # Empty pages take hundreds of requests and no memory, so several people would only repeat them.
    held = await measure(attack, pastes=1 if attack == "endless list of empty pages" else PASTES, forked=True)

    assert held.attacked > 0
    assert held.peak_mb < TARGET_MB
    assert all("could not check" in answer.lower() for answer in held.answers), held.answers


async def test_a_redirected_api_server_stops_the_start_and_gets_no_credentials(tmp_path: Path) -> None:
    came: list[str] = []

    async def note(request: web.Request) -> web.Response:
        came.append(request.path)
        return web.json_response({})

    other = web.Application()
    other.router.add_route("*", "/{path:.*}", note)
    async with TestServer(other) as elsewhere, premises(tmp_path, {}) as at:
        attack = redirect_to(str(elsewhere.make_url("")).rstrip("/"))
        async with hostile_api_server(at.cluster, attack) as hostile:
            (tmp_path / "kubeconfig").write_text(json.dumps(hostile.kubeconfig))
            serving = await at.start()
            ts = await at.slack.say(at.alex, at.channel, "<@" + at.slack.bot_user_id + "> pod web -n shop")
            answer = await at.answer(ts)

    assert hostile.attacked
    assert came == []
    assert "redirects to 127.0.0.1, which is refused" in json.dumps(answer["blocks"]), (answer, serving.said)
