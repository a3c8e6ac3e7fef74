"""A silence by the button below a post about alerts: as the policy allows, once, audited, and shown in the post."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from bot.playground.alertmanager import SimulatedSilences
from bot.policy import Policy
from bot.policy.model import Rules
from responses.slack.presses import Press
from tests.end_to_end.test_alerts_webhook import TILL, TO_CHANNEL, TOKEN, alert, deliver, group, post_with, resolved
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import Workplace, buttons_of, lines_of, words_of, workplace

BEARER = "silencer-bearer-of-the-tests"
SECRET = "hunter2-" + "x7Kq9" * 4
EVERYWHERE = {"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}


@dataclass(slots=True, kw_only=True)
class Silencer(SimulatedSilences):
    """An Alertmanager with faults: `fails` is the status of its next answers, `lost` loses those to POST."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    fails: int = 0
    lost: bool = False

    @web.middleware
    async def answer(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.tokens.add(request.headers.get("Authorization", ""))
        if self.fails:
            moved = {"Location": "http://127.0.0.1:9/elsewhere"} if self.fails == 302 else {}
            return web.json_response({"code": self.fails, "message": "broken"}, status=self.fails, headers=moved)
        response: web.StreamResponse = await handler(request)
        if self.lost and request.method == "POST":
            assert request.transport is not None
            request.transport.close()
        return response

    def active(self) -> list[dict[str, Any]]:
        return [one for one in self.shown() if one["status"]["state"] == "active"]


@asynccontextmanager
async def silencer() -> AsyncIterator[Silencer]:
    kept = Silencer()
    await kept.start()
    try:
        yield kept
    finally:
        await kept.stop()


@asynccontextmanager
async def silencing(tmp_path: Any, engine: Any, **options: Any) -> AsyncIterator[tuple[Workplace, Silencer]]:
    async with (
        silencer() as kept,
        workplace(
            tmp_path,
            engine,
            SCENE,
            alert_routes=TO_CHANNEL,
            alerts_token=TOKEN,
            alertmanager_url=kept.url,
            alertmanager_token=BEARER,
            **options,
        ) as at,
    ):
        yield at, kept


async def posted(at: Workplace) -> dict[str, Any]:
    await deliver(at, group(*map(alert, TILL)))
    return await post_with(at, "6 alerts firing")


def button(post: dict[str, Any], press: Press) -> dict[str, Any] | None:
    return next((one for one in buttons_of(post["blocks"]) if one.get("action_id") == press), None)


async def press(at: Workplace, user: str, post: dict[str, Any], what: Press) -> None:
    found = button(post, what)
    assert found is not None
    await at.slack.click(user, at.channel, post["ts"], found["action_id"], value=found["value"])


async def dialog(at: Workplace, user: str, post: dict[str, Any]) -> dict[str, Any]:
    before = {view["id"] for view in at.slack.views(user)}
    await press(at, user, post, Press.SILENCE)
    return await at.opened(user, before)


def typed(why: str = "planned work", minutes: str = "120") -> dict[str, dict[str, str]]:
    return {Press.SILENCE_FOR: {Press.SILENCE_FOR: minutes}, Press.SILENCE_WHY: {Press.SILENCE_WHY: why}}


def submission(at: Workplace, user: str, view: dict[str, Any]) -> dict[str, Any]:
    """Return the submission of a dialog as if it came from this user."""
    values = {block: {key: {"value": value} for key, value in each.items()} for block, each in typed("again").items()}
    return {
        "type": "view_submission",
        "team": {"id": at.slack.team_id},
        "user": {"id": user},
        "api_app_id": at.slack.app_id,
        "view": {**view, "state": {"values": values}},
    }


async def refusals(at: Workplace, user: str) -> list[str]:
    await at.settled()
    return [words_of(one["blocks"]) for one in at.slack.ephemerals(user)]


async def test_alerts_are_silenced_shown_and_the_silence_is_ended(tmp_path, engine):
    async with silencing(tmp_path, engine) as (at, kept):
        post = await posted(at)
        view = await dialog(at, at.bo, post)
        shown = words_of(view["blocks"])
        assert 'alertname="KubePodNotReady"' in shown
        assert 'namespace="till"' in shown

        await at.submit(at.bo, view["id"], typed(f"new config, DB_PASSWORD={SECRET} <!channel>"))
        silenced = await post_with(at, "Silenced until")
        assert at.bo in "\n".join(lines_of(silenced))
        (one,) = kept.active()
        sent = {each["name"]: each["value"] for each in one["matchers"]}
        assert sent == {"alertname": "KubePodNotReady", "namespace": "till"}
        assert all(each["isEqual"] and not each["isRegex"] for each in one["matchers"])
        assert one["createdBy"] == "bo"
        assert "new config" in one["comment"]
        assert SECRET not in json.dumps(kept.silences) + "\n".join(lines_of(silenced))
        assert kept.tokens == {f"Bearer {BEARER}"}

        # The same submission again makes no second silence.
        assert (await at.send(submission(at, at.bo, view))).ok
        await at.settled()
        assert len(kept.silences) == 1

        await press(at, at.alex, silenced, Press.SILENCE_END)
        ended = await post_with(at, "ended by")
        assert at.alex in "\n".join(lines_of(ended))
        assert button(ended, Press.SILENCE) is not None
        assert kept.active() == []
        entries = [entry for entry in await at.audited() if entry.action == "silence-alerts"]
        assert [(entry.actor, entry.outcome) for entry in entries] == [(at.bo, "silenced"), (at.alex, "ended")]
        assert entries[0].detail["matchers"] == ['alertname="KubePodNotReady"', 'namespace="till"']
        assert (await scraped(at)).of("casebook_silences_total", outcome="silenced") == 1

        await deliver(at, group(*(resolved(alert(pod)) for pod in TILL)))
        closed = await post_with(at, "Resolved after")
        assert at.bo in "\n".join(lines_of(closed))
        assert button(closed, Press.SILENCE) is None
    for file in (tmp_path / "data").iterdir():
        content = file.read_bytes()
        assert SECRET.encode() not in content
        assert BEARER.encode() not in content


async def test_two_people_who_silence_at_once_make_one_silence(tmp_path, engine):
    async with silencing(tmp_path, engine) as (at, kept):
        post = await posted(at)
        views = {user: (await dialog(at, user, post))["id"] for user in (at.bo, at.alex)}
        await asyncio.gather(*(at.submit(user, view, typed()) for user, view in views.items()))
        await post_with(at, "Silenced until")
        assert len(await refusals(at, at.bo) + await refusals(at, at.alex)) == 1
        assert [method for method, _ in kept.requests].count("POST") == 1


async def test_a_lost_answer_makes_no_second_silence(tmp_path, engine):
    async with silencing(tmp_path, engine) as (at, kept):
        post = await posted(at)
        kept.lost = True
        await at.submit(at.bo, (await dialog(at, at.bo, post))["id"], typed())
        await post_with(at, "Silenced until")
        assert len(kept.silences) == 1


def _told(at: Workplace, times: int) -> bool:
    return len(at.slack.ephemerals(at.bo)) == times


async def test_what_alertmanager_refuses_is_said_and_not_recorded(tmp_path, engine):
    async with silencing(tmp_path, engine) as (at, kept):
        post = await posted(at)
        for number, status in enumerate((302, 400, 401, 500), 1):
            view = await dialog(at, at.bo, post)
            kept.fails = status
            await at.submit(at.bo, view["id"], typed())
            await at.slack.wait_for(partial(_told, at, number))
            kept.fails = 0
        said = await refusals(at, at.bo)
        assert all("Alertmanager" in one for one in said)
        assert "Silenced" not in str([lines_of(one) for one in at.ours()])
        assert kept.silences == {}
        assert {path for _, path in kept.requests} == {"/api/v2/silences"}
        entries = [entry for entry in await at.audited() if entry.action == "silence-alerts"]
        assert [entry.outcome for entry in entries] == ["not silenced"] * 4

        # It may be tried again at once.
        await at.submit(at.bo, (await dialog(at, at.bo, at.ours()[0]))["id"], typed())
        await post_with(at, "Silenced until")


def granted(*users: str, actions: tuple[str, ...] = ("silence-alerts",), **where: Any) -> Policy:
    area = {**EVERYWHERE, **where}
    acting = {"acting": [{**area, "users": [*users], "actions": [*actions]}]} if users else {}
    return Policy(
        rules=Rules.model_validate(
            {"reading": [{**EVERYWHERE, "channels": ["*"]}], "remediation": [EVERYWHERE], **acting}
        )
    )


@pytest.mark.parametrize(
    "policy",
    [granted(), granted("*", actions=("restart-pod",)), granted("*", namespaces=["shop"], cluster_scoped=False)],
    ids=["nobody", "another action", "another namespace"],
)
async def test_without_the_right_nobody_silences(tmp_path, engine, policy):
    async with silencing(tmp_path, engine, policy=policy) as (at, kept):
        post = await posted(at)
        await press(at, at.bo, post, Press.SILENCE)
        await at.slack.wait_for(lambda: at.slack.ephemerals(at.bo))
        assert at.slack.views(at.bo) == []
        found = button(post, Press.SILENCE)
        assert found is not None
        forged = {"id": "V0000000009", "type": "modal", "callback_id": "silence"}
        forged["private_metadata"] = f"{found['value']}:00"
        assert (await at.send(submission(at, at.bo, forged))).ok
        await at.settled()
        assert kept.requests == []
        refused = [entry for entry in await at.audited() if entry.outcome == "refused"]
        assert {entry.actor for entry in refused} == {at.bo}
        assert len(refused) == 2


async def test_guests_never_silence_and_the_granted_do(tmp_path, engine):
    async with silencing(tmp_path, engine, policy=granted("*", namespaces=["till"], cluster_scoped=False)) as (
        at,
        kept,
    ):
        post = await posted(at)
        await press(at, at.guest, post, Press.SILENCE)
        await at.settled()
        assert at.slack.views(at.guest) == []
        await at.submit(at.bo, (await dialog(at, at.bo, post))["id"], typed())
        await post_with(at, "Silenced until")
        assert len(kept.silences) == 1


async def test_a_dialog_silences_only_what_it_showed(tmp_path, engine):
    async with silencing(tmp_path, engine) as (at, kept):
        post = await posted(at)
        view = await dialog(at, at.bo, post)
        # Another kind of alert about the same cause joins the post while the dialog is open.
        other = alert("", name="KubeDeploymentReplicasMismatch")
        other["labels"] = {"alertname": "KubeDeploymentReplicasMismatch", "namespace": "till", "deployment": "back"}
        await deliver(at, group(other))
        await post_with(at, "7 alerts firing")
        await at.submit(at.bo, view["id"], typed())
        await at.settled()
        assert kept.silences == {}
        again = await dialog(at, at.bo, at.ours()[0])
        assert "KubeDeploymentReplicasMismatch|KubePodNotReady" in words_of(again["blocks"])


async def test_there_is_no_button_without_an_alertmanager(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        assert button(await posted(at), Press.SILENCE) is None
