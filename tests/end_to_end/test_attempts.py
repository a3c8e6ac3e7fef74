"""Try to get a write past the policy, an approval, a limit or a preview: each attempt fails."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from bot.diagnosing import Engine, engine_for
from bot.policy import load_policy
from bot.remedies.actions import action_names
from intents.catalog.loader import load
from responses.slack.presses import Press
from tests.end_to_end import own_entries
from tests.end_to_end.workplace import Workplace, lines_of, words_of, workplace

Json = dict[str, Any]

ALEX, BO = "U0000000001", "U0000000002"
EVERYWHERE: Final[Json] = {"clusters": ["*"], "namespaces": ["*"], "cluster_scoped": True}
ACTING: Final[Json] = {**EVERYWHERE, "users": ["*"], "actions": ["*"]}
TWO: Final[Json] = {"approval": [{**EVERYWHERE, "risks": ["low", "disruptive", "data-loss"]}]}
DEPLOYMENTS: Final = ("apps", "deployments")
SECRET: Final = "hunter2-S3cr3tP4ss"
WAITS: Final = "waiting for a second person"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Return an engine with custom entries: the usual ones and variants with other remedies."""
    directory = own_entries.catalog(tmp_path_factory.mktemp("own"))
    asleep = (directory / "asleep.yaml").read_text(encoding="utf-8")
    asks = [{"id": "replicas", "label": {"en": "Replicas", "zh": "副本数"}, "is": "number"}]
    remedies: dict[str, Json] = {
        "dozing": {"args": {"replicas": "{input.replicas}"}, "asks": asks},
        "nodding": {"action": "set-args", "args": {"container": "app", "set": {"--timeout": "5s"}}},
    }
    for name, remedy in remedies.items():
        entry = json.loads(asleep.replace("fast asleep", f"{name} off"))
        entry["id"] = name
        entry["remediations"][0] |= remedy
        (directory / f"{name}.yaml").write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    loaded = load((directory,))
    assert not loaded.problems
    return engine_for(loaded.catalog)


@asynccontextmanager
async def policy_workplace(
    tmp_path: Path, engine: Engine, *worlds: Mapping[str, Any], **sections: Any
) -> AsyncIterator[Workplace]:
    file = tmp_path / "policy.yaml"
    file.write_text(json.dumps({"remediation": [EVERYWHERE], "acting": [ACTING]} | sections))
    async with workplace(tmp_path, engine, *worlds, policy=load_policy(file, actions=action_names())) as at:
        yield at


def deployments(*names: str) -> Json:
    """Return a world with deployments without replicas in the namespace `bed`."""
    (one,) = own_entries.asleep_deployment().broken.world["objects"]
    return {"objects": [{**one, "metadata": {**one["metadata"], "name": name}} for name in names]}


def replicas(at: Workplace, name: str) -> int:
    return int(_deployment(at, name)["spec"]["replicas"])


def label(at: Workplace, name: str, **labels: str) -> None:
    """Label a deployment, as another user would."""
    labelled = _deployment(at, name)
    labelled["metadata"]["labels"] = (labelled["metadata"].get("labels") or {}) | labels
    at.cluster.store.put(table=DEPLOYMENTS, namespace="bed", name=name, obj=labelled)


def _deployment(at: Workplace, name: str) -> Json:
    found = at.cluster.store.get(table=DEPLOYMENTS, namespace="bed", name=name)
    assert found is not None
    return copy.deepcopy(found)


async def paste_and_wait(at: Workplace, text: str, channel: str = "") -> Json:
    """Paste a text and return its answer."""
    channel = channel or at.channel
    return await at.answer(await at.slack.say(at.alex, channel, text), channel)


async def wait_for_words(at: Workplace, answer: Json, words: str, channel: str = "") -> Json:
    """Wait until the answer contains these words and return it."""
    channel = channel or at.channel

    def now() -> Json:
        return at.slack.message(channel, answer["ts"])

    await at.slack.wait_for(lambda: words in "\n".join(lines_of(now())))
    await at.settled()
    return now()


def ephemeral_text(at: Workplace, user: str) -> str:
    return words_of([one["blocks"] for one in at.slack.ephemerals(user)])


async def fill_modal(at: Workplace, user: str, dialog: Json, value: str) -> None:
    """Fill the modal's input and wait for its preview."""
    await at.slack.submit(user, dialog["id"], {"replicas": {"replicas": value}})
    await at.slack.wait_for(lambda: at.slack.views(user)[-1]["callback_id"] == Press.CONFIRM)


def submission(at: Workplace, view: Json, user: str, **changes: Any) -> Json:
    """Return the payload of a modal's submission with changed fields."""
    return {
        "type": "view_submission",
        "api_app_id": at.slack.app_id,
        "team": {"id": at.slack.team_id},
        "user": {"id": user, "team_id": at.slack.team_id},
        "view": copy.deepcopy(view) | changes,
    }


# --- a second person ---


async def test_approved_action_counts_for_its_requester_and_its_undo_needs_approval(tmp_path, own):
    limits = {"target": {"writes": 9, "minutes": 15}, "user": {"writes": 1, "minutes": 15}}
    people = [{"clusters": ["*"], "domains": ["example.com"]}]
    world = deployments("one", "two")
    async with policy_workplace(tmp_path, own, world, **TWO, limits=limits, impersonation=people) as at:
        answer = await paste_and_wait(at, "deployment bed/one is fast asleep")
        await at.confirm(at.alex, answer)
        await at.confirm(at.bo, await wait_for_words(at, answer, WAITS))
        done = await wait_for_words(at, answer, "FIXED")

        other = at.slack.add_channel("other")
        again = await paste_and_wait(at, "deployment bed/two is fast asleep", other)
        held = words_of((await at.dialog(at.alex, again, other))["blocks"])
        assert "You applied 1 remedies within 15 minutes" in held
        # Whoever approved has done nothing of their own by that.
        assert (await at.dialog(at.bo, again, other))["submit"] is not None

        await at.confirm(at.alex, done)
        undoing = await wait_for_words(at, answer, WAITS)
        assert replicas(at, "one") == 1
        await at.confirm(at.bo, undoing)
        await at.slack.wait_for(lambda: replicas(at, "one") == 0)
        await at.settled()
        # Impersonates the requester, never Casebook.
        patched = [one.acts_as for one in at.cluster.requests if one.writes and one.method == "PATCH"]
        assert patched == ["bo@example.com"] * 2


async def test_request_is_not_approvable_after_its_requester_lost_the_right(tmp_path, own):
    acting = [{**ACTING, "users": [ALEX], "labels": {"of": "alex"}}, {**ACTING, "users": [BO]}]
    async with policy_workplace(tmp_path, own, deployments("one"), **TWO, acting=acting) as at:
        label(at, "one", of="alex")
        answer = await paste_and_wait(at, "deployment bed/one is fast asleep")
        await at.confirm(at.alex, answer)
        dialog = await at.dialog(at.bo, await wait_for_words(at, answer, WAITS))

        # A changed label removes a right: before the approver confirms, or before they look.
        label(at, "one", of="others")
        await at.submit(at.bo, dialog["id"])
        await at.settled()
        late = await at.dialog(at.bo, at.slack.message(at.channel, answer["ts"]))

        assert late["submit"] is None
        for says in (ephemeral_text(at, at.bo), words_of(late["blocks"])):
            assert "the requester is no longer allowed to do this" in says.lower()
        assert [one.actor for one in await at.audited() if one.outcome == "not allowed"] == [at.bo, at.bo]
        assert at.writes() == []


async def test_approver_approves_the_requesters_values(tmp_path, own):
    async with policy_workplace(tmp_path, own, deployments("one"), **TWO) as at:
        answer = await paste_and_wait(at, "deployment bed/one is dozing off")
        dialogs = {user: await at.dialog(user, answer) for user in (at.alex, at.bo)}
        await fill_modal(at, at.alex, dialogs[at.alex], "3")
        await at.submit(at.alex, dialogs[at.alex]["id"])
        await wait_for_words(at, answer, WAITS)

        await fill_modal(at, at.bo, dialogs[at.bo], "7")
        assert "+  replicas: 3" in "\n".join(lines_of(at.slack.views(at.bo)[-1]))
        await at.submit(at.bo, dialogs[at.bo]["id"])
        await wait_for_words(at, answer, "FIXED")
        assert replicas(at, "one") == 3


# --- labels ---


async def test_policy_labels_are_required_of_every_written_object(tmp_path, own):
    # The pod has the label, its claim does not.
    labelled = [{**ACTING, "labels": {"app": "store"}}, {**ACTING, "namespaces": ["none"]}]
    spoiled = own_entries.spoiled_pod().broken
    async with policy_workplace(tmp_path, own, spoiled.world, acting=labelled) as at:
        refused = await at.dialog(at.alex, await paste_and_wait(at, spoiled.text))

        assert refused["submit"] is None
        says = words_of(refused["blocks"])
        assert "other than its target (PersistentVolumeClaim ledger/data-store-2)" in says
        assert "app=store" in says


# --- what a dialog shows ---


async def test_confirmation_applies_the_values_shown_in_the_modal(tmp_path, own):
    async with policy_workplace(tmp_path, own, deployments("one")) as at:
        answer = await paste_and_wait(at, "deployment bed/one is dozing off")
        dialog = await at.dialog(at.bo, answer)
        await fill_modal(at, at.bo, dialog, "1")
        # Slack missed the acknowledgement and sends it again; the result of that never arrives.
        (sent,) = [one.payload for one in at.slack.deliveries if one.payload.get("type") == "view_submission"]
        again: Json = json.loads(json.dumps(sent))
        again["view"]["state"]["values"]["replicas"]["replicas"]["value"] = "50"
        at.slack.fail("views.update", error="view_not_found", times=5)
        await at.send(again)
        await at.settled()

        assert "+  replicas: 1" in "\n".join(lines_of(at.slack.views(at.bo)[-1]))
        await at.submit(at.bo, dialog["id"])
        await wait_for_words(at, answer, "FIXED")
        assert replicas(at, "one") == 1


def typed(value: Any) -> dict[str, Any]:
    return {"values": {"replicas": {"replicas": {"type": "plain_text_input", "value": value}}}}


async def test_invalid_number_or_modal_without_a_preview_writes_nothing(tmp_path, own):
    async with policy_workplace(tmp_path, own, deployments("one")) as at:
        dialog = await at.dialog(at.bo, await paste_and_wait(at, "deployment bed/one is dozing off"))
        for value in (
            '{"a": 1}',
            "1\n2",
            "{input.replicas}",
            "{row.name}",
            "-1",
            "1e3",
            "٣",
            "9" * 5000,
        ):
            delivered = await at.send(submission(at, dialog, at.bo, state=typed(value)))
            assert delivered.body["errors"] == {"replicas": "expected a whole number from 0 to 100000"}
        for malformed in ({"a": 1}, [1]):
            assert (await at.send(submission(at, dialog, at.bo, state=typed(malformed)))).status == 400

        for press in (Press.CONFIRM, Press.CONFIRM_AGAIN):
            delivered = await at.send(submission(at, dialog, at.bo, callback_id=str(press)))
            assert "was refused and recorded" in words_of(delivered.body["view"]["blocks"])
        await at.settled()
        assert [one.detail["why"] for one in await at.audited()] == ["the dialog does not show the change"] * 2
        assert at.writes() == []


async def test_change_next_to_a_secret_is_refused_and_the_secret_is_not_stored(tmp_path, own):
    world = json.loads(json.dumps(deployments("one")))
    template = world["objects"][0]["spec"]["template"]["spec"]
    template["containers"][0] |= {"command": ["/app"], "args": ["--timeout=1s", f"--password={SECRET}"]}
    async with policy_workplace(tmp_path, own, world) as at:
        refused = await at.dialog(at.bo, await paste_and_wait(at, "deployment bed/one is nodding off"))
        await at.settled()

        assert refused["submit"] is None
        assert "looks like a secret" in words_of(refused["blocks"])
        assert [one.outcome for one in await at.audited()] == ["refused: unsafe"]
        files = at.settings.data.iterdir()
        assert not [file.name for file in files if SECRET.encode() in file.read_bytes()]
