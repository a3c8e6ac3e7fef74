"""Test that users and channels are listed at once, kept with their age, and looked up when they are unknown."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.web_client import web_client
from bot.store.outbox import StoredDirectory
from tests.slack_administration import deactivate


class Kept(StoredDirectory):
    """Entries in memory, read `age` ago."""

    def __init__(self, age: timedelta = timedelta()) -> None:
        self.entries: dict[tuple[str, str], dict[str, Any]] = {}
        self.age = age

    async def load(self, kind: str, *, since: datetime) -> Mapping[str, tuple[dict[str, Any], datetime]]:
        read = datetime.now(UTC) - self.age
        return {id: (each, read) for (of, id), each in self.entries.items() if of == kind and read >= since}

    async def save(self, kind: str, entries: Mapping[str, dict[str, Any]], *, at: datetime) -> None:
        self.entries |= {(kind, id): each for id, each in entries.items()}


def client(far_end: SimulatedSlack, kept: Kept) -> Slack:
    return Slack(web_client(api_url=far_end.api_url, token=far_end.bot_token), lists=True, kept=kept)


def asked(far_end: SimulatedSlack, *methods: str) -> int:
    return sum(call.method in methods for call in far_end.calls)


async def test_listed_users_and_channels_need_no_lookups(far_end: SimulatedSlack):
    guest = far_end.add_user("guest", guest=True)
    shared = far_end.add_channel("shared", external=True)
    async with client(far_end, Kept()) as slack:
        await slack.learn_names()
        assert ((await slack.person("U0ANA")).guest, (await slack.person(guest)).guest) == (False, True)
        assert (await slack.place(shared)).external
    # The bot's own user is read for the app's id.
    looked_up = [call.arguments.get("user") for call in far_end.calls if call.method == "users.info"]
    assert looked_up == [far_end.bot_user_id]
    assert asked(far_end, "conversations.info") == 0
    assert asked(far_end, "users.list", "users.conversations") == 2


async def test_user_who_joined_later_is_looked_up_before_anything_is_refused(far_end: SimulatedSlack):
    async with client(far_end, Kept()) as slack:
        await slack.learn_names()
        new = far_end.add_user("new")
        assert not (await slack.person(new)).guest


async def test_next_process_uses_what_was_stored_and_refreshes_an_old_user(far_end: SimulatedSlack):
    kept = Kept()
    async with client(far_end, kept) as slack:
        await slack.learn_names()
        await asyncio.sleep(0.05)
    far_end.fail("users.list", error="fatal_error", times=10)
    deactivate(far_end, "U0ANA")
    kept.age = timedelta(minutes=30)
    async with client(far_end, kept) as slack:
        await slack.learn_names()
        assert not (await slack.person("U0ANA")).guest
        await far_end.wait_for(lambda: asked(far_end, "users.info"))
        await asyncio.sleep(0.05)
        assert (await slack.person("U0ANA")).guest


async def test_change_of_a_cluster_is_not_decided_by_an_old_entry(far_end: SimulatedSlack):
    kept = Kept()
    async with client(far_end, kept) as slack:
        await slack.learn_names()
        await asyncio.sleep(0.05)
    far_end.fail("users.list", error="fatal_error", times=10)
    deactivate(far_end, "U0ANA")
    kept.age = timedelta(minutes=30)
    async with client(far_end, kept) as slack:
        await slack.learn_names()
        assert (await slack.person("U0ANA", fresh=True)).guest


async def test_stored_entries_contain_no_address(far_end: SimulatedSlack):
    kept = Kept()
    user = far_end.add_user("lin", email="lin@example.com")
    async with client(far_end, kept) as slack:
        await slack.learn_names()
        await asyncio.sleep(0.05)
        assert (await slack.person(user, email=True)).email == "lin@example.com"
    assert "example.com" not in str(kept.entries)
