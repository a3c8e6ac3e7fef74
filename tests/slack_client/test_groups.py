"""Test user groups: one lookup for many callers, and no members without an answer from Slack."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.people import Membership
from tests.slack_administration import set_group
from tests.slack_client.conftest import QUICK
from tests.slack_client.scene import serving

METHOD = "usergroups.list"


def asked(far_end: SimulatedSlack) -> list[Any]:
    return [call.arguments for call in far_end.calls if call.method == METHOD]


async def test_groups_have_an_id_and_a_handle(far_end: SimulatedSlack, slack: Slack):
    far_end.add_user("bo", id="U0BO")
    set_group(far_end, "oncall", id="S0ONCALL", members=["U0ANA", "U0BO"])
    set_group(far_end, "sre", id="S0SRE", members=["U0ANA"])

    assert await slack.groups("U0ANA") == Membership(groups=frozenset({"S0ONCALL", "@oncall", "S0SRE", "@sre"}))
    assert await slack.groups("U0BO") == Membership(groups=frozenset({"S0ONCALL", "@oncall"}))
    assert await slack.groups("U0NOBODY") == Membership()


@pytest.mark.parametrize("group", [{"external": True}, {"disabled": True}])
async def test_external_or_disabled_group_has_no_members(far_end: SimulatedSlack, slack: Slack, group: dict):
    set_group(far_end, "oncall", members=["U0ANA"], **group)

    assert await slack.groups("U0ANA") == Membership()


async def test_one_call_serves_concurrent_and_later_lookups(far_end: SimulatedSlack, slack: Slack):
    set_group(far_end, "oncall", members=["U0ANA"])

    await asyncio.gather(*(slack.groups(user) for user in ("U0ANA", "U0BO") for _ in range(10)))
    await slack.groups("U0CY")

    assert len(asked(far_end)) == 1
    assert str(asked(far_end)[0]["include_users"]).lower() in ("1", "true")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"error": "missing_scope", "needed": "usergroups:read"}, "lacks the scope usergroups:read"),
        ({"error": "missing_scope"}, "lacks the scope usergroups:read"),
        ({"error": "plan_upgrade_required"}, "plan_upgrade_required"),
        ({"status": 503}, "Slack does not respond right now"),
        ({"hang": True}, "Slack does not respond right now"),
        ({"retry_after": 60}, "rate limiting"),
    ],
)
async def test_failed_group_lookup_gives_no_members_and_the_reason(
    far_end: SimulatedSlack, slack: Slack, fault: dict, says: str
):
    set_group(far_end, "oncall", members=["U0ANA"])
    far_end.fail(METHOD, times=9, **fault)

    member = await slack.groups("U0ANA")

    assert member.groups == frozenset()
    assert member.unread is not None
    assert says in member.unread.en
    assert member.unread.zh != member.unread.en
    # A user waits for a modal: a missing answer is waited for only once.
    assert len(asked(far_end)) == 1 or "hang" not in fault


@pytest.mark.parametrize(
    "groups",
    [
        *(None, "S1", {"id": "S1"}, [None], [{"id": "S1"}], [{"users": [None]}]),
        [{"id": "S1", "users": "U0ANA"}],
        [{"id": "S1", "users": ["U0ANA"], "date_delete": 1_790_000_000}],
    ],
)
async def test_malformed_group_answer_gives_no_members(groups: Any):
    async def handle(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, "usergroups": groups})

    async with serving(handle) as url, Slack(AsyncWebClient(token="xoxb-1", base_url=f"{url}/"), limits=QUICK) as slack:
        member = await slack.groups("U0ANA")

    assert member.groups == frozenset()
    assert (member.unread is None) == isinstance(groups, list)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Advance the running loop's clock."""
    loop = asyncio.get_running_loop()
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + seconds)


async def test_removed_member_leaves_the_group_within_a_minute(
    far_end: SimulatedSlack, slack: Slack, monkeypatch: pytest.MonkeyPatch
):
    set_group(far_end, "oncall", members=["U0ANA"])
    assert (await slack.groups("U0ANA")).groups
    set_group(far_end, "oncall", members=[])

    later(monkeypatch, 58)
    assert (await slack.groups("U0ANA")).groups
    later(monkeypatch, 3)
    assert not (await slack.groups("U0ANA")).groups
    assert len(asked(far_end)) == 2


@pytest.mark.parametrize(("fault", "seconds"), [({"status": 503}, 2), ({"error": "missing_scope"}, 16)])
async def test_failed_group_lookup_is_retried_soon(
    far_end: SimulatedSlack, slack: Slack, monkeypatch: pytest.MonkeyPatch, fault: dict, seconds: float
):
    set_group(far_end, "oncall", members=["U0ANA"])
    far_end.fail(METHOD, times=9, **fault)
    assert (await slack.groups("U0ANA")).unread
    far_end.clear_faults()

    later(monkeypatch, seconds)
    assert (await slack.groups("U0ANA")).groups
