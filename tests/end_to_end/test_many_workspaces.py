"""Test one app in several workspaces: they install and uninstall it, and nothing crosses from one to another."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from yarl import URL

from bot.app import RunningApp
from bot.app.configured_files import WorkspaceFiles
from bot.common.encryption import new_key
from bot.diagnosing import Engine
from bot.policy.strict_yaml import FileError
from bot.settings import serve_problems, variable
from responses.slack.presses import Press
from tests.end_to_end.company import EAST, FULL_POLICY, ONE, ORG, OTHER, WEST, Company, Office, begun, company, ended
from tests.end_to_end.process import Program, first_line_of
from tests.end_to_end.test_alerts_webhook import alert, group
from tests.end_to_end.workplace import Broken, broken_case, pressable, submitted, words_of
from tests.slack_administration import revoke_token
from tests.waiting import until


@pytest.fixture
def pulls_again(engine: Engine) -> Broken:
    return broken_case(
        engine, "image-pull-failed", "the registry did not answer, and does again; a restart skips the back-off"
    )


async def ready(app: RunningApp) -> dict[str, Any]:
    async with aiohttp.ClientSession() as client, client.get(f"{app.url}/readyz") as page:
        found: dict[str, Any] = await page.json()
        return found


def writes(at: Company) -> list[str]:
    return [sent.path for sent in at.cluster.requests if sent.writes and not sent.path.endswith("/events")]


async def test_workspaces_and_an_organisation_install_the_app_and_are_answered(
    tmp_path: Path, engine: Engine, pulls_again: Broken
) -> None:
    async with company(tmp_path, engine, pulls_again.world) as at:
        async with at.serving() as app:
            for team in (ONE, OTHER, EAST):
                status, page = await at.install(app, team)
                assert (status, "is installed in" in page) == (200, True), page
            assert app.workspaces is not None
            assert set(app.workspaces.ids) == {ONE, OTHER, ORG}
            for team in (ONE, OTHER, EAST):
                office = at.offices[team]
                answer = await office.answer(await office.paste(pulls_again.text))
                assert "checkout" in words_of(answer["blocks"])
        # The next process serves them without an installation, and all by one socket.
        token = type(at.settings.encryption_keys)(at.slack.app_token)
        async with at.serving(slack_app_token=token):
            at.slack.deliver_to(None)
            for team in (ONE, WEST, EAST):
                office = at.offices[team]
                await office.answer(await office.paste(f"{pulls_again.text}\nand again"))


async def test_nothing_crosses(tmp_path: Path, engine: Engine, pulls_again: Broken) -> None:
    """Users and channels have the same ids in both workspaces: only the workspace tells them apart."""
    async with company(tmp_path, engine, pulls_again.world) as at:
        (at.files_of(OTHER) / "policy.yaml").write_text("reading: []\n", encoding="utf-8")
        one, other = at.offices[ONE], at.offices[OTHER]
        assert (one.user, one.channel) == (other.user, other.channel)
        async with at.serving() as app:
            await at.install(app, ONE)
            await at.install(app, OTHER)
            answer = await one.answer(await one.paste(pulls_again.text))
            seen = await other.answer(await other.paste(pulls_again.text))
            # policy: the other workspace gets the text's answer, nothing from the cluster and no button
            assert "CONFIRMED" in words_of(answer["blocks"]) or "LIKELY" in words_of(answer["blocks"])
            assert "kz9wp" not in words_of([block for block in seen["blocks"] if "CONFIRMED" in str(block)])
            assert str(Press.REMEDY) not in json.dumps(seen["blocks"])
            # buttons: the same press, signed by Slack, in the name of the other workspace
            button = pressable(answer, Press.REMEDY)
            await _press_as(at, other, button, seen)
            assert not other.slack.views(other.user) or "⏳" not in str(other.slack.views(other.user)[-1])
            assert not writes(at)
            # mutes
            await one.slack.slash(one.user, one.channel, "mute image-pull-failed")
            await one.slack.wait_for(lambda: one.slack.ephemerals(one.user))
            again = await other.paste(f"again: {pulls_again.text}")
            assert await other.answer(again)
            # incidents: both have a channel with this id and name
            for office in (one, other):
                office.slack.add_channel("inc-7", id="C0INC70000")
            await one.slack.say(one.user, "C0INC70000", "impact: EU card payments fail")
            await other.slack.say(other.user, "C0INC70000", "impact: printers are on fire")
            await _ask_until_told(one, "card payments")
            await _ask_until_told(other, "printers")
            assert "printers" not in _told(one)
            assert "card payments" not in _told(other)
            # remedies
            await one.slack.click(one.user, one.channel, answer["ts"], button["action_id"])
            views = await one.slack.wait_for(
                lambda: [view for view in one.slack.views(one.user) if "⏳" not in words_of(view["blocks"])]
            )
            await submitted(one.slack, one.user, views[-1]["id"])
            await until(lambda: writes(at))
            await app.jobs.idle(20)
            # the audit, and all that was stored
            assert app.workspaces is not None
            stores = {team: app.workspaces.served(team).store for team in (ONE, OTHER)}  # type: ignore[union-attr]
            since = at.clock() - timedelta(hours=1)
            assert {entry.team for entry in await stores[ONE].audit.entries(since=since, limit=99)} == {ONE}
            theirs = [(entry.team, entry.outcome) for entry in await stores[OTHER].audit.entries(since=since, limit=99)]
            assert theirs == [(OTHER, "refused")]
            assert await app.store.requests.get(f"{ONE}.{one.channel}.{answer['thread_ts']}") is None
            assert await stores[OTHER].requests.get(f"{ONE}.{one.channel}.{answer['thread_ts']}") is None
            assert await stores[ONE].requests.get(f"{ONE}.{one.channel}.{answer['thread_ts']}") is not None


async def test_a_state_is_accepted_once_from_its_browser_and_a_link_cannot_ask_for_more(
    tmp_path: Path, engine: Engine
) -> None:
    async with (
        company(tmp_path, engine) as at,
        at.serving() as app,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser,
    ):
        location, cookie = await begun(browser, app)
        query = at.slack.allow(location, team=ONE)
        status, page = await ended(browser, app, query)
        assert (status, "browser" in page) == (400, True)
        assert (await ended(browser, app, query, cookie=cookie))[0] == 200
        status, page = await ended(browser, app, query, cookie=cookie)
        assert (status, "used before" in page) == (401, True)
        forged = query.replace("state=", "state=x")
        assert (await ended(browser, app, forged, cookie=cookie.replace("state=", "state=x")))[0] == 401
        for odd in ("", "state=", "code=1", "error=access_denied", "error=%3Cscript%3E", "state=a.b.c&code=%00"):
            status, page = await ended(browser, app, odd, cookie="slack-app-oauth-state=a.b.c")
            assert status < 500, odd
            assert "<script" not in page
        location, cookie = await begun(browser, app)
        wrong = at.slack.allow(location, team=ONE).replace("code=", "code=x")
        status, page = await ended(browser, app, wrong, cookie=cookie)
        assert status == 401

        async def asked_for(query: str, **sent: Any) -> str:
            url = URL(f"{app.url}/slack/install{query}", encoded=True)
            async with browser.get(url, allow_redirects=False, **sent) as page:
                assert page.status == 302
                return page.headers["Location"].replace(
                    page.headers["Set-Cookie"].partition("=")[2].partition(";")[0], ""
                )

        usual = await asked_for("")
        for query in (
            "?team=T1%26user_scope=admin",
            "?team=T1%26redirect_uri=https://evil.example",
            "?team=%0d%0aX:%20y",
        ):
            assert await asked_for(query) == usual
        assert await asked_for("", data=b"\xff", headers={"Content-Type": "text/plain; charset=odd"}) == usual


async def test_a_workspace_that_is_not_listed_is_refused_and_its_token_given_back(
    tmp_path: Path, engine: Engine
) -> None:
    async with company(tmp_path, engine) as at, at.serving() as app:
        for file in at.files_of(OTHER).iterdir():
            file.unlink()
        at.files_of(OTHER).rmdir()
        status, page = await at.install(app, OTHER)
        assert (status, OTHER in page) == (403, True)
        assert [call.method for call in at.offices[OTHER].slack.calls][-1] == "auth.revoke"
        ts = await at.offices[OTHER].paste("0/4 nodes are available: 4 Insufficient memory.")
        await asyncio.sleep(0.3)
        assert not at.offices[OTHER].answers(ts)
        # A directory for all others lets it in.
        default = at.files_of("default")
        (default / "policy.yaml").write_text(FULL_POLICY, encoding="utf-8")
        assert (await at.install(app, OTHER))[0] == 200


async def test_uninstalled_data_is_deleted_when_it_is_due_and_kept_for_who_comes_back(
    tmp_path: Path, engine: Engine, pulls_again: Broken
) -> None:
    async with company(tmp_path, engine, pulls_again.world) as at, at.serving() as app:
        await at.install(app, ONE)
        await at.install(app, OTHER)
        one, served = at.offices[ONE], app.workspaces
        assert served is not None
        answered = await one.paste(pulls_again.text)
        await one.answer(answered)
        at.slack.uninstall(ONE)
        await until(lambda: ONE not in served.ids)
        ts = await one.paste(pulls_again.text)
        await asyncio.sleep(0.2)
        assert not one.answers(ts)
        # It comes back: what was kept is there.
        assert (await at.install(app, ONE))[0] == 200
        store = served.served(ONE)
        assert store is not None
        assert await store.store.answers.get(f"{ONE}.{one.channel}.{answered}") is not None
        at.slack.uninstall(ONE)
        await until(lambda: ONE not in served.ids)
        at.clock.advance(timedelta(days=31))
        file = at.settings.data / "workspaces" / f"{ONE}.db"
        await until(lambda: not file.exists())
        assert OTHER in served.ids
        while await app.store.installations.get(ONE):  # noqa: ASYNC110 - the store has no event
            await asyncio.sleep(0.05)
        entries = await app.store.audit.entries(since=at.clock() - timedelta(hours=1), limit=9)
        assert [(entry.action, entry.target) for entry in entries] == [("delete_workspace", ONE)]


async def test_tokens_are_renewed_before_they_end(tmp_path: Path, engine: Engine, pulls_again: Broken) -> None:
    async with company(tmp_path, engine, pulls_again.world, rotates=True) as at, at.serving() as app:
        await at.install(app, ONE)
        one = at.offices[ONE]
        former = one.slack.bot_token
        at.clock.advance(timedelta(hours=11))
        await until(lambda: one.slack.bot_token != former)
        await one.answer(await one.paste(pulls_again.text))
        kept = await app.store.installations.get(ONE)
        assert kept is not None
        assert one.slack.bot_token.encode() not in kept.tokens


async def test_a_lost_key_deletes_nothing(tmp_path: Path, engine: Engine, pulls_again: Broken) -> None:
    async with company(tmp_path, engine, pulls_again.world) as at:
        async with at.serving() as app:
            await at.install(app, ONE)
        key = at.settings.encryption_keys.get_secret_value()
        lost = type(at.settings.encryption_keys)(new_key())
        async with at.serving(encryption_keys=lost) as app:
            found = await ready(app)
            assert "CASEBOOK_ENCRYPTION_KEYS" in found["notes"][ONE]
            assert await app.store.installations.get(ONE) is not None
        # A new key before the former one: both are read.
        async with at.serving(encryption_keys=type(lost)(f"{new_key()},{key}")):
            one = at.offices[ONE]
            await one.answer(await one.paste(pulls_again.text))


async def test_programs_and_alertmanager_ask_one_workspace(tmp_path: Path, engine: Engine, pulls_again: Broken) -> None:
    async with company(tmp_path, engine, pulls_again.world) as at:
        one = at.offices[ONE]
        digest = hashlib.sha256(b"s3cret-of-one").hexdigest()
        files = at.files_of(ONE)
        (files / "api-tokens.yaml").write_text(
            f"[{{name: ci, token_sha256: {digest}, subject: {{user: {one.user}}}}}]\n", encoding="utf-8"
        )
        (files / "alert-routes.yaml").write_text(f"[{{channel: {one.channel}}}]\n", encoding="utf-8")
        (files / "alerts-token").write_text("alerts-of-one\n", encoding="utf-8")
        async with at.serving() as app, aiohttp.ClientSession() as client:
            await at.install(app, ONE)
            await at.install(app, OTHER)

            async def status(path: str, token: str, body: object = None) -> int:
                headers = {"Authorization": f"Bearer {token}"}
                method = "GET" if body is None else "POST"
                async with client.request(method, f"{app.url}{path}", headers=headers, json=body) as page:
                    return page.status

            asked = {"kind": "pod", "namespace": "front", "name": "checkout-6f4d8b7c5-kz9wp"}
            assert await status(f"/w/{ONE}/v1/diagnose", "s3cret-of-one", asked) == 200
            assert await status(f"/w/{ONE}/v1/incidents", "wrong") == 401
            alerts = group(alert("front-7d9f8b6c54-bbbbb"))
            assert await status(f"/w/{ONE}/alerts", "alerts-of-one", alerts) == 200
            assert await status(f"/w/{ONE}/alerts", "wrong", alerts) == 401
            # Neither is there for the other workspace, nor at the top, where one workspace has them.
            for place in (f"/w/{OTHER}", "/w/T0NOBODY00", ""):
                assert await status(f"{place}/v1/incidents", "s3cret-of-one") == 404, place
                assert await status(f"{place}/alerts", "alerts-of-one", alerts) == 404, place

            # A token that is revoked in the middle of an answer harms nobody else.
            other = at.offices[OTHER]
            await one.paste(pulls_again.text)
            revoke_token(one.slack)
            await other.answer(await other.paste(pulls_again.text))
            await until(lambda: app.workspaces is not None and ONE in app.workspaces.notes())
            assert (await ready(app))["status"] == "ready"


async def test_the_command_serves_them_and_says_how_many(tmp_path: Path, engine: Engine) -> None:
    async with company(tmp_path, engine) as at:
        async with at.serving() as app:
            await at.install(app, ONE)
        program, given = Program.of_checkout(), at.settings
        secret = {
            name: getattr(given, name).get_secret_value()
            for name in ("slack_client_secret", "slack_signing_secret", "encryption_keys")
        }
        plain = {name: str(getattr(given, name)) for name in ("slack_client_id", "slack_api_url", "workspaces", "data")}
        settings = {variable(name): value for name, value in {**secret, **plain, "listen": given.listen}.items()}

        environment = {**program.environment, "KUBECONFIG": str(at.kubeconfig), **settings}
        line = await first_line_of("serve", environment=environment)
        assert "serving 1 workspace over HTTP" in line, line
        policy = at.files_of(ONE) / "policy.yaml"
        (problem,) = serve_problems(given.model_copy(update={"policy": policy}))
        assert "CASEBOOK_POLICY is for one workspace" in problem


async def test_what_fails_for_one_workspace_harms_no_other(tmp_path: Path, engine: Engine, pulls_again: Broken) -> None:
    async with company(tmp_path, engine, pulls_again.world, rotates=True) as at:
        other = at.offices[OTHER]
        async with at.serving() as app:
            for team in (ONE, OTHER, EAST):
                await at.install(app, team)
            at.slack.uninstall(ONE)
            await until(lambda: app.workspaces is not None and ONE not in app.workspaces.ids)
        # The data of one cannot be deleted, and a file of another cannot be read.
        file = at.settings.data / "workspaces" / f"{ONE}.db"
        file.unlink()
        file.mkdir()
        (at.files_of(ORG) / "alerts-token").write_bytes(b"\xff-a-secret")
        at.clock.advance(timedelta(days=31))
        async with at.serving() as app:
            await until(lambda: other.slack.bot_token.startswith("xoxe.") and app.workspaces is not None)
            former = other.slack.bot_token
            at.clock.advance(timedelta(hours=11))
            await until(lambda: other.slack.bot_token != former)
            await other.answer(await other.paste(pulls_again.text))
            notes = (await ready(app))["notes"]
            assert "alerts-token" in notes[ORG]
            assert "a-secret" not in str(notes)
            assert (await app.store.installations.get(ONE)) is not None


async def test_only_ids_of_slack_name_a_directory_and_shared_credentials_are_refused(
    tmp_path: Path, engine: Engine
) -> None:
    async with company(tmp_path, engine) as at:
        default = at.files_of("default")
        files = WorkspaceFiles(directory=default.parent)
        assert files.allows("T0999ZZZZ")
        assert not any(map(files.allows, ("..", ".", "", "None", "default", "T0/../x")))
        for name in ("alerts-token", "api-tokens.yaml"):
            (default / name).write_text("[]", encoding="utf-8")
            with pytest.raises(FileError, match="would open all workspaces"):
                files.settings("T0999ZZZZ", at.settings)
            files.settings(ONE, at.settings)
            (default / name).unlink()


def _told(office: Office) -> str:
    """Return all that the app said in the incident channel or to the person."""
    said = [each for each in office.slack.messages("C0INC70000") if each.get("bot_id") == office.slack.bot_id]
    return json.dumps([said, office.slack.ephemerals(office.user)])


async def _ask_until_told(office: Office, words: str) -> None:
    """Ask for the summary again and again: the first time the message may not have been read yet."""
    async with asyncio.timeout(60):
        while words not in _told(office):
            await office.slack.slash(office.user, "C0INC70000", "summary")
            await asyncio.sleep(0.5)


async def _press_as(at: Company, office: Office, button: dict[str, Any], answer: dict[str, Any]) -> None:
    """Press a button of another workspace's answer in the name of this one."""
    identity = office.slack.state.identity
    payload = {
        "type": "block_actions",
        "team": {"id": identity.team_id, "domain": identity.domain},
        "user": {"id": office.user, "username": "alex", "name": "alex", "team_id": identity.team_id},
        "api_app_id": identity.app_id,
        "token": identity.verification_token,
        "trigger_id": "1.2.forged",
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": office.channel, "name": "general"},
        "container": {"type": "message", "message_ts": answer["ts"], "channel_id": office.channel},
        "message": {**answer, "text": answer["text"]},
        "response_url": "",
        "actions": [{**button, "block_id": "b", "action_ts": "1.2", "type": "button"}],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = office.slack.sign(body) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await office.slack.send_raw(body, headers)).status == 200
