import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.store import ClaimOutcome, EarlierClaim, Store, StoredPlan, open_store

DOCUMENT = {"target": {"uid": "u-1"}, "steps": []}


async def test_a_plan_is_saved_once(store: Store, now: datetime) -> None:
    assert await store.plans.save("P1", "Ev1", DOCUMENT, now)
    assert not await store.plans.save("P1", "Ev1", {"other": 1}, now)
    assert await store.plans.get("P1") == StoredPlan(
        id="P1", request_id="Ev1", document=DOCUMENT, state="open", expires=now, claimed_by="", claimed_at=None
    )


async def _claimed_by(store: Store) -> tuple[str, datetime | None, str]:
    found = await store.plans.get("P1")
    assert found is not None
    return found.claimed_by, found.claimed_at, found.state


async def test_the_first_press_claims_and_the_next_does_not(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now + timedelta(minutes=1))
    assert await store.plans.claim("P1", "U1", "press-1", now) is ClaimOutcome.OK
    assert await _claimed_by(store) == ("U1", now, "claimed")
    await store.plans.set_state("P1", "applied")
    assert await store.plans.claim("P1", "U2", "press-2", now + timedelta(seconds=9)) is ClaimOutcome.ALREADY
    assert await _claimed_by(store) == ("U1", now, "applied")


async def test_the_same_press_may_claim_again_even_when_expired(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now + timedelta(minutes=1))
    await store.plans.claim("P1", "U1", "press-1", now)
    assert await store.plans.claim("P1", "U1", "press-1", now + timedelta(hours=1)) is ClaimOutcome.OK
    assert await _claimed_by(store) == ("U1", now, "claimed")


async def test_an_expired_or_unknown_plan_cannot_be_claimed(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now)
    assert await store.plans.claim("P1", "U1", "press-1", now) is ClaimOutcome.EXPIRED
    assert await store.plans.claim("P9", "U1", "press-1", now) is ClaimOutcome.UNKNOWN
    assert await store.plans.claim("P1", "U1", "press-1", now - timedelta(microseconds=1)) is ClaimOutcome.OK


async def test_setting_a_state_keeps_the_document(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now)
    assert await store.plans.set_state("P1", "verified")
    assert not await store.plans.set_state("P9", "verified")
    found = await store.plans.get("P1")
    assert found is not None
    assert (found.state, found.document) == ("verified", DOCUMENT)


async def test_a_note_does_not_change_the_state(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now)
    await store.plans.set_state("P1", "applied")
    assert await store.plans.note("P1", {"seen": 1})
    assert not await store.plans.note("P9", {"seen": 1})
    found = await store.plans.get("P1")
    assert found is not None
    assert (found.state, found.document) == ("applied", {**DOCUMENT, "seen": 1})


async def test_one_of_many_concurrent_presses_wins(url: str, now: datetime) -> None:
    async with open_store(url) as one, open_store(url) as other:
        await one.plans.save("P1", "Ev1", DOCUMENT, now + timedelta(minutes=1))
        claims = await asyncio.gather(
            *((one, other)[number % 2].plans.claim("P1", f"U{number}", f"press-{number}", now) for number in range(20))
        )
        winner, _, _ = await _claimed_by(one)
    assert [number for number, claim in enumerate(claims) if claim is ClaimOutcome.OK] == [int(winner[1:])]


async def test_earlier_claims_can_refuse_a_claim_and_the_plan_stays_open(store: Store, now: datetime) -> None:
    for plan in ("P1", "P2", "P3"):
        await store.plans.save(plan, "Ev1", DOCUMENT, now + timedelta(minutes=30))
    await store.plans.claim(
        "P1", "U1", "press-1", now - timedelta(minutes=20), action="restart-pod", subject="shop/web"
    )
    await store.plans.claim("P2", "U1", "press-2", now, action="restart-pod", subject="shop/web")
    seen: list[EarlierClaim] = []

    def never(former: Sequence[EarlierClaim]) -> bool:
        seen.extend(former)
        return True

    held = await store.plans.claim("P3", "U2", "press-3", now, since=now - timedelta(minutes=15), unless=never)
    assert held is ClaimOutcome.HELD_BACK
    assert seen == [
        EarlierClaim(plan_id="P2", action="restart-pod", subject="shop/web", by="U1", when=now, state="claimed")
    ]
    assert await store.plans.claimed_since(now - timedelta(minutes=15)) == tuple(seen)
    assert await store.plans.claim("P3", "U2", "press-4", now) is ClaimOutcome.OK


async def test_concurrent_claims_respect_the_limit(url: str, now: datetime) -> None:
    async with open_store(url) as one, open_store(url) as other:
        for number in range(12):
            await one.plans.save(f"P{number}", "Ev1", DOCUMENT, now + timedelta(minutes=1))
        claims = await asyncio.gather(
            *(
                (one, other)[number % 2].plans.claim(
                    f"P{number}", "U1", f"press-{number}", now, since=now, unless=lambda former: len(former) >= 3
                )
                for number in range(12)
            )
        )
    assert claims.count(ClaimOutcome.OK) == 3
    assert claims.count(ClaimOutcome.HELD_BACK) == 9


async def test_the_first_note_under_a_key_wins(store: Store, now: datetime) -> None:
    await store.plans.save("P1", "Ev1", DOCUMENT, now)
    assert await store.plans.note_once("P1", "approval", {"by": "U1"}) == {"by": "U1"}
    assert await store.plans.note_once("P1", "approval", {"by": "U2"}) == {"by": "U1"}
    assert await store.plans.note_once("P9", "approval", {"by": "U1"}) is None
    found = await store.plans.get("P1")
    assert found is not None
    assert found.document == {**DOCUMENT, "approval": {"by": "U1"}}
