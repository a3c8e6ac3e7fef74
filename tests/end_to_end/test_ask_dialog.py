"""`/diagnose` without an object opens a dialog with suggestions from the cluster; its submission is a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.cli.rehearsal import stage
from bot.diagnosing import Engine
from bot.policy import Policy
from bot.policy.model import Rules
from responses.slack.presses import Press
from tests.end_to_end.test_channel_answers import private
from tests.end_to_end.test_clusters import policy_showing
from tests.end_to_end.test_names_as_meant import WORLD
from tests.end_to_end.workplace import Workplace, is_final, lines_of, words_of, workplace


async def opened(at: Workplace, command: str = "", *, user: str = "") -> dict[str, Any]:
    """Give a command and return the dialog that it opens."""
    response = await at.slack.slash(user or at.alex, at.channel, command)
    assert response.ok
    return at.slack.views(user or at.alex)[-1]


async def suggested(at: Workplace, view: dict[str, Any], menu: Press, typed: str = "", *, user: str = "") -> list[str]:
    """Return the values of the options for what was typed."""
    response = await at.slack.suggest(user or at.alex, view["id"], str(menu), typed)
    return [each["value"] for each in response.body["options"]]


async def chosen(at: Workplace, view: dict[str, Any], menu: Press, value: str) -> None:
    await at.slack.click_view(at.alex, view["id"], str(menu), value=value)


async def answer_to(at: Workplace, view: dict[str, Any], **values: str) -> list[str]:
    """Submit the dialog and return the lines of the answer."""
    known = {one["ts"] for one in at.ours()}
    filled = {f"ask_{name}": {f"ask_{name}": value} for name, value in values.items()}
    assert (await at.slack.submit(at.alex, view["id"], filled)).ok
    new = await at.slack.wait_for(lambda: [one for one in at.ours() if one["ts"] not in known and is_final(one)])
    await at.settled()
    return lines_of(new[0])


async def test_an_object_is_chosen_from_what_the_cluster_has(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, WORLD) as at:
        view = await opened(at)
        assert "Cluster" not in words_of(view["blocks"])
        assert await suggested(at, view, Press.ASK_NAMESPACE, "sto") == ["store"]
        await chosen(at, view, Press.ASK_NAMESPACE, "store")
        assert await suggested(at, view, Press.ASK_NAME) == [
            "Deployment|store|basket", "Deployment|store|twin",
            "Pod|store|basket-7d9f8b6c54-k2x8q", "Pod|store|twin-7d9f8b6c55-k2x8q",
        ]  # fmt: skip
        await chosen(at, view, Press.ASK_KIND, "Deployment")
        assert await suggested(at, view, Press.ASK_NAME, "bask") == ["Deployment|store|basket", "||bask"]
        lines = await answer_to(at, view, namespace="store", kind="Deployment", name="Deployment|store|basket")
        assert "store/basket" in lines[0]
        assert "CONFIRMED" in "".join(lines)
        assert at.slack.views(at.alex) == []


async def test_a_namespace_alone_a_typed_name_and_a_paste_are_enough(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, WORLD) as at:
        view = await opened(at, "???")
        await suggested(at, view, Press.ASK_NAMESPACE)
        assert "mailer" in (await answer_to(at, view, namespace="mailer"))[0]

        view = await opened(at, "deploy")
        assert "A name is missing: which deploy?" in words_of(view["blocks"])
        assert await suggested(at, view, Press.ASK_NAME, "store/twi") == ["Deployment|store|twin", "|store|twi"]
        assert await suggested(at, view, Press.ASK_NAME, "shop/nosuch") == ["|shop|nosuch"]
        lines = await answer_to(at, view, kind="Deployment", name="|shop|nosuch")
        assert "nosuch" in "".join(lines)

        view = await opened(at, "api")
        assert 'What kind of object is "api"? Did you mean /diagnose pod api' in words_of(view["blocks"])
        assert "Deployment mailer/api" in (await answer_to(at, view))[0]

        view = await opened(at, "诊断")
        pasted = "Back-off restarting failed container app in pod api-7d9f8b6c54-x2x4z_mailer(0f1e)"
        assert "CONFIRMED" in "".join(await answer_to(at, view, text=pasted))

        view = await opened(at)
        refused = await at.slack.submit(at.alex, view["id"])
        assert refused.body["response_action"] == "errors"
        assert "Choose a name or a namespace" in str(refused.body["errors"])


async def test_help_stays_the_page_and_a_command_stays_a_command(tmp_path: Path, engine: Engine) -> None:
    async with workplace(tmp_path, engine, WORLD) as at:
        for command, says in (("help", "Commands"), ("incident resovle", "Did you mean"), ("mtue", "Did you mean")):
            assert says in words_of((await private(at, at.alex, command))["blocks"])
        assert at.slack.views(at.alex) == []


async def test_suggestions_stay_within_the_rights_of_the_person(tmp_path: Path, engine: Engine) -> None:
    policy = policy_showing({"clusters": ["simulated"], "namespaces": ["store"]})
    async with workplace(tmp_path, engine, WORLD, policy=policy) as at:
        view = await opened(at)
        assert await suggested(at, view, Press.ASK_NAMESPACE) == ["store"]
        assert {value.split("|")[1] for value in await suggested(at, view, Press.ASK_NAME)} == {"store"}
        assert await suggested(at, view, Press.ASK_NAME, "shop/cart") == ["|shop|cart"]

        # A guest gets a field for an error, and no suggestion.
        view = await opened(at, user=at.guest)
        assert [block.get("block_id") for block in view["blocks"]] == [str(Press.ASK_TEXT)]


async def test_several_clusters_are_offered_and_the_chosen_one_is_asked(tmp_path: Path, engine: Engine) -> None:
    other = stage({"scene": {"Deployment/lab/rat": {"containers": {"app": "rat:1"}, "pods": {"rat-0": {}}}}})
    async with workplace(tmp_path, engine, WORLD, others={"lab-west": other}) as at:
        view = await opened(at)
        assert await suggested(at, view, Press.ASK_NAME) == []
        await chosen(at, view, Press.ASK_CLUSTER, "lab-west")
        assert await suggested(at, view, Press.ASK_NAME, "ra") == ["Deployment|lab|rat", "Pod|lab|rat-0", "||ra"]
        lines = await answer_to(at, view, cluster="lab-west", name="Deployment|lab|rat")
        assert "Deployment lab/rat" in "".join(lines)


@pytest.mark.parametrize("metadata", ["", "{}", '{"team": 1}', "[" * 500])
async def test_a_dialog_that_is_not_ours_suggests_and_asks_nothing(
    tmp_path: Path, engine: Engine, metadata: str
) -> None:
    nobody = Policy(rules=Rules())
    async with workplace(tmp_path, engine, WORLD, policy=nobody) as at:
        sender = {
            "team": {"id": at.app.identity.team}, "user": {"id": at.alex}, "api_app_id": at.app.identity.app_id,
        }  # fmt: skip
        view = {"type": "modal", "id": "V1", "callback_id": str(Press.ASK_FORM), "private_metadata": metadata}
        asked = {"type": "block_suggestion", "action_id": str(Press.ASK_NAME), "block_id": "x", "value": "a"}
        assert (await at.send({**asked, **sender, "view": view})).body == {"options": []}
        action = {"type": "static_select", "action_id": str(Press.ASK_KIND), "selected_option": {"value": "Pod"}}
        assert (await at.send({"type": "block_actions", **sender, "actions": [action], "view": view})).ok
        submitted = await at.send({"type": "view_submission", **sender, "view": view})
        assert submitted.body["response_action"] == "update"
        elsewhere = {**sender, "team": {"id": "T0OTHER"}}
        assert (await at.send({**asked, **elsewhere, "view": view})).body == {"options": []}
