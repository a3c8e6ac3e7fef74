"""Test guests, strangers and shared channels; without an answer from Slack they are trusted least."""

import asyncio

import pytest

from bot.common.background import CoalescedLookup
from bot.playground.slack import SimulatedSlack
from bot.slack.client import Slack
from bot.slack.people import Person, Place
from tests.slack_administration import deactivate
from tests.slack_client.scene import CHANNEL


def asked(far_end: SimulatedSlack, method: str) -> int:
    return len([call for call in far_end.calls if call.method == method])


async def test_member_has_a_name_a_language_and_an_email_address(far_end: SimulatedSlack, slack: Slack):
    user = far_end.add_user("lin", locale="zh-CN", email="Lin@Example.com", utc_offset_s=28_800)
    person = await slack.person(user)
    assert person == Person(id=user, name="lin", locale="zh-CN", email="Lin@Example.com", utc_offset_s=28_800)
    assert "example" not in repr(person).lower()


async def test_unconfirmed_email_address_is_ignored(far_end: SimulatedSlack, slack: Slack):
    claimed = far_end.add_user("eve", email="root@example.com", confirmed=False)
    assert (await slack.person(claimed)).email == ""
    assert (await slack.person(far_end.bot_user_id)).email == ""


async def test_email_address_is_missing_without_its_scope(far_end: SimulatedSlack, slack: Slack):
    far_end.state.scopes.discard("users:read.email")
    assert await slack.person("U0ANA") == Person(id="U0ANA", name="ana", locale="en-US")


async def test_deactivated_user_counts_as_a_guest(far_end: SimulatedSlack, slack: Slack):
    deactivate(far_end, "U0ANA")
    assert (await slack.person("U0ANA")).guest


async def test_guests_and_strangers_are_distinguished(far_end: SimulatedSlack, slack: Slack):
    guest, stranger = far_end.add_user("guest", guest=True), far_end.add_user("stranger", foreign=True)
    assert ((await slack.person(guest)).guest, (await slack.person(guest)).foreign) == (True, False)
    assert ((await slack.person(stranger)).guest, (await slack.person(stranger)).foreign) == (False, True)


async def test_our_own_user_is_a_bot(far_end: SimulatedSlack, slack: Slack):
    assert (await slack.person(far_end.bot_user_id)).bot


@pytest.mark.parametrize(
    "fault",
    [{"error": "missing_scope", "needed": "users:read"}, {"error": "user_not_found"}, {"status": 503, "times": 9}],
)
async def test_unknown_person_counts_as_a_guest_and_a_stranger(far_end: SimulatedSlack, slack: Slack, fault: dict):
    far_end.fail("users.info", **({"times": 2} | fault))
    person = await slack.person("U0ANA")
    assert (person.unknown, person.guest, person.foreign) == (True, True, True)


async def test_conversation_types_are_distinguished(far_end: SimulatedSlack, slack: Slack):
    external = far_end.add_channel("with-partners", external=True)
    direct = far_end.open_im("U0ANA")
    secret = far_end.add_channel("inc-secret", private=True)
    assert await slack.place(CHANNEL) == Place(id=CHANNEL, name="general", private=False)
    assert (await slack.place(external)).external
    assert (await slack.place(secret)).private
    assert (await slack.place(direct)).direct


async def test_unknown_conversation_counts_as_shared(far_end: SimulatedSlack, slack: Slack):
    far_end.fail("conversations.info", error="missing_scope", needed="channels:read")
    place = await slack.place(CHANNEL)
    assert (place.unknown, place.external, place.private) == (True, True, True)


async def test_known_people_and_channels_are_looked_up_once(far_end: SimulatedSlack, slack: Slack):
    await asyncio.gather(*(slack.person("U0ANA") for _ in range(10)))
    await slack.person("U0ANA")
    await asyncio.gather(*(slack.place(CHANNEL) for _ in range(10)))
    assert asked(far_end, "conversations.info") == 1
    assert len([call for call in far_end.calls if call.arguments.get("user") == "U0ANA"]) == 1


async def test_own_identity_is_looked_up_once(far_end: SimulatedSlack, slack: Slack):
    identities = await asyncio.gather(*(slack.identify() for _ in range(5)))
    assert asked(far_end, "auth.test") == 1
    (identity,) = set(identities)
    assert (identity.team, identity.user, identity.bot_id) == (far_end.team_id, far_end.bot_user_id, far_end.bot_id)
    assert identity.app_id == far_end.app_id
    assert "chat:write" in identity.scopes


class Source:
    """A lookup that answers on demand."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = asyncio.Event()
        self.answer.set()

    async def ask(self, key: str) -> str:
        self.asked.append(key)
        await self.answer.wait()
        if key == "broken":
            raise ValueError(key)
        return f"{key} {len(self.asked)}"


def shared(source: Source, *, keeps: float = 60, most: int = 10) -> CoalescedLookup[str]:
    return CoalescedLookup(source.ask, keeps=lambda _: keeps, most=most)


async def test_expired_answer_is_looked_up_again():
    source = Source()
    lookups = shared(source, keeps=0)
    assert [await lookups.get("a"), await lookups.get("a")] == ["a 1", "a 2"]


async def test_cache_is_bounded_and_evicts_the_least_recently_used():
    source = Source()
    lookups = shared(source, most=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        await lookups.get(key)
    assert source.asked == ["a", "b", "c", "b"]


async def test_cancelled_caller_does_not_cancel_the_shared_lookup():
    source = Source()
    source.answer.clear()
    lookups = shared(source)
    first, second = (asyncio.create_task(lookups.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    source.answer.set()
    assert await second == "a 1"


async def test_failure_is_not_cached():
    source = Source()
    lookups = shared(source)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            await lookups.get("broken")
    assert source.asked == ["broken", "broken"]
