"""Plant credentials where a plan could keep them: the databases hold none, and no plan writes an altered value."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import engine_for
from bot.store import StoredRequest
from intents.catalog.loader import load
from tests.end_to_end.planted import files_in
from tests.end_to_end.test_values import filled, opened
from tests.end_to_end.workplace import Workplace, buttons_of, words_of, workplace
from tests.waiting import until

Json = dict[str, Any]
KEY = "AKIAIOSFODNN7EXAMPLE"
PASSWORD = "Zq8vTr5wXk2m"
SECRETS = (KEY, PASSWORD)
WEB = {"kind": "Deployment", "namespace": "shop", "name": "web"}
PATH = "/apis/apps/v1/namespaces/shop/deployments/web"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Workplace]:
    entries = tmp_path / "catalog"
    entries.mkdir()
    (entries / "refused-setting.yaml").write_text(json.dumps(_entry()), encoding="utf-8")
    async with workplace(tmp_path, engine_for(load([entries]).catalog), _world()) as at:
        yield at


async def test_plan_that_was_named_by_the_cluster_is_stored_without_credentials_and_applied(at: Workplace) -> None:
    answer = await _asked(at)

    labels = [words_of(button) for button in buttons_of(answer["blocks"])]
    assert any("Restart" in label for label in labels)
    # This remedy would write a credential.
    assert [label for label in labels if "Copy" in label] == []
    plans = _documents(at)
    assert plans
    assert _leaks(at) == []
    # The values around them are kept, so that the cause can be judged again.
    assert any("beside" in document for document in plans)

    dialog = await opened(at, answer, "Restart", user=at.bo)
    await at.submit(at.bo, dialog["id"])
    await until(lambda: at.writes() == [("PATCH", PATH)])
    await at.settled()
    assert _leaks(at) == []


async def test_typed_credential_is_refused_at_its_input_and_never_stored(at: Workplace) -> None:
    answer = await _asked(at)
    asked = await opened(at, answer, "Note", user=at.bo)

    await at.slack.submit(at.bo, asked["id"], {"note": {"note": f"password={PASSWORD}"}})
    await at.settled()
    assert "looks like a secret" in str(at.slack.views(at.bo)[-1]["errors"])
    assert _leaks(at) == []

    await at.slack.submit(at.bo, asked["id"], {"note": {"note": "plain words"}})
    await filled(at, at.bo, having="plain words")
    await at.submit(at.bo, asked["id"])
    await until(lambda: at.writes() == [("PATCH", PATH)])


CHAT = ["lunch at noon?", "my neighbour Xaver Ypsilon paints boats"]


async def test_of_a_paste_only_the_symptoms_are_kept_after_its_answer_and_of_chat_nothing(at: Workplace) -> None:
    error = "the operator refused the setting 'x' for good"
    await at.slack.say(at.bo, at.channel, "zebra crossing tomorrow")
    text = "\n".join([CHAT[1], error, "on pod shop/web-1", CHAT[0]])
    ts = await at.slack.say(at.alex, at.channel, text)
    await at.answer(ts)
    await at.settled()

    (kept,) = [part async for part in _parts(at)]
    assert kept == f"{error}\non pod shop/web-1"
    assert _found(at, *CHAT, "zebra") == []

    # An edit that changes nothing after the answer is no new question.
    await at.slack.edit(at.alex, at.channel, ts, text)
    await at.settled()
    assert [each.revision async for each in _requests(at)] == [1]


async def test_deleting_a_message_deletes_what_was_kept_of_it(at: Workplace) -> None:
    """Also what the records of jobs have of a command."""
    ts = await at.slack.say(at.alex, at.channel, "the operator refused the setting 'quagga-1' for good in shop/web")
    await at.answer(ts)
    await at.settled()
    assert _found(at, "quagga")

    await at.slack.remove(at.alex, at.channel, ts)
    await until(lambda: not at.answers(ts))
    await at.settled()

    # The row of an accepted job is deleted a moment after its start.
    await until(lambda: not _rows_with(at, "quagga"))

    ts = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> incident quagga")
    await at.slack.wait_for(lambda: at.answers(ts))
    await at.settled()
    assert _rows_with(at, "quagga")

    await at.slack.remove(at.alex, at.channel, ts)
    await until(lambda: not _rows_with(at, "quagga"))


async def _requests(at: Workplace) -> AsyncIterator[StoredRequest]:
    with closing(sqlite3.connect(at.settings.data / "casebook.db")) as connection:
        ids = [row[0] for row in connection.execute("SELECT id FROM requests")]
    for id in ids:
        if (found := await at.app.store.requests.get(id)) is not None:
            yield found


async def _parts(at: Workplace) -> AsyncIterator[str]:
    async for request in _requests(at):
        for text in request.parts.values():
            yield text


def _found(at: Workplace, *words: str) -> list[str]:
    """Return the words that a row of either database holds."""
    return [word for word in words if _rows_with(at, word)]


def _rows_with(at: Workplace, word: str) -> list[str]:
    found = []
    for file in at.settings.data.glob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            found += [f"{file.name}: {line[:200]}" for line in connection.iterdump() if word in line]
    return found


async def _asked(at: Workplace) -> Json:
    channel = at.channel
    await at.slack.slash(at.alex, channel, "deployment shop/web")
    (answer,) = await at.slack.wait_for(
        lambda: [one for one in at.ours(channel) if any("Restart" in words_of(each) for each in buttons_of(one))]
    )
    await at.settled()
    return dict(answer)


def _documents(at: Workplace) -> list[str]:
    with closing(sqlite3.connect(next(at.settings.data.glob("casebook*.db")))) as connection:
        return [row[0] for row in connection.execute("SELECT document FROM plans")]


def _leaks(at: Workplace) -> list[str]:
    """Return each secret that is in a file of the bot or in a call to Slack, with the place."""
    said = json.dumps([dict(call.arguments) for call in at.slack.calls]).encode()
    outputs = files_in(at.settings.data) | {"Slack": said}
    return [f"{each} in {name}" for name, content in outputs.items() for each in SECRETS if each.encode() in content]


def _entry() -> Json:
    text = "the operator refused the setting <value> for good"
    example = text.replace("<value>", "'x'")
    target = {"kind": "Deployment", "namespace": "shop", "name": "web"}
    annotate = {"action": "annotate", "target": target, "only_if": ["seen"]}
    return {
        "id": "refused-setting", "status": "stable", "strongest": "confirmed", "severity": "warning",
        "title": _both("A setting was refused"), "about": ["deployment"], "kinds": ["Deployment"],
        "signatures": [text],
        "reads": {"all": {"probe": "objects", "args": {"kind": "Deployment", "namespace": "shop"}}},
        "evidence": [
            {"id": "seen", "each": "all", "when": "row.name == 'web'", "need": "any", "decisive": True,
             "says": _both("{row.name} was refused a setting")},
        ],
        "root_cause": _both("A setting"), "impact": _both("None"), "runbook": [{"says": _both("Look")}],
        "remediations": [
            {"id": "restart", "action": "rollout-restart", "title": _both("Restart it"), "target": target,
             "only_if": ["seen"]},
            {"id": "copy", "title": _both("Copy it"), "args": {"set": {"acme.io/copy": "{named.value}"}}, **annotate},
            {"id": "note", "title": _both("Note it"), "args": {"set": {"acme.io/note": "{input.note}"}}, **annotate,
             "asks": [{"id": "note", "label": _both("Note"), "is": "text"}]},
        ],
        "examples": {"match": [example, f"{example}!", f"see: {example}"], "other": ["all is well", "no setting"]},
    }  # fmt: skip


def _world() -> Json:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "web:1"}]}}
    deployment = {
        "kind": "Deployment",
        "metadata": {"namespace": "shop", "name": "web", "labels": labels},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": 1, "unavailableReplicas": 1},
    }
    said = f"the operator refused the setting 'beside {KEY} password={PASSWORD}' for good"
    return {
        "objects": [deployment],
        "events": [{"for": "Deployment/shop/web", "reason": "Refused", "type": "Warning", "message": said}],
    }


def _both(words: str) -> Json:
    return {"en": words, "zh": words}
