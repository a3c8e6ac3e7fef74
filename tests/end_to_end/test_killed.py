"""SIGKILL at the worst moments: after the restart the answer stands once, and a remedy was applied once."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.remedies.verifying import Pace
from bot.store import open_store
from responses.slack.presses import Press
from tests.end_to_end.process import Premises, premises, side_by_side, until
from tests.end_to_end.workplace import Broken, pressable, submitted, words_of

# Long enough to be killed in, short enough to wait for.
PACE = Pace(every=0.1, well=0.5, failing=0.5)
FIXED = "FIXED: the cause is gone"
POLICY = """
remediation: [{clusters: ["*"], namespaces: ["*"]}]
acting: [{users: ["*"], clusters: ["*"], namespaces: ["*"], actions: ["*"]}]
"""


pytestmark = pytest.mark.timeout(75)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A process has come so far when it has called `method` and waits for the answer in vain."""

    method: str
    after_doing: bool = False


ACKED = Moment(method="users.info")
SENT = Moment(method="chat.postMessage")
ACCEPTED = Moment(method="chat.postMessage", after_doing=True)
UNTOLD = Moment(method="chat.update")
TOLD = Moment(method="chat.update", after_doing=True)


async def test_killed_at_any_moment_the_answer_stands_once_after_the_restart(tmp_path, broken):
    async def killed_at(directory: Path, *, moment: Moment) -> None:
        async with premises(directory, broken.world) as at:
            ts = await killed(at, broken.text, moment)

            serving = await at.start()
            await at.answer(ts)
            assert await serving.stop() == 0
            assert_answered_once(at, ts)

    await side_by_side(
        tmp_path,
        {
            "after the ack": partial(killed_at, moment=ACKED),
            "with a post sent and unanswered": partial(killed_at, moment=SENT),
            "after Slack accepted the post, before that was recorded": partial(killed_at, moment=ACCEPTED),
            "before the final update": partial(killed_at, moment=UNTOLD),
            "after the final update, before that was recorded": partial(killed_at, moment=TOLD),
        },
    )


async def test_killed_under_one_version_of_the_jobs_it_is_answered_once_under_the_next(tmp_path, broken):
    async def killed_at(directory: Path, *, moment: Moment) -> None:
        async with premises(directory, broken.world) as at:
            ts = await killed(at, broken.text, moment)

            serving = await at.start(jobs_version="the next")
            await at.answer(ts)
            assert await serving.stop() == 0
            assert_answered_once(at, ts)
            assert finished_under(at) == ["the next"]

    await side_by_side(
        tmp_path,
        {
            "after the ack": partial(killed_at, moment=ACKED),
            "after Slack accepted the post, before that was recorded": partial(killed_at, moment=ACCEPTED),
            "before the final update": partial(killed_at, moment=UNTOLD),
        },
    )


async def test_an_event_that_slack_repeats_while_its_job_is_taken_up_again_is_answered_once(tmp_path, broken):
    async with premises(tmp_path, broken.world) as at:
        ts = await killed(at, broken.text, SENT)

        serving = await at.start()
        again = await at.slack.redeliver(event_of(at, ts).event_id)
        assert again.status == 200
        await at.answer(ts)
        assert await serving.stop() == 0
        assert_answered_once(at, ts, deliveries=2)


async def test_in_a_direct_message_what_slack_accepted_is_found_again_too(tmp_path, broken):
    async with premises(tmp_path, broken.world) as at:
        at.channel = at.slack.open_im(at.alex)
        await killed(at, broken.text, ACCEPTED)

        serving = await at.start()
        await at.answer("")
        assert await serving.stop() == 0
        (answer,) = at.ours()
        assert "CONFIRMED" in words_of(answer)


async def test_killed_while_it_takes_an_answer_back_the_answer_goes_after_the_restart(tmp_path, broken):
    async with premises(tmp_path, broken.world) as at:
        serving = await at.start()
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        await at.answer(ts)
        at.slack.fail("chat.delete", hang=True)
        await at.slack.remove(at.alex, at.channel, ts)
        await at.slack.wait_for(lambda: unanswered(at, "chat.delete"))
        await serving.kill()

        serving = await at.start()
        await at.slack.wait_for(lambda: not at.ours())
        assert await serving.stop() == 0
        assert at.ours() == []


def finished_under(at: Premises) -> list[str]:
    """Under which versions jobs have finished, as the job engine keeps it."""
    with contextlib.closing(sqlite3.connect(at.data / "jobs.db")) as jobs:
        query = "SELECT DISTINCT application_version FROM workflow_status WHERE status = 'SUCCESS'"
        return [version for (version,) in jobs.execute(query)]


async def killed(at: Premises, text: str, moment: Moment) -> str:
    """Somebody pastes, and the process is killed at that moment. The ts of the paste."""
    serving = await at.start()
    at.slack.fail(moment.method, hang=True, after_doing=moment.after_doing)
    ts = await at.slack.say(at.alex, at.channel, text)
    await at.slack.wait_for(lambda: unanswered(at, moment.method))
    await serving.kill()
    return ts


def event_of(at: Premises, ts: str) -> Any:
    return next(one for one in at.slack.deliveries if one.payload["event"]["ts"] == ts)


def assert_answered_once(at: Premises, ts: str, *, deliveries: int = 1) -> None:
    """Of a process that has ended: nothing more can come."""
    (answer,) = at.ours()
    assert answer["thread_ts"] == ts
    said = words_of(answer["blocks"])
    assert "CONFIRMED" in said.splitlines()[0]
    assert "⏳" not in answer["text"] + said
    posted = [call for call in at.slack.calls if call.method == "chat.postMessage" and call.ok]
    assert len(posted) == 1
    delivered = [one.status for one in at.slack.deliveries if one.event_id == event_of(at, ts).event_id]
    assert delivered == [200] * deliveries


# --- remedies ---

# Puts an obstacle in the way; whether the process has come so far.
Reaching = Callable[[Premises], Callable[[], Any]]


def claimed_and_not_written(at: Premises) -> Callable[[], Any]:
    """The message is about to say that it is being applied."""
    at.slack.fail("chat.update", hang=True)
    return lambda: unanswered(at, "chat.update")


def sent_and_not_written(at: Premises) -> Callable[[], Any]:
    """The API server never gets to it."""
    at.cluster.fail(path_prefix="/api/v1/namespaces", method="DELETE", hang=True)
    return lambda: writes(at)


def written_and_not_recorded(at: Premises) -> Callable[[], Any]:
    at.cluster.fail(path_prefix="/api/v1/namespaces", method="DELETE", hang=True, done=True)
    at.cluster.fail(path_prefix="/apis/apps/v1/namespaces", method="PATCH", hang=True, done=True)
    return lambda: writes(at)


def being_verified(at: Premises) -> Callable[[], Any]:
    looks = "/api/v1/namespaces/front/pods"
    return lambda: "applied; watching" in shown(at) and [*after_write(at)].count(looks) > 1


def verified_and_untold(at: Premises) -> Callable[[], Any]:
    """The message is about to say how it ended."""
    obstacles = iter([lambda: at.slack.fail("chat.update", hang=True)])

    def ending() -> bool:
        if "applied; watching" in shown(at):
            next(obstacles, lambda: None)()
        return bool(unanswered(at, "chat.update"))

    return ending


async def test_killed_at_any_moment_a_remedy_is_applied_once_and_told_to_its_end(tmp_path, healing):
    async def killed_at(directory: Path, *, moment: Reaching, sent: int = 1) -> None:
        async with acting(directory, healing) as at:
            await confirmed_and_killed(at, healing.text, moment)
            assert await told_to_its_end(at) == ["claimed", "applied", "fixed"]
            assert len(writes(at)) == sent

    await side_by_side(
        tmp_path,
        {
            "claimed, not written": partial(killed_at, moment=claimed_and_not_written),
            "sent, not written": partial(killed_at, moment=sent_and_not_written, sent=2),
            "written, not recorded": partial(killed_at, moment=written_and_not_recorded),
            "while it is verified": partial(killed_at, moment=being_verified),
            "verified, not told": partial(killed_at, moment=verified_and_untold),
        },
    )


async def test_killed_after_a_patch_that_was_not_recorded_it_is_not_written_again(tmp_path, hanging_pods):
    async with acting(tmp_path, hanging_pods) as at:
        await confirmed_and_killed(at, hanging_pods.text, written_and_not_recorded)
        assert await told_to_its_end(at) == ["claimed", "applied", "fixed"]
        assert [method for method, _ in writes(at)] == ["PATCH"]


async def test_a_dialog_that_was_open_when_the_process_was_killed_is_filled_and_can_be_confirmed(tmp_path, healing):
    async with acting(tmp_path, healing) as at:
        serving = await at.start(verify_pace=PACE)
        at.slack.fail("views.update", hang=True)
        await press(at, healing.text)
        await at.slack.wait_for(lambda: unanswered(at, "views.update"))
        await serving.kill()

        serving = await at.start(verify_pace=PACE)
        await submitted(at.slack, at.alex, (await dialog(at))["id"])
        await at.slack.wait_for(lambda: FIXED in shown(at))
        assert await serving.stop() == 0
        assert len(writes(at)) == 1


def acting(directory: Path, broken: Broken) -> AbstractAsyncContextManager[Premises]:
    """Where everybody may press everything."""
    policy = directory / "policy.yaml"
    policy.write_text(POLICY)
    return premises(directory, broken.world, CASEBOOK_POLICY=str(policy))


async def confirmed_and_killed(at: Premises, text: str, moment: Reaching) -> None:
    """A remedy is confirmed, and the process is killed at that moment."""
    serving = await at.start(verify_pace=PACE)
    await press(at, text)
    view = await dialog(at)
    reached = moment(at)
    await submitted(at.slack, at.alex, view["id"])
    await until(reached)
    await serving.kill()


async def told_to_its_end(at: Premises) -> list[str]:
    """After the restart the one message tells it; then what the audit tells."""
    serving = await at.start(verify_pace=PACE)
    await at.slack.wait_for(lambda: FIXED in shown(at))
    assert await serving.stop() == 0
    assert "⏳" not in shown(at)
    assert len(at.ours()) == 1
    # What is found done by the run before says so.
    return [outcome.removesuffix(" already") for outcome in await audited(at)]


async def press(at: Premises, text: str) -> None:
    """Somebody pastes and presses the answer's button."""
    answer = await at.answer(await at.slack.say(at.alex, at.channel, text))
    await at.slack.click(at.alex, at.channel, answer["ts"], pressable(answer, Press.REMEDY)["action_id"])


async def dialog(at: Premises) -> dict[str, Any]:
    views = await at.slack.wait_for(lambda: [view for view in at.slack.views(at.alex) if view["submit"]])
    return views[-1]


def shown(at: Premises) -> str:
    return words_of([message["blocks"] for message in at.ours()])


def unanswered(at: Premises, method: str) -> list[Any]:
    return [call for call in at.slack.calls if call.method == method and not call.status]


def writes(at: Premises) -> list[tuple[str, str]]:
    return [(sent.method, sent.path) for sent in at.cluster.requests if sent.writes]


def after_write(at: Premises) -> Iterator[str]:
    """The paths read since something was written, in the order of the requests."""
    written = False
    for sent in at.cluster.requests:
        if written:
            yield sent.path
        written = written or sent.writes


async def audited(at: Premises) -> list[str]:
    """What the audit tells, in the order in which it happened."""
    async with open_store(f"sqlite:///{at.data / 'casebook.db'}") as store:
        entries = await store.audit.entries(since=datetime(2020, 1, 1, tzinfo=UTC), limit=50)
    return [entry.outcome for entry in reversed(entries)]
