"""Corrections of answers and texts that no entry explains: counted once, bounded, forgotten with their message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.store import NOT_IT, NewRequest, RequestState, Store, StoredAnswer, Surface
from bot.store.database import Database, parse_url
from bot.store.feedback import UnknownPastes
from intents.feedback import NONE_OF_THEM, Correction, FeedbackSummary, UnknownPaste, summary_of

HOUR = timedelta(hours=1)


async def asked(store: Store, id: str, now: datetime) -> str:
    """Store a mention with this id."""
    request = NewRequest(id=id, origin=Surface.MENTION, team="T1", channel="C1", user="U1", created=now)
    await store.requests.add(request)
    return id


async def answered(store: Store, id: str, incident: str, now: datetime, *, wrong_by: tuple[str, ...] = ()) -> None:
    answer: dict[str, Any] = {"channel": "C1", "ts": id, "incident": incident, "verdict": "likely", "message": {}}
    await store.answers.save(StoredAnswer(request_id=id, revision=1, saved=now, **answer))
    for user in wrong_by:
        await store.feedback.add(id, user, NOT_IT, now)


def paste(request: str, template: str, now: datetime, channel: str = "C1") -> UnknownPaste:
    return UnknownPaste(request=request, channel=channel, template=template, example=f"{template} 42", at=now)


def corrected(request: str, user: str, now: datetime, **fields: str) -> Correction:
    given = {"channel": "C1", "incident": "dns", "verdict": "likely", **fields}
    return Correction(request=request, user=user, at=now, **given)


async def summary(store: Store, since: datetime, until: datetime | None = None) -> FeedbackSummary:
    return summary_of(await store.feedback_reader.records(since, until))


async def test_a_later_correction_of_a_person_replaces_the_earlier_one(store: Store, now: datetime) -> None:
    first = corrected("Ev1", "U1", now, entry="oom-killed")
    later = replace(first, entry="", says="a full disk", at=now + HOUR)
    assert await store.corrections.save(first)
    assert not await store.corrections.save(first)
    assert await store.corrections.save(later)
    assert not await store.corrections.save(first)
    assert await store.corrections.of("Ev1", "U1") == later
    assert await store.corrections.of("Ev1", "U2") is None
    assert await store.corrections.forget("Ev1") == 1


async def test_summary_counts_wrong_answers_and_what_it_was_instead(store: Store, now: datetime) -> None:
    await answered(store, "Ev1", "dns", now, wrong_by=("U1", "U2"))
    await answered(store, "Ev2", "dns", now, wrong_by=("U1",))
    await answered(store, "Ev3", "dns", now)
    await answered(store, "Ev4", "quota", now)
    # Given before the period, and called wrong in it.
    await answered(store, "Ev0", "mount", now - 48 * HOUR)
    await store.feedback.add("Ev0", "U1", NOT_IT, now)
    await store.feedback.add("Ev4", "U1", "helpful", now)
    await store.corrections.save(corrected("Ev1", "U1", now, entry="oom-killed"))
    await store.corrections.save(corrected("Ev1", "U2", now, entry=NONE_OF_THEM, says="the switch"))
    await store.corrections.save(corrected("Ev2", "U1", now, entry="oom-killed"))

    found = await summary(store, now - 24 * HOUR)

    dns, mount = found.wrong
    assert (dns.id, dns.wrong, dns.answers, dns.verdicts) == ("dns", 2, 3, {"likely": 2})
    assert dns.instead == (("oom-killed", 2), (NONE_OF_THEM, 1))
    assert dns.remarks == ("the switch",)
    assert (mount.id, mount.wrong, mount.answers) == ("mount", 1, 1)
    assert not await summary(store, now + HOUR)
    assert not await summary(store, now - 24 * HOUR, now - HOUR)


async def test_a_late_correction_is_not_lost(store: Store, now: datetime) -> None:
    # The first was marked as wrong two days before; the second was edited, and has another answer since.
    await answered(store, "Ev1", "dns", now - 48 * HOUR, wrong_by=("U1",))
    await store.corrections.save(corrected("Ev1", "U1", now, entry="oom-killed"))
    await answered(store, "Ev2", "quota", now)
    await store.corrections.save(corrected("Ev2", "U1", now, incident="mount", says="the disk"))

    dns, mount = (await summary(store, now - HOUR)).wrong
    assert (dns.id, dns.wrong, dns.answers, dns.instead) == ("dns", 1, 1, (("oom-killed", 1),))
    assert (mount.id, mount.wrong, mount.answers, mount.remarks) == ("mount", 1, 1, ("the disk",))


async def test_an_unknown_paste_is_counted_once_and_until_its_message_is_deleted(store: Store, now: datetime) -> None:
    for id in ("Ev1", "Ev2", "Ev3"):
        await asked(store, id, now)
    assert await store.unknown_pastes.add(paste("Ev1", "ledger <_> is broken", now))
    assert not await store.unknown_pastes.add(paste("Ev1", "ledger <_> is broken", now))
    assert await store.unknown_pastes.add(paste("Ev2", "ledger <_> is broken", now + HOUR, channel="C2"))
    assert await store.unknown_pastes.add(paste("Ev3", "cart <_> is empty", now))

    ledger, _ = (await summary(store, now)).candidates
    assert (ledger.template, ledger.count, ledger.channels) == ("ledger <_> is broken", 2, ("C1", "C2"))
    assert (ledger.first, ledger.last) == (now, now + HOUR)

    # Readers of C2 see what was pasted there, and that there is more.
    seen = summary_of(await store.feedback_reader.records(now), may_read=lambda channel: channel == "C2")
    assert [(one.template, one.channels) for one in seen.candidates] == [("ledger <_> is broken", ("C2",))]
    assert seen.withheld == 1

    await store.requests.set_state("Ev2", RequestState.WITHDRAWN)
    assert await store.unknown_pastes.forget("Ev2")
    assert not await store.unknown_pastes.add(paste("Ev2", "ledger <_> is broken", now))
    assert [one.count for one in (await summary(store, now)).candidates] == [1, 1]


async def test_the_rarest_and_oldest_templates_go_first(store: Store, url: str, now: datetime) -> None:
    database = Database(parse_url(url))
    bounded = UnknownPastes(database, most=2)
    for number, template in enumerate(("often", "old", "often", "new", "newest")):
        id = await asked(store, f"Ev{number}", now)
        await bounded.add(paste(id, template, now + number * HOUR))
    await database.close()
    assert [one.template for one in (await summary(store, now)).candidates] == ["often", "newest"]


async def test_no_credential_of_a_correction_or_a_paste_is_stored(store: Store, now: datetime) -> None:
    secret = "password=hunter2-x7Kq9x7Kq9"
    await answered(store, "Ev1", "dns", now, wrong_by=("U1",))
    await store.corrections.save(corrected("Ev1", "U1", now, says=secret))
    await asked(store, "Ev1", now)
    await store.unknown_pastes.add(paste("Ev1", f"it is {secret}", now))
    assert "hunter2" not in repr(await summary(store, now))
