"""Saved incidents: what people found out in a thread answers the next paste."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.diagnosing import Engine
from bot.policy import Policy
from bot.surfaces.slack.manifest import SAVE_AS_INCIDENT
from bot.workflows.learned_entries import LearnedEntries
from responses.slack import learned as fields
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.workplace import Workplace, broken_of, lines_of, words_of, workplace
from tests.waiting import until

CURATOR = "U0000000001"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> AsyncIterator[Workplace]:
    broken, curators = broken_of(engine, "run-as-nonroot-root-image"), Policy.playground(acting=(CURATOR,))
    async with workplace(tmp_path_factory.mktemp("saved"), engine, broken.world, policy=curators) as there:
        assert there.alex == CURATOR
        yield there


ERROR = "12:00:01 ERROR payment-gateway: ledger checksum mismatch for batch 4711: expected 0xdeadbeef got 0xcafe"
AGAIN = "payment-gateway: ledger checksum mismatch for batch 9000: expected 0x1 got 0x2"
CAUSE = "The nightly import ran twice and wrote a batch of the day before."
DONE = "Stopped the second import.\nDeleted batch 4711 and started the import again."


def typed(**changed: str) -> dict[str, dict[str, str]]:
    """Return the values of the dialog: those of this file, or others."""
    values = {
        fields.NAME: changed.get("title", "Ledger was written twice"),
        fields.LINE: changed.get("line", ERROR),
        fields.ROOT_CAUSE: changed.get("cause", CAUSE),
        fields.DONE: changed.get("done", DONE),
        fields.BY: changed.get("by", "Bo"),
    }
    return {name: {name: value} for name, value in values.items()}


async def open_dialog(at: Workplace, ts: str, *, user: str = "", channel: str = "") -> dict[str, Any]:
    """Use "Save as incident" on a message and return the filled dialog."""
    user = user or at.alex
    before = {view["id"] for view in at.slack.views(user)}
    await at.slack.shortcut(user, channel or at.channel, ts, callback_id=SAVE_AS_INCIDENT)
    return await at.opened(user, before)


async def thread(at: Workplace) -> str:
    """Post an error that is not known, and two replies."""
    ts = await at.slack.say(at.alex, at.channel, ERROR)
    await at.slack.say(at.alex, at.channel, CAUSE, thread_ts=ts)
    await at.slack.say(at.bo, at.channel, "Deleted batch 4711 and started the import again.", thread_ts=ts)
    await at.settled()
    assert not at.answers(ts)
    return ts


async def save(at: Workplace, ts: str, **changed: str) -> dict[str, Any]:
    """Save an incident by the dialog, with its check, and return the confirmation."""
    view = await open_dialog(at, ts)
    await at.submit(at.alex, view["id"], typed(**changed))
    await at.submit(at.alex, view["id"], typed(**changed))
    found = await at.slack.wait_for(lambda: [one for one in at.answers(ts) if "💾" in words_of(one["blocks"])])
    return found[0]


def version_of(at: Workplace, id: str) -> int:
    found = at.app.learned.get(id)
    return found.entry.version if found else 0


def saved_ids(at: Workplace) -> list[str]:
    return [one.entry.id for one in at.app.learned.listed("", everything=True) if one.entry.channel == at.channel]


async def test_saved_incident_answers_the_next_paste_as_possible(at):
    before = await scraped(at)
    ts = await thread(at)
    confirmed = await save(at, ts)
    assert "status: sandbox" in words_of(confirmed["blocks"])

    again = await at.slack.say(at.bo, at.channel, AGAIN)
    lines = lines_of(await at.answer(again))

    assert lines[0] == CAUSE
    assert lines[1] == f"🔵 POSSIBLE · Learned from #{name_of(at)}, by Bo, version 1."
    assert lines[2] == "Next: Stopped the second import."
    await at.settled()
    after = await scraped(at)
    for metric in ("casebook_learned_entries", "casebook_learned_answers_total"):
        assert after.of(metric) == before.of(metric) + 1, metric


async def test_dialog_is_prefilled_from_the_thread(at):
    ts = await thread(at)
    view = await open_dialog(at, ts)

    initial = {block["block_id"]: block["element"].get("initial_value") for block in inputs(view)}
    assert initial[fields.LINE] == ERROR
    assert initial[fields.ROOT_CAUSE] == CAUSE
    assert initial[fields.DONE] == f"{CAUSE}\nDeleted batch 4711 and started the import again."
    assert initial[fields.BY] == next(user["name"] for user in at.slack.users() if user["id"] == at.bo)


async def test_dialog_has_the_chosen_message_where_the_thread_cannot_be_read(at):
    ts = await thread(at)
    at.slack.fail("conversations.replies", error="missing_scope", times=20)
    view = await open_dialog(at, ts)

    initial = {block["block_id"]: block["element"].get("initial_value") for block in inputs(view)}
    assert initial[fields.LINE] == ERROR
    assert initial[fields.ROOT_CAUSE] is None


async def test_cause_that_the_cluster_proved_is_in_the_dialog(at, engine, broken):
    ts = await at.slack.say(at.alex, at.channel, broken.text)
    await at.answer(ts)
    await at.settled()
    view = await open_dialog(at, ts)

    initial = {block["block_id"]: block["element"].get("initial_value") for block in inputs(view)}
    assert initial[fields.NAME] == engine.catalog.incidents[broken.incident].title.en
    assert initial[fields.ROOT_CAUSE]


async def test_check_shows_the_signature_and_collisions_before_anything_is_saved(at):
    ts = await thread(at)
    view = await open_dialog(at, ts)
    await at.submit(at.alex, view["id"], typed())
    shown = words_of(shown_view(at)["blocks"])
    assert "payment-gateway: ledger checksum mismatch for batch <_>: expected <_> got" in shown
    assert "No example of another entry and no ordinary line matches" in shown
    assert saved_ids(at) == []

    # The text is changed after the check: it is checked again.
    common = typed(line="Back-off restarting failed container api in pod api-0")
    await at.submit(at.alex, view["id"], common)
    shown = words_of(shown_view(at)["blocks"])
    assert "This is the new result" in shown
    assert "also matches texts of other entries" in shown
    assert "(container-crash" in shown or "crash" in shown
    assert saved_ids(at) == []

    await at.submit(at.alex, view["id"], common)
    await at.slack.wait_for(lambda: saved_ids(at))


@pytest.mark.parametrize("line", ["Error: 42", "4711 0xdeadbeef 10.0.0.1"])
async def test_line_without_words_of_its_own_is_refused_at_its_input(at, line):
    ts = await thread(at)
    view = await open_dialog(at, ts)
    await at.submit(at.alex, view["id"], typed(line=line))
    assert "Choose a more specific line" in str(at.slack.views(at.alex)[-1]["errors"])


async def test_other_channels_get_it_only_once_a_curator_shares_it(place, at):
    at.alex = CURATOR
    other = at.slack.add_channel("other")
    await save(at, await thread(at))
    (id,) = saved_ids(at)

    await at.slack.say(at.bo, other, AGAIN)
    await at.settled()
    assert at.ours(other) == []
    assert "No incident is saved here" in await told(at, at.bo, other, "learned")
    assert "There is no saved incident" in await told(at, at.bo, other, f"learned delete {id}")
    assert "Only a curator" in await told(at, at.bo, at.channel, f"learned share {id}")
    assert "Only its author or a curator" in await told(at, at.bo, at.channel, f"learned delete {id}")

    assert "answers in every channel" in await told(at, at.alex, other, f"learned share {id}")
    again = await at.slack.say(at.bo, other, AGAIN)
    assert f"Learned from #{name_of(at)}, by Bo, version 1." in lines_of(await at.answer(again, other))[1]
    listed = await told(at, at.bo, other, "learned")
    assert id in listed
    assert "every channel" in listed

    assert f"in #{name_of(at)} only" in await told(at, at.alex, other, f"learned unshare {id}")
    assert [entry.outcome for entry in await place.audited() if entry.action == "learned" and id in str(entry)] == [
        "save", "share", "unshare",
    ]  # fmt: skip


async def test_edit_makes_a_version_and_delete_ends_the_answers(at):
    await save(at, await thread(at))
    (id,) = saved_ids(at)

    before = {view["id"] for view in at.slack.views(at.alex)}
    await at.slack.slash(at.alex, at.channel, f"learned edit {id}")
    view = await at.opened(at.alex, before)
    initial = {block["block_id"]: block["element"].get("initial_value") for block in inputs(view)}
    assert (initial[fields.ROOT_CAUSE], initial[fields.DONE]) == (CAUSE, DONE)
    changed = typed(cause="The import of the day before ran again, after midnight.")
    await at.submit(at.alex, view["id"], changed)
    await at.submit(at.alex, view["id"], changed)
    await at.slack.wait_for(lambda: version_of(at, id) == 2)
    assert [one.version for one in await at.app.store.learned.versions(id)] == [1, 2]

    again = await at.slack.say(at.bo, at.channel, AGAIN)
    lines = lines_of(await at.answer(again))
    assert "after midnight" in lines[0]
    assert "version 2" in lines[1]

    assert "deleted" in (await told(at, at.alex, at.channel, f"learned delete {id}")).lower()
    at.clock.advance(timedelta(hours=1))
    unknown = await at.slack.say(at.bo, at.channel, AGAIN.replace("9000", "9001"))
    await at.settled()
    assert at.answers(unknown) == []
    # The answers that were given with it stay as long as other answers.
    assert [row for row in rows_with(at, "after midnight") if '"answers"' not in row] == []


async def test_edit_of_a_shared_incident_by_its_author_has_to_be_shared_again(at):
    at.bo = CURATOR
    other = at.slack.add_channel("other")
    await save(at, await thread(at))
    (id,) = saved_ids(at)
    await told(at, at.bo, at.channel, f"learned share {id}")

    before = {view["id"] for view in at.slack.views(at.alex)}
    await at.slack.slash(at.alex, at.channel, f"learned edit {id}")
    view = await at.opened(at.alex, before)
    for _ in range(2):
        await at.submit(at.alex, view["id"], typed(cause="It was something else."))
    await at.slack.wait_for(lambda: version_of(at, id) == 2)

    await at.slack.say(at.bo, other, AGAIN)
    await at.settled()
    assert at.ours(other) == []
    again = await at.slack.say(at.bo, at.channel, AGAIN)
    assert lines_of(await at.answer(again))[0] == "It was something else."
    # It would answer in the channels of other tests too, were it shared.
    await told(at, at.bo, at.channel, f"learned delete {id}")


async def test_secrets_of_the_thread_are_never_stored(at):
    secret = "hunter2-" + "x7Kq9" * 4
    ts = await at.slack.say(at.alex, at.channel, f"{ERROR} password={secret}")
    await at.slack.say(at.alex, at.channel, f"the vault had DB_PASSWORD={secret}", thread_ts=ts)
    view = await open_dialog(at, ts)
    assert secret not in str(view)
    values = typed(line=f"{ERROR} password={secret}", done=f"export DB_PASSWORD={secret}")
    await at.submit(at.alex, view["id"], values)
    await at.submit(at.alex, view["id"], values)
    await at.slack.wait_for(lambda: saved_ids(at))
    await at.settled()
    assert rows_with(at, secret) == []
    assert secret not in str([dict(call.arguments) for call in at.calls])

    again = await at.slack.say(at.bo, at.channel, f"{AGAIN} password=other-{secret[::-1]}")
    assert lines_of(await at.answer(again))[0] == CAUSE


async def test_guest_may_not_save(at):
    ts = await thread(at)
    view = await open_dialog(at, ts, user=at.guest)
    assert "you may not save incidents here" in words_of(view["blocks"]).lower()
    assert view["submit"] is None


async def test_another_replica_follows_what_is_saved_and_deleted(at):
    await save(at, await thread(at))
    store = at.app.store
    elsewhere = LearnedEntries(store=store)
    await elsewhere.refresh()
    (id,) = saved_ids(at)
    assert elsewhere.get(id) is not None
    watching = asyncio.create_task(elsewhere.keep_current(every=0.02))
    await store.learned.remove(id)
    await until(lambda: elsewhere.get(id) is None)
    watching.cancel()


def name_of(at: Workplace) -> str:
    return at.slack.state.workspace.channel(at.channel).name


def inputs(view: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in view["blocks"] if block["type"] == "input"]


def shown_view(at: Workplace) -> dict[str, Any]:
    return at.slack.views(at.alex)[-1]


async def told(at: Workplace, user: str, channel: str, command: str) -> str:
    """Type a command and return what its user is told."""
    response = await at.slack.slash(user, channel, command)
    return words_of(response.body["blocks"])


def rows_with(at: Workplace, word: str) -> list[str]:
    """Return the rows of both databases that hold a word."""
    found = []
    for file in at.settings.data.glob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            found += [f"{file.name}: {line[:200]}" for line in connection.iterdump() if word in line]
    return found
