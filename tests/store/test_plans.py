import asyncio
from datetime import datetime, timedelta

from bot.store import Claim, Claimed, Plan, Store, open_store

DOCUMENT = {"target": {"uid": "u-1"}, "steps": []}


async def test_a_plan_is_saved_once(store: Store, now: datetime) -> None:
    assert await store.plans.save("P1", "Ev1", DOCUMENT, now)
    assert not await store.plans.save("P1", "Ev1", {"other": 1}, now)
    assert await store.plans.get("P1") == Plan(
        id="P1", request_id="Ev1", document=DOCUMENT, state="open", expires=now, claimed_by="", claimed_at=None
    )


async def test_a_press_claims_and_the_next_is_told_who_was_first(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now + timedelta(minutes=1))
    first = await store.plans.claim("P1", "U1", "press-1", now)
    assert first == Claimed(outcome=Claim.OK, by="U1", when=now, state="claimed")
    await store.plans.set_state("P1", "applied", {"result": "ok"})
    second = await store.plans.claim("P1", "U2", "press-2", now + timedelta(seconds=9))
    assert second == Claimed(outcome=Claim.ALREADY, by="U1", when=now, state="applied")


async def test_the_same_press_may_claim_again_even_when_expired(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now + timedelta(minutes=1))
    await store.plans.claim("P1", "U1", "press-1", now)
    again = await store.plans.claim("P1", "U1", "press-1", now + timedelta(hours=1))
    assert (again.outcome, again.when) == (Claim.OK, now)


async def test_an_expired_or_unknown_plan_cannot_be_claimed(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now)
    assert (await store.plans.claim("P1", "U1", "press-1", now)).outcome is Claim.EXPIRED
    assert (await store.plans.claim("P9", "U1", "press-1", now)).outcome is Claim.UNKNOWN
    before = await store.plans.claim("P1", "U1", "press-1", now - timedelta(microseconds=1))
    assert before.outcome is Claim.OK


async def test_a_state_patches_the_document(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now)
    assert await store.plans.set_state("P1", "verified", {"result": {"ok": True}})
    assert not await store.plans.set_state("P9", "verified")
    found = await store.plans.get("P1")
    assert found is not None
    assert (found.state, found.document) == ("verified", {**DOCUMENT, "result": {"ok": True}})


async def test_a_note_leaves_the_state_as_another_set_it(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now)
    await store.plans.set_state("P1", "applied")
    assert await store.plans.note("P1", {"seen": 1})
    assert not await store.plans.note("P9", {"seen": 1})
    found = await store.plans.get("P1")
    assert found is not None
    assert (found.state, found.document) == ("applied", {**DOCUMENT, "seen": 1})


async def test_of_many_presses_at_once_through_two_stores_one_wins(url: str, now: datetime) -> None:
    async with open_store(url) as one, open_store(url) as other:
        await one.plans.save("P1", "Ev1", DOCUMENT, now + timedelta(minutes=1))
        claims = await asyncio.gather(
            *((one, other)[number % 2].plans.claim("P1", f"U{number}", f"press-{number}", now) for number in range(20))
        )
    winners = [claim for claim in claims if claim.outcome is Claim.OK]
    assert len(winners) == 1
    assert {claim.by for claim in claims} == {winners[0].by}
