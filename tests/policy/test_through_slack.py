"""User groups from Slack: read only if the policy names one, and unreadable groups are reported."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.cluster.clusters import Clusters
from bot.diagnosing import Engine, build_engine
from bot.kube.access import ActsAs
from bot.policy import Policy, PolicyScope, load_policy
from bot.remedies.actions import action_names
from bot.slack.client import Slack
from bot.store import open_store
from bot.workflows.services import Configuration, Services
from intents.domain import Text
from tests.end_to_end.workplace import Workplace, broken_of, words_of, workplace
from tests.slack_administration import set_group

ALL: dict[str, Any] = {"clusters": ["*"], "namespaces": ["*"]}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


def policy_of(tmp_path: Path, **sections: Any) -> Policy:
    file = tmp_path / "policy.yaml"
    file.write_text(json.dumps(sections))
    return load_policy(file, actions=action_names())


async def answer_for(at: Workplace, user: str, text: str) -> str:
    """Return the answer for somebody who asks in the channel."""
    ts = await at.slack.say(user, at.channel, f"<@{at.slack.bot_user_id}> {text}")
    return words_of((await at.answer(ts))["blocks"])


def asked(at: Workplace) -> int:
    return len([call for call in at.slack.calls if call.method == "usergroups.list"])


async def test_group_members_may_read_what_the_group_may(tmp_path: Path, engine: Engine) -> None:
    broken = broken_of(engine, "run-as-nonroot-root-image")
    policy = policy_of(tmp_path, reading=[{**ALL, "channels": ["*"], "groups": ["@oncall"]}])
    async with workplace(tmp_path, engine, broken.world, policy=policy) as at:
        set_group(at.slack, "oncall", members=[at.alex])

        assert "CONFIRMED" in await answer_for(at, at.alex, broken.text)
        told = await answer_for(at, at.bo, f"{broken.text} again")
        assert "POSSIBLE" in told
        assert "user group" not in told
        assert asked(at) == 1


async def test_without_the_scope_nobody_is_in_a_group_and_the_answer_says_so(tmp_path: Path, engine: Engine) -> None:
    broken = broken_of(engine, "run-as-nonroot-root-image")
    policy = policy_of(tmp_path, reading=[{**ALL, "channels": ["*"], "groups": ["@oncall"]}])
    async with workplace(tmp_path, engine, broken.world, policy=policy) as at:
        set_group(at.slack, "oncall", members=[at.alex])
        at.slack.fail("usergroups.list", error="missing_scope", needed="usergroups:read")
        told = await answer_for(at, at.alex, broken.text)

        assert "POSSIBLE" in told
        assert "lacks the scope usergroups:read" in told
        assert at.cluster.requests == []


async def test_addresses_are_read_from_slack_only_for_impersonation(tmp_path: Path, engine: Engine) -> None:
    as_themselves = policy_of(tmp_path, external="as-others", impersonation=[{"clusters": ["*"]}])
    async with workplace(tmp_path, engine) as at:
        partner = at.slack.add_user("partner", foreign=True)
        web_client = AsyncWebClient(token=at.slack.bot_token, base_url=at.slack.api_url)
        async with Slack(web_client) as slack, open_store(at.settings.store_url) as store:
            services = Services(
                store=store,
                slack=slack,
                clusters=Clusters.of(at.settings, kubeconfig=tmp_path / "kubeconfig"),
                configuration=lambda: Configuration(engine=engine, policy=as_themselves),
                changed=AsyncMock(),
                forget=AsyncMock(),
            )
            anyone = replace(services, configuration=lambda: Configuration(engine=engine, policy=Policy.playground()))

            async def scope_of(user: str, services: Services = services) -> PolicyScope:
                return (await services.requester(team=at.slack.team_id, channel=at.channel, user=user)).scope

            assert (await scope_of(at.alex)).acts_as("simulated") == ActsAs("alex@example.com")
            for nobody in (at.guest, partner, at.slack.bot_user_id, ""):
                told = (await scope_of(nobody)).acts_as("simulated")
                assert isinstance(told, Text)
                assert "guests, bots and members of other organisations" in told.en
            assert (await scope_of(at.alex, anyone)).who.email == ""


async def test_a_policy_without_groups_reads_none(tmp_path: Path, engine: Engine) -> None:
    broken = broken_of(engine, "run-as-nonroot-root-image")
    async with workplace(tmp_path, engine, broken.world) as at:
        assert "CONFIRMED" in await answer_for(at, at.alex, broken.text)
        assert asked(at) == 0
