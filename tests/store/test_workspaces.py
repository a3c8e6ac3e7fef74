"""Test that the data of workspaces stays apart, whatever is stored, and that all of one workspace's can be deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.common.encryption import CannotDecrypt, Encryption, KeyUnusable, new_key
from bot.store import (
    AuditEntry,
    Installation,
    Store,
    delete_workspace,
    open_audit,
    open_store,
    open_workspace,
    workspace_url,
)
from bot.store.tables import METADATA
from intents.feedback import UnknownPaste
from tests.store.conftest import NOW
from tests.upgrade.rows import read, write

ONE, OTHER, ORG = "T0ONE", "T0OTHER", "E0ONE"
# Of the main store only.
SHARED = {"installations", "install_states"}


async def rows(store: Store) -> dict[str, int]:
    """Return the number of rows of each table."""
    async with store.database.read() as connection:
        return {
            name: int(await connection.scalar(select(func.count()).select_from(table)) or 0)
            for name, table in METADATA.tables.items()
        }


KEY = Encryption([new_key()])
FIRST, SECOND, THIRD = (KEY.encrypt(ONE, {"bot": each}) for each in "123")


async def fill(store: Store) -> None:
    """Write a row of every table."""
    await write(store)
    await store.unknown_pastes.add(UnknownPaste(request="Ev1", channel="C1", template="a", example="a", at=NOW))


DELETED = AuditEntry(at=NOW, actor="casebook", team=ONE, action="delete_workspace", target=ONE, outcome="deleted")


async def _never() -> None:
    raise AssertionError("the data of a workspace that came back")


def installation(id: str, tokens: bytes = FIRST) -> Installation:
    return Installation(id=id, name="acme", is_org=False, identity={}, tokens=tokens, installed=NOW, changed=NOW)


async def test_rows_of_every_table_are_seen_by_their_workspace_alone(new_url: str) -> None:
    async with (
        open_store(new_url) as main,
        open_workspace(main, ONE) as one,
        open_workspace(main, OTHER) as other,
        open_workspace(main, ORG) as org,
    ):
        empty = await rows(main)
        assert not any(empty.values())
        await fill(one)
        written = await rows(one)
        assert {name for name, count in written.items() if not count} <= SHARED, "a table without a row proves nothing"
        for store in (main, other, org):
            assert await rows(store) == empty
        # The same keys again: nothing is replaced, and each sees its own.
        await fill(other)
        assert await rows(other) == written
        assert await read(other) == await read(one)
        await delete_workspace(main, OTHER)
        assert await rows(one) == written


async def test_a_deleted_workspace_leaves_nothing_and_can_come_back(new_url: str) -> None:
    async with open_store(new_url) as main:
        async with open_workspace(main, ONE) as store:
            await write(store)
        await delete_workspace(main, ONE)
        await delete_workspace(main, ONE)
        async with open_workspace(main, ONE) as store:
            assert not any((await rows(store)).values())


async def test_tools_read_one_workspace(new_url: str) -> None:
    async with open_store(new_url) as main, open_workspace(main, ONE) as store:
        await write(store)
        async with open_audit(workspace_url(new_url, ONE)) as audit:
            assert len(await audit.entries(since=NOW - timedelta(days=1), limit=9)) == (await rows(store))["audit"]


@pytest.mark.parametrize("id", ["", "T", "t0one", "C0ONE", "T0/../x", 'T0"; DROP', "T0ONE\n", "T" * 60])
def test_only_ids_of_slack_name_a_place(id: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        workspace_url("postgresql://host/name", id)


async def test_an_installation_lives_through_renewals_removal_and_return(store: Store) -> None:
    kept = store.installations
    await kept.save(installation(ONE))
    renewed = installation(ONE, SECOND)
    assert await kept.renew(renewed, instead_of=FIRST)
    assert not await kept.renew(installation(ONE, THIRD), instead_of=FIRST)
    assert await kept.remove(ONE, at=NOW, doomed=NOW + timedelta(days=30))
    removed = await kept.get(ONE)
    assert removed is not None
    assert (removed.tokens, removed.doomed) == (b"", NOW + timedelta(days=30))
    await kept.save(installation(ONE, THIRD))
    assert not await kept.forget(removed, _never, DELETED)
    (back,) = await kept.all()
    assert (back.tokens, back.removed, back.doomed) == (THIRD, None, None)
    assert await kept.use("state", expires=NOW, now=NOW)
    assert not await kept.use("state", expires=NOW, now=NOW)
    assert not await kept.remove(OTHER, at=NOW, doomed=NOW)
    # An event about former tokens does not remove a new installation.
    assert not await kept.remove(ONE, at=NOW, doomed=NOW, holding=FIRST)
    assert await kept.remove(ONE, at=NOW, doomed=NOW, holding=THIRD)
    (gone,) = await kept.all()
    deleted: list[str] = []

    async def delete_data() -> None:
        deleted.append(ONE)

    assert await kept.forget(gone, delete_data, DELETED)
    assert (await kept.all(), deleted) == ((), [ONE])
    assert [each.action for each in await store.audit.entries(since=NOW, limit=9)] == ["delete_workspace"]


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["bot", "refresh"]), st.text()), st.binary(max_size=80))
def test_secrets_are_read_by_their_owner_with_a_key_and_by_nobody_else(secrets: dict[str, str], noise: bytes) -> None:
    former, current = new_key(), new_key()
    value = Encryption([former]).encrypt(ONE, secrets)
    both = Encryption([current, former])
    assert both.decrypt(ONE, value) == secrets
    assert not both.is_current(value)
    assert both.is_current(both.encrypt(ONE, secrets))
    for keys, owner, found in (([current], ONE, value), ([former], OTHER, value), ([former], ONE, noise)):
        with pytest.raises(CannotDecrypt):
            Encryption(keys).decrypt(owner, found)


@pytest.mark.parametrize("keys", [[], ["short"], [new_key(), "ünmöglich"]])
def test_unusable_keys_are_refused(keys: list[str]) -> None:
    with pytest.raises(KeyUnusable):
        Encryption(keys)
