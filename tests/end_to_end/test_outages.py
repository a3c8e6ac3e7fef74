"""Test outages of dependencies: no false acknowledgement, no lost data, and users are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from bot.cluster.clusters import FIRST_PAUSE_S
from bot.store import StoreUnavailable
from bot.surfaces.slack.manifest import DIAGNOSE_THIS
from responses import failures
from responses.slack.presses import Press
from tests.end_to_end.corners import Corner, corner_in_errors, make_corner
from tests.end_to_end.process import locked, premises
from tests.end_to_end.workplace import UNPACED, Workplace, is_final, pressable, words_of, workplace
from tests.slack_administration import revoke_token
from tests.waiting import until

pytestmark = pytest.mark.timeout(75)

BUSY = failures.BUSY.en[1:]

# --- the database ---


@pytest.fixture
def pragma() -> Iterator[Callable[[str], None]]:
    """Yield a function that sets a pragma on every connection at its next use, to simulate a full or read-only disk."""
    settings: list[str] = []

    def set_up(connection: Any, *_: Any) -> None:
        for setting in settings[-1:]:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {setting}")
            cursor.close()

    event.listen(Pool, "checkout", set_up)
    yield settings.append
    event.remove(Pool, "checkout", set_up)


@asynccontextmanager
async def disk(pragma: Callable[[str], None], broken: str, whole: str) -> AsyncIterator[None]:
    pragma(broken)
    yield
    pragma(whole)


STORE_FAULTS: dict[str, tuple[str, Callable[..., Any]]] = {
    # First: later the file has room that was freed.
    "no space left": ("store", lambda _, set: disk(set, "max_page_count=1", "max_page_count=1000000")),
    "locked": ("store", lambda data, _: locked(data, "casebook.db")),
    "read-only": ("store", lambda _, set: disk(set, "query_only=ON", "query_only=OFF")),
}


async def test_event_that_cannot_be_stored_is_not_acknowledged_and_answered_on_retry(tmp_path, engine, broken, pragma):
    async with workplace(tmp_path, engine, broken.world) as place:
        place.slack.retry_pauses = ()
        for reason, (part, fault) in STORE_FAULTS.items():
            at = place.room()
            async with fault(at.settings.data, pragma):
                ts = await at.slack.say(at.alex, at.channel, long_text(broken.text))
                (refused,) = [one for one in at.deliveries if one.payload["event"].get("ts") == ts]
                assert refused.status == 503, reason
                status, problems = await readiness(at)
                assert status == 503, reason
                assert reason in problems[part]
            assert await readiness(at) == (200, {}), reason
            assert at.ours() == [], reason

            assert (await at.slack.redeliver(refused.event_id)).status == 200, reason
            await at.answer(ts)
            await at.settled()
            assert len(at.ours()) == 1, reason


async def test_event_is_accepted_while_the_job_database_is_locked_and_answered_after_it(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        async with locked(at.settings.data, "jobs.db"):
            ts = await at.slack.say(at.alex, at.channel, broken.text)
            assert [one.status for one in at.slack.deliveries if one.payload["event"]["ts"] == ts] == [200]
            status, problems = await readiness(at)
            assert (status, "jobs" in problems) == (503, True)
            assert at.ours() == []
        await at.answer(ts)
        await at.settled()
        assert len(at.ours()) == 1


async def test_locked_database_during_a_job_is_waited_out(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        at.slack.latency = 0.2
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        async with locked(at.settings.data, "casebook.db"):
            # A job that waits for a retry does not run.
            await until(lambda: not at.app.jobs.running)
        assert "CONFIRMED" in words_of(await at.answer(ts))
        await at.settled()
        assert len(at.ours()) == 1


async def test_command_is_answered_once_the_engine_is_back(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        async with locked(at.settings.data, "jobs.db"):
            said = await at.slack.slash(at.bo, at.channel, "pod ledger/db-tikv-0")
            assert not said.body
            assert at.ours() == []
        await at.slack.wait_for(at.ours)
        await at.settled()
        assert len(at.ours()) == 1


async def test_command_or_shortcut_that_cannot_be_stored_asks_to_retry(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, "what is this?")
        async with locked(at.settings.data, "casebook.db"):
            assert (await at.slack.slash(at.bo, at.channel, "pod ledger/db-tikv-0")).status == 200
            assert (await at.slack.shortcut(at.guest, at.channel, ts, callback_id=DIAGNOSE_THIS)).status == 200
            await at.slack.wait_for(lambda: BUSY in words_of(at.slack.ephemerals(at.bo)))
            await at.slack.wait_for(lambda: BUSY in words_of(at.slack.ephemerals(at.guest)))
        await at.settled()
        assert at.ours() == []


async def test_modal_waits_until_its_plan_can_be_stored(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, healing.text))
        await at.settled()
        async with locked(at.settings.data, "casebook.db"):
            await at.slack.click(at.alex, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"])
            await at.slack.wait_for(lambda: at.slack.views(at.alex))
            # A job that waits for a retry does not run.
            await until(lambda: not at.app.jobs.running)
        (dialog,) = await at.slack.wait_for(lambda: [view for view in at.slack.views(at.alex) if view["submit"]])
        await at.submit(at.alex, dialog["id"])
        await at.settled()
        assert len(at.writes()) == 1


async def test_button_press_that_cannot_be_stored_asks_to_retry(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, healing.text))
        await at.slack.click(at.alex, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"])
        await at.slack.wait_for(lambda: [view for view in at.slack.views(at.alex) if view["submit"]])
        await at.settled()
        (dialog,) = at.slack.views(at.alex)
        async with locked(at.settings.data, "jobs.db"):
            pressed, submitted = await asyncio.gather(
                at.slack.click(at.bo, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"]),
                at.slack.submit(at.alex, dialog["id"]),
            )
            assert (pressed.status, submitted.status) == (200, 200)
            await at.slack.wait_for(lambda: BUSY in words_of(at.slack.ephemerals(at.bo)))
            await at.slack.wait_for(lambda: BUSY in words_of(at.slack.views(at.alex)))
        await at.settled()
        assert at.writes() == []


# --- Slack ---


POST, UPDATE = "chat.postMessage", "chat.update"
LISTS = {"users.list", "users.conversations"}


async def test_failures_of_post_and_update_still_give_one_answer(tmp_path, broken):
    longer_than_a_call: dict[str, Any] = {"status": 503, "times": 4}
    # An answer that is posted at once, and one with a placeholder, which is posted and updated.
    befalls: dict[float, dict[str, tuple[list[str], dict[str, Any]]]] = {
        0.0: {
            "HTTP 503": ([POST], {"status": 503, "times": 2}),
            "rate limited": ([POST], {"retry_after": 1}),
            "cut off before": ([POST], {"reset": True}),
            "cut off after": ([POST], {"reset": True, "after_execution": True}),
            "silent before": ([POST], {"hang": True}),
            "silent after": ([POST], {"hang": True, "after_execution": True}),
            "out of order for long": ([POST], longer_than_a_call),
            "not telling who asks for long": (["users.info"], longer_than_a_call),
        },
        2.0: {
            "HTTP 503": ([POST, UPDATE], {"status": 503, "times": 2}),
            "rate limited": ([UPDATE], {"retry_after": 1}),
            "cut off before": ([POST, UPDATE], {"reset": True}),
            "cut off after": ([POST, UPDATE], {"reset": True, "after_execution": True}),
            "silent before": ([UPDATE], {"hang": True}),
            "silent after": ([POST], {"hang": True, "after_execution": True}),
            "out of order for long": ([POST], longer_than_a_call),
        },
    }
    async with premises(tmp_path, pace=False) as at:
        # Each user is then looked up.
        at.slack.fail("users.list", error="fatal_error", times=100)
        # A call without a response ends soon.
        serving = await at.start(slack_limits=replace(UNPACED, call=1.5))
        befallen: dict[Corner, tuple[list[str], dict[str, Any]]] = {}
        for latency, faults in befalls.items():
            at.cluster.latency = latency
            these = {
                make_corner(at, broken, name=f"{name}, latency {latency}", names=["ledger"]): fault
                for name, fault in faults.items()
            }
            for each, (methods, fault) in these.items():
                for method in methods:
                    given = {"user": each.user} if method == "users.info" else {"channel": each.channel}
                    at.slack.fail(method, given=given, **fault)
            await asyncio.gather(*(each.ask() for each in these))
            befallen |= these
        assert await serving.stop() == 0
        for each, (methods, fault) in befallen.items():
            with corner_in_errors(each):
                for method in methods:
                    failed = [call for call in each.calls(method) if call.status != 200]
                    assert len(failed) == fault.get("times", 1)
                # Not the answer for an unidentified user.
                assert "CONFIRMED" in each.shown
                assert len(each.ours) == 1


async def test_first_event_is_kept_while_auth_test_fails(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        at.slack.fail("auth.test", status=503)
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        assert "CONFIRMED" in words_of(answer)


async def test_revoked_token_makes_it_unready_without_a_retry_storm(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        await at.slack.wait_for(lambda: {call.method for call in at.slack.calls} >= LISTS)
        revoke_token(at.slack)
        await at.slack.say(at.alex, at.channel, broken.text)
        await at.settled()
        status, problems = await readiness(at)
        assert status == 503
        assert "the token is revoked" in problems["slack"]
        refused = Counter(call.method for call in at.slack.calls if call.error == "token_revoked")
        # Users and channels are known from the start.
        assert refused == {"chat.postMessage": 1}


async def test_button_press_is_acknowledged_in_time_if_slack_is_slow(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        at.slack.fail("*", hang=True, times=1_000)
        assert (await at.slack.click(at.bo, at.channel, answer["ts"], Press.DETAILS.value)).status == 200


# --- the cluster ---


async def stop_api_server(at: Workplace) -> None:
    """Stop the API server, so that nothing listens on its port."""
    await at.cluster.stop()


async def hang_api_server(at: Workplace) -> None:
    at.cluster.fail(path_prefix="/", hang=True, times=1_000)


async def break_api_server(at: Workplace) -> None:
    at.cluster.fail(path_prefix="/", status=503, times=1_000)


@pytest.mark.parametrize(
    ("fails", "reason"),
    [(stop_api_server, "unreachable"), (hang_api_server, "unreachable"), (break_api_server, "503")],
)
async def test_api_server_outage_explains_pastes_by_text_and_objects_by_the_error(
    tmp_path, engine, broken, fails, reason
):
    async with workplace(tmp_path, engine, broken.world, deadline=1, call_timeout=0.5, retries=0) as at:
        await fails(at)
        explained = words_of(await at.answer(await at.slack.say(at.alex, at.channel, broken.text)))
        assert "POSSIBLE" in explained
        assert reason in explained
        assert "127.0.0.1" not in explained
        assert "kubeconfig" not in explained

        await at.slack.slash(at.bo, at.channel, "pod ledger/db-tikv-0")
        (about,) = await at.slack.wait_for(
            lambda: [*filter(is_final, (one for one in at.ours() if "thread_ts" not in one))]
        )
        assert reason in words_of(about)


async def test_answer_without_the_unreachable_cluster_is_given_again_once_it_is_back(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        port = int(at.cluster.url.rpartition(":")[2])
        await at.cluster.stop()
        first = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        assert "CONFIRMED" not in words_of(first["blocks"])
        await at.cluster.start(port=port)
        # No new attempt is made before.
        await asyncio.sleep(FIRST_PAUSE_S)
        at.clock.advance(timedelta(minutes=2))
        second = await at.answer(await at.slack.say(at.bo, at.channel, broken.text))
        assert "CONFIRMED" in words_of(second["blocks"])
        await at.settled()
        assert len(at.ours()) == 2


# --- the data directory ---


async def test_unusable_data_directory_is_named_at_start(tmp_path, engine):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreUnavailable, match=r"data cannot hold the databases .* set CASEBOOK_DATA"):
        async with workplace(tmp_path, engine):
            pass


def long_text(text: str) -> str:
    """Return a text that does not fit into the full database."""
    return text + "".join(f"\nI0302 02:59:{number % 60:02} reconciled in {number} ms" for number in range(400))


async def readiness(at: Workplace) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/readyz") as response:
        return response.status, (await response.json())["problems"]
