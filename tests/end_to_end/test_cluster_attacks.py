"""Attack a setup with several clusters: hidden clusters are not revealed, actions stay in their cluster."""

from __future__ import annotations

import re
import time

import pytest

from bot.cli.rehearsal import stage
from responses.slack.presses import Press
from tests.end_to_end.test_clusters import (
    choice_elements,
    offered_clusters,
    paste,
    pick,
    policy_showing,
    press_payload,
    text_of,
    two_clusters,
    wait_for_text,
)
from tests.end_to_end.workplace import buttons_of, workplace


@pytest.mark.parametrize("padding", ["cluster_" * 4_500, "cluster" + " " * 36_000 + ","], ids=["words", "spaces"])
async def test_paste_built_for_slow_matching_is_acknowledged_in_time(tmp_path, engine, broken, padding):
    async with two_clusters(tmp_path, engine, broken) as (at, _):
        began = time.monotonic()
        await at.slack.say(at.alex, at.channel, f"{broken.text}\n{padding}")
        took = time.monotonic() - began

        # After three seconds Slack counts it as lost, and other requests would wait.
        assert took < 3.0


async def test_hidden_cluster_is_not_revealed_by_deduplication(tmp_path, engine, broken):
    policy = policy_showing({"clusters": ["simulated"], "namespaces": ["*"]})
    async with two_clusters(tmp_path, engine, broken, policy=policy) as (at, _):
        await paste(at, broken.text)
        came_of = []
        for name in ("prod", "prud"):
            # Each from another user: messages of one user within seconds are read as one paste.
            ts = await at.slack.say(
                at.slack.add_user(f"guesses-{name}"), at.channel, f'{broken.text}\ncluster="{name}"'
            )
            await at.settled()
            # The time that it took is no secret.
            came_of.append([re.sub(r"[0-9.]+s$", "", text_of(one).replace(name, "…")) for one in at.answers(ts)])

        assert came_of[0] == came_of[1]


async def test_fix_in_one_cluster_does_not_affect_answers_about_another(tmp_path, engine, healing):
    prod = stage(healing.world)
    async with workplace(tmp_path, engine, healing.world, policy=policy_showing(), others={"prod": prod}) as at:
        answer = await paste(at, healing.text)
        await pick(at, answer, "simulated")
        chosen = await wait_for_text(at, answer, "cluster simulated (as selected)")
        await at.confirm(at.bo, chosen)
        await wait_for_text(at, answer, "✅ FIXED")
        await at.settled()
        assert prod.requests == [one for one in prod.requests if one.method == "GET"]

        await pick(at, at.slack.message(at.channel, answer["ts"]), "prod")
        other = await wait_for_text(at, answer, "cluster prod (as selected)")

        assert "\n🔴 CONFIRMED · " in text_of(other)
        assert "FIXED: the cause is gone · simulated · by" in text_of(other)
        remedies = [one for one in buttons_of(other["blocks"]) if one["action_id"].startswith(Press.REMEDY)]
        assert remedies, "what can be done in prod"

        # An action now applies to that cluster.
        before = at.writes()
        await at.confirm(at.bo, other)
        fixed = await wait_for_text(at, answer, "✅ FIXED")
        assert text_of(fixed).count("FIXED: the cause is gone") == 2
        assert at.writes() == before
        assert [sent.method for sent in prod.requests if sent.writes and not sent.path.endswith("/events")] == [
            "DELETE"
        ]


async def test_cluster_choice_is_for_members_and_only_for_its_own_answer(tmp_path, engine, vague):
    async with two_clusters(tmp_path, engine, vague) as (at, prod):
        answer = await paste(at, vague.text)
        press = press_payload(at, answer, choice_elements(answer)[1]["value"])
        elsewhere = at.slack.add_channel("elsewhere")
        for change in (
            {"user": {"id": at.guest}},
            {"user": {"id": "U0UNKNOWN"}},
            {"team": {"id": "T0ANOTHER"}},
            {"container": {**press["container"], "channel_id": elsewhere}},
            {"actions": [{**press["actions"][0], "value": "prod"}]},
            {"actions": [{"action_id": "cluster", "type": "static_select", "selected_option": None}]},
        ):
            assert (await at.send(press | change)).status == 200
        await at.settled()

        assert prod.requests == []
        assert text_of(at.slack.message(at.channel, answer["ts"])) == text_of(answer)
        assert offered_clusters(answer) == ["simulated", "prod"]
        assert {entry.outcome for entry in await at.audited()} == {"refused"}
        assert len(await at.audited()) == 6
