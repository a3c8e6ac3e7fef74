"""Test failures of a remedy: the user learns what happened, whether anything changed, and what to do next.

Each failure has its own channel and objects, so that the channel shows everything its users get.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from bot.cli.process import configure_logging
from bot.diagnosing import Engine, engine_for
from bot.playground.kubernetes import RecordedRequest
from bot.settings import LogFormat, LogLevel
from bot.store import AuditEntry
from intents.catalog.loader import load
from tests.end_to_end import own_entries
from tests.end_to_end.workplace import UNPACED_ONCE, Workplace, is_final, lines_of, workplace

AUDIT = "C0AUDIT00"
WEBHOOK = (
    'admission webhook "freeze.acme.io" denied the request: no changes to production before Monday 06:00 UTC; ask the '
    "release manager in #freeze, or label the namespace freeze.acme.io/exempt=true with the number of the incident"
)
HTML = "<html><body>Please log in</body></html>"
NOTHING = "Nothing was changed."
PRESS_NOTHING = "Your button press changed nothing."
REFUSED = "Mend it: refused, nothing was changed"


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    loaded = load((own_entries.catalog(tmp_path_factory.mktemp("catalog")),))
    assert not loaded.problems
    return engine_for(loaded.catalog)


@dataclass(slots=True, kw_only=True, eq=False)
class Target:
    """A deployment without replicas in its own namespace, with its own channel."""

    at: Workplace
    name: str
    channel: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    dialog: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.name}/deployments/sleepy"

    async def asked(self) -> Target:
        text = f"deployment {self.name}/sleepy is fast asleep"
        self.answer = await self.at.answer(await self.at.slack.say(self.at.alex, self.channel, text), self.channel)
        return self

    async def press(self) -> str:
        """Press the button and return the text of the modal."""
        # Each bed has its own user, so that the modal belongs to it.
        self.dialog = await self.at.dialog(self.person, self.answer, self.channel)
        return shown(self.dialog)

    @property
    def person(self) -> str:
        return next(user["id"] for user in self.at.slack.users() if user["name"] == self.name)

    async def submit(self) -> str:
        """Submit the modal and return its text, "" if it closed."""
        delivered = await self.at.submit(self.person, self.dialog["id"])
        assert delivered.status == 200
        view = delivered.body.get("view") if isinstance(delivered.body, Mapping) else None
        return shown(view) if view else ""

    async def ended(self) -> str:
        """Return the record in the thread, posted last, or the answer itself: a fix is not repeated in its thread."""

        def found() -> str:
            answer = shown(self.at.slack.message(self.channel, self.answer["ts"]))
            return shown(self.said[1]) if self.said[1:] else answer if answer.startswith("✅ FIXED") else ""

        line = str(await self.at.slack.wait_for(found))
        await self.at.settled()
        assert line.splitlines()[0].split(" · ")[0] in shown(self.at.slack.message(self.channel, self.answer["ts"]))
        return line

    @property
    def said(self) -> list[dict[str, Any]]:
        return [one for one in self.at.ours(self.channel) if is_final(one)]

    @property
    def ephemerals(self) -> str:
        return "\n".join(shown(one) for one in self.at.slack.ephemerals(self.person))

    async def audited(self) -> list[str]:
        return [one.outcome for one in await self.entries()]

    async def entries(self) -> list[AuditEntry]:
        return [one for one in await self.at.audited() if one.channel == self.channel]

    @property
    def writes(self) -> int:
        return len([path for _, path in self.at.writes() if path == self.path])

    @property
    def replicas(self) -> int:
        """Return the replicas in the API server."""
        stored = self.at.cluster.store.get(table=("apps", "deployments"), namespace=self.name, name="sleepy")
        return int(stored["spec"]["replicas"]) if stored else -1

    def fail(self, method: str, **fault: Any) -> None:
        self.at.cluster.fail(path_prefix=self.path, method=method, **fault)

    def relabel(self) -> None:
        """Change a label, as another user would."""
        self._change(lambda stored: stored["metadata"].setdefault("labels", {}).update(touched="yes"))

    def move_on(self) -> None:
        """Change the status and with it the resource version."""
        self._change(lambda stored: stored.setdefault("status", {}).update(observedGeneration=1))

    def _change(self, edit: Callable[[dict[str, Any]], None]) -> None:
        stored = self.at.cluster.store.get(table=("apps", "deployments"), namespace=self.name, name="sleepy")
        changed = json.loads(json.dumps(stored))
        edit(changed)
        self.at.cluster.store.put(table=("apps", "deployments"), namespace=self.name, name="sleepy", obj=changed)

    def remove(self) -> None:
        self.at.cluster.store.remove(table=("apps", "deployments"), namespace=self.name, name="sleepy")


def shown(message: Mapping[str, Any]) -> str:
    return "\n".join(lines_of(message))


async def make_targets(at: Workplace, *names: str) -> list[Target]:
    """Create beds, each with its answer and its own user."""
    world = json.dumps(own_entries.asleep_deployment().broken.world)
    made = []
    for name in names:
        at.cluster.load(json.loads(world.replace('"bed"', f'"{name}"')))
        at.slack.add_user(name)
        made.append(Target(at=at, name=name, channel=at.slack.add_channel(name)))
    return await asyncio.gather(*(each.asked() for each in made))


async def by_name(those: Sequence[Target], do: Callable[[Target], Awaitable[str]]) -> dict[str, str]:
    """Collect a text from each bed concurrently."""
    return dict(zip((each.name for each in those), await asyncio.gather(*map(do, those)), strict=True))


def before_writes(at: Workplace, do: Mapping[str, Callable[[], None]]) -> None:
    """Run a function just before the API server handles a write to one of these paths."""

    def seen(request: RecordedRequest) -> None:
        if request.writes and request.path in do:
            do[request.path]()

    at.cluster.meanwhile = seen


def status(message: str, code: int) -> dict[str, Any]:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "code": code}


async def test_failure_before_the_modal_is_shown_there_with_advice(tmp_path, own_engine):
    async with workplace(tmp_path, own_engine, slack_limits=UNPACED_ONCE) as at:
        deleted, _, _, frozen, down, page, other, torn = told = await make_targets(
            at, "deleted", "forbidden", "unreadable", "frozen", "down", "page", "other", "torn"
        )
        deleted.remove()
        at.cluster.forbid(verb="patch", namespace="forbidden")
        at.cluster.forbid(verb="get", resource="deployments", namespace="unreadable")
        frozen.fail("PATCH", status=403, body=status(WEBHOOK, 403))
        failing = 'Internal error occurred: failed calling webhook "freeze.acme.io": context deadline exceeded'
        down.fail("PATCH", status=500, body=status(failing, 500))
        page.fail("GET", status=200, body=HTML, times=100)
        other.fail("GET", status=200, body={"result": "ok"}, times=100)
        torn.fail("PATCH", status=200, body={})

        says = await by_name(told, Target.press)

        assert all(each.dialog["submit"] is None and NOTHING in says[each.name] for each in told)
        assert "Deployment deleted/sleepy no longer exists; run the diagnosis again" in says["deleted"]
        assert "it needs patch on apps/deployments. Ask a cluster administrator to grant it" in says["forbidden"]
        assert "it needs get on apps/deployments. Ask a cluster administrator to grant it" in says["unreadable"]
        assert "An admission webhook of the cluster refuses this for Deployment frozen/sleepy" in says["frozen"]
        assert WEBHOOK in says["frozen"]
        assert "fix the webhook first" in says["down"]
        for garbage in ("page", "other", "torn"):
            assert "cannot be read or changed now" in says[garbage]
            assert "try again in a moment" in says[garbage]
            assert "is this a Kubernetes API server?" in says[garbage]
        assert [await each.audited() for each in told] == [
            [f"refused: {why}"]
            for why in (
                "deleted", "forbidden", "forbidden", "dry run refused", "dry run refused",
                "could not be checked", "could not be checked", "dry run refused",
            )
        ]  # fmt: skip
        [refusal] = await frozen.entries()
        assert refusal.detail["quote"] == WEBHOOK
        assert at.writes() == []


async def test_failure_after_confirmation_is_in_the_answer_the_thread_and_the_audit_log(tmp_path, own_engine):
    async with workplace(tmp_path, own_engine, slack_limits=UNPACED_ONCE, audit_channel=AUDIT) as at:
        at.slack.add_channel("audit", id=AUDIT)
        deleted, _, raced, busy, frozen = told = await make_targets(
            at, "deleted", "forbidden", "raced", "busy", "frozen"
        )
        assert [each.dialog["submit"]["text"] for each in told if await each.press()] == ["Scale workload"] * 5
        deleted.remove()
        at.cluster.forbid(verb="patch", namespace="forbidden")
        # A webhook that accepts dry runs, a change after the last read, and an object that never stops changing.
        frozen.fail("PATCH", status=403, body=status(WEBHOOK, 403))
        before_writes(at, {raced.path: raced.relabel, busy.path: busy.move_on})
        assert await asyncio.gather(*(each.submit() for each in told)) == [""] * 5
        ends = await by_name(told, Target.ended)

        assert all(REFUSED in end for end in ends.values())
        assert "Deployment deleted/sleepy no longer exists; run the diagnosis again" in ends["deleted"]
        assert "it needs patch on apps/deployments. Ask a cluster administrator to grant it" in ends["forbidden"]
        assert "Deployment raced/sleepy has changed since the preview" in ends["raced"]
        assert "Deployment busy/sleepy was changed or replaced meanwhile" in ends["busy"]
        assert all("so nothing was written to it; run the diagnosis again" in ends[one] for one in ("raced", "busy"))
        assert "the object has been modified" in ends["busy"]
        assert WEBHOOK in ends["frozen"]
        assert [await each.audited() for each in told] == [
            ["claimed", f"refused: {why}"] for why in ("deleted", "forbidden", "conflict", "conflict", "failed")
        ]
        assert [each.writes > 0 for each in told] == [False, True, True, True, True]
        assert [each.replicas for each in told] == [-1, 0, 0, 0, 0]
        auditors = [shown(one) for one in at.ours(AUDIT)]
        assert sorted(one.splitlines()[0] for one in auditors) == sorted(end.splitlines()[0] for end in ends.values())


async def test_write_with_a_lost_answer_is_reported_by_the_state_in_the_api_server(tmp_path, own_engine):
    async with workplace(tmp_path, own_engine, slack_limits=UNPACED_ONCE) as at:
        done, undone, unread, page, torn = told = await make_targets(at, "done", "undone", "unread", "page", "torn")
        await asyncio.gather(*(each.press() for each in told))
        done.fail("PATCH", reset=True, done=True)
        undone.fail("PATCH", reset=True)
        unread.fail("PATCH", reset=True, done=True)
        page.fail("PATCH", status=200, body=HTML)
        torn.fail("PATCH", status=200, body={})
        before_writes(at, {unread.path: lambda: at.cluster.forbid(verb="get", namespace="unread")})
        await asyncio.gather(*(each.submit() for each in told))
        ends = await by_name(told, Target.ended)

        assert "FIXED: the cause is gone" in ends["done"]
        for name in ("undone", "page", "torn"):
            assert REFUSED in ends[name]
            assert f"Deployment {name}/sleepy is unchanged: nothing was written; run the diagnosis again" in ends[name]
        assert "UNKNOWN whether it was applied: check the object before you retry" in ends["unread"]
        assert "Deployment unread/sleepy cannot be read: it may have been changed" in ends["unread"]
        assert not [end for end in ends.values() if "127.0.0.1" in end]
        assert [(await each.audited())[1:] for each in told] == [
            ["applied", "fixed"],
            ["refused: not written"],
            ["refused: outcome unknown"],
            ["refused: not written"],
            ["refused: not written"],
        ]
        # Never retried blindly.
        assert [each.writes for each in told] == [1] * 5
        assert [each.replicas for each in told] == [1, 0, 1, 0, 0]


async def test_late_button_press_gets_a_reason_and_advice(tmp_path, own_engine):
    async with workplace(tmp_path, own_engine, slack_limits=UNPACED_ONCE) as at:
        expired, withdrawn = told = await make_targets(at, "expired", "withdrawn")
        await asyncio.gather(*(each.press() for each in told))
        await at.slack.remove(at.alex, withdrawn.channel, withdrawn.answer["thread_ts"])
        await at.settled()
        at.clock.advance(timedelta(minutes=31))

        assert await expired.submit() == ""
        await at.settled()
        assert "This plan has expired. Run the diagnosis again" in expired.ephemerals
        assert PRESS_NOTHING in expired.ephemerals
        says = await expired.press()
        assert "This plan has expired. Run the diagnosis again" in says
        assert NOTHING in says
        assert await expired.audited() == ["refused: expired"] * 2

        says = await withdrawn.submit()
        assert "was deleted and its answer with it" in says
        assert "Run the diagnosis again" in says
        assert NOTHING in says
        assert [(one.outcome, one.actor) for one in await at.audited()][-1] == ("refused", withdrawn.person)
        assert at.writes() == []


@pytest.fixture
def logged_as_served() -> None:
    """Use the log format of `serve`: the developers' format takes seconds per failure."""
    configure_logging(level=LogLevel.ERROR, form=LogFormat.JSON)


@pytest.mark.usefixtures("logged_as_served")
async def test_internal_error_is_reported_where_the_user_waits(tmp_path, own_engine):
    async with workplace(tmp_path, own_engine, slack_limits=UNPACED_ONCE) as at:
        first, second = told = await make_targets(at, "first", "second")
        await second.press()
        for each in told:
            stored = at.cluster.store.get(table=("apps", "deployments"), namespace=each.name, name="sleepy") or {}
            # Invalid data from the API server: a number instead of an object.
            each.fail("GET", status=200, body={**stored, "spec": 7}, times=100)

        says = await first.press()
        assert "Casebook hit an internal error" in says
        assert "Press the button again in a moment" in says
        assert NOTHING in says
        assert first.dialog["submit"] is None

        await second.submit()
        end = await second.ended()
        assert "Mend it: failed, nothing was changed" in end
        assert "Casebook hit an internal error before it wrote anything. Run the diagnosis again" in end
        assert await second.audited() == ["claimed", "refused: could not be checked"]
        assert at.writes() == []


async def test_message_failures_in_slack_do_not_lose_the_result(tmp_path, own_engine):
    options: dict[str, Any] = {"audit_channel": AUDIT, "verify_within": 30}
    async with workplace(tmp_path, own_engine, slack_limits=UNPACED_ONCE, **options) as at:
        # The audit channel does not exist; the result is still reported in the thread.
        pasted, threadless, away = told = await make_targets(at, "pasted", "threadless", "away")
        await asyncio.gather(*(each.press() for each in told))
        removals: list[asyncio.Task[None]] = []

        def remove() -> None:
            paste = pasted.answer["thread_ts"]
            removals.append(asyncio.ensure_future(at.slack.remove(at.alex, pasted.channel, paste)))

        before_writes(at, {pasted.path: remove})
        for method, error in (("chat.update", "message_not_found"), ("chat.postMessage", "thread_not_found")):
            at.slack.fail(method, error=error, times=100, given={"channel": threadless.channel})
        # Slack fails when the plan is applied and when it has ended.
        for method, times in (("chat.update", 3), ("chat.postMessage", 1)):
            at.slack.fail(method, status=503, times=times, given={"channel": away.channel})
        await asyncio.gather(*(each.submit() for each in told))

        for each in (pasted, away):
            end = await each.ended()
            assert "FIXED: the cause is gone" in end
            assert f"by @{each.person}" in end
        direct = at.slack.open_im(threadless.person)
        [line] = [shown(one) for one in at.ours(direct)]
        assert "FIXED: the cause is gone · Deployment threadless/sleepy" in line
        assert await asyncio.gather(*(each.audited() for each in told)) == [["claimed", "applied", "fixed"]] * 3
        assert [each.writes for each in told] == [1] * 3
        untold = [each.ephemerals for each in told if each.ephemerals]
        assert len(untold) == 1
        assert "The audit channel could not be notified; the audit itself is complete" in untold[0]
        await asyncio.gather(*removals)
