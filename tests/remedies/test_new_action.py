"""A new action is one module and one test file: everything else finds it, nothing else is edited."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import bot.remedies.actions
from bot.__main__ import main
from bot.policy import FileError, load_policy
from bot.probes.registry import declarations as probes
from bot.remedies import action
from bot.remedies.contract import EffectState
from bot.remedies.undo import plan_to_undo
from intents.catalog.lint import lint
from intents.catalog.loader import load
from tests import roles
from tests.end_to_end.every_action import own_incident as own
from tests.project.readme_parts import ROOT, with_parts
from tests.remedies.actions_found import scenarios, trials
from tests.remedies.scene import HEALED, Enter
from tests.remedies.workload_worlds import DEPLOYMENTS, WEB, template, web

NAME: Final = "pause-rollout"
MODULE: Final = '''
"""Pause the rollout of a Deployment."""

from bot.remedies.contract import Plan
from bot.remedies.action import permissions_to
from bot.remedies.shared.patch_action import Patch, PatchAction
from intents.catalog.actions import ActionDeclaration, Argument
from intents.domain import Text
from responses.words import ActionWords


class PauseRollout(PatchAction):
    declaration = ActionDeclaration(
        name="pause-rollout",
        kinds=("Deployment",),
        args={"why": Argument(says="told in the preview", required=True)},
        ends_incident=False,
    )
    words = ActionWords(
        verb=Text(en="Pause rollout", zh="暂停发布"),
        does=Text(en="Stops the rollout of this Deployment.", zh="暂停此 Deployment 的发布。"),
    )
    writes = permissions_to("patch", ("Deployment",))

    async def patch(self, snapshot, plan: Plan, obj) -> Patch:
        says = Text(en=f"{plan.target} was paused", zh=f"{plan.target} 已暂停")
        return Patch(body={"spec": {"paused": True}}, says=says, effects=(Text.same(plan.args["why"]),))
'''
ENTRY: Final = own.entry(
    "rollout-runs", "the rollout of shop/web runs", signature="the rollout of <namespace>/<deployment> runs",
    kind="Deployment", fields={"paused": "spec.paused"}, when='row.paused != "true"',
    remedy={"action": NAME, "title": "Pause {row.name}", "args": {"why": "it is Friday"}},
)  # fmt: skip
POLICY: Final = f"""\
remediation: [{{clusters: ["*"], namespaces: ["*"]}}]
acting: [{{users: ["*"], clusters: ["*"], namespaces: ["*"], actions: [{NAME}]}}]
"""


@pytest.fixture(autouse=True)
def module(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Return the module lies where the package looks for its modules."""
    directory = tmp_path_factory.mktemp("actions")
    (directory / "pause_rollout.py").write_text(MODULE, "utf-8")
    monkeypatch.setattr(bot.remedies.actions, "__path__", [*bot.remedies.actions.__path__, str(directory)])
    found = (bot.remedies.actions.action_names, action.actions, action.declarations, roles.printed, roles.manifests)
    for each in found:
        each.cache_clear()
    yield
    for each in found:
        each.cache_clear()
    sys.modules.pop("bot.remedies.actions.pause_rollout", None)


def test_it_is_found_with_its_words() -> None:
    assert action.actions()[NAME].declaration == action.declarations()[NAME]
    assert action.words_of(NAME).verb.en == "Pause rollout"


def test_entries_may_name_it_and_are_linted_by_its_declaration(tmp_path: Path) -> None:
    def told(args: dict[str, Any]) -> list[str]:
        (remedy,) = ENTRY["remediations"]
        own.catalog(tmp_path, [ENTRY | {"remediations": [remedy | {"args": args}], "status": "sandbox"}])
        loaded = load((tmp_path,), check=bot.remedies.actions.unknown_actions)
        found = (*loaded.problems, *lint(loaded.catalog, probes(), action.declarations()))
        return [f"{each.field}: {each.says}" for each in found]

    assert told({"why": "it is Friday"}) == []
    assert told({}) == ["remediations[0].args: pause-rollout needs 'why'"]
    assert told({"why": ["a", "b"]}) == ["remediations[0].args.why: is ['a', 'b']; expected a text"]


def test_a_policy_may_grant_it(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, "utf-8")

    assert load_policy(file, actions=bot.remedies.actions.action_names()).rules.acting[0].actions == (NAME,)
    with pytest.raises(FileError, match="'pause-rollout' is not a known action"):
        load_policy(file, actions=("restart-pod",))


def test_its_role_its_documents_and_the_schema_are_generated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rbac", "act", "--actions", NAME]) == 0
    role = capsys.readouterr().out
    assert "# deployments: pause-rollout\n" in role
    assert "verbs: [patch]" in role

    assert f"| `{NAME}` | patch `deployments.apps` |  |\n" in with_parts(ROOT / "docs" / "permissions.md")
    told = ("Stops the rollout of this Deployment.", "Deployment", "`why` (text): told in the preview", "low", "yes")
    assert f"\n| `{NAME}` | {' | '.join(told)} |\n" in with_parts(ROOT / "docs" / "catalog.md")

    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert NAME in schema["$defs"]["Remediation"]["properties"]["action"]["enum"]


async def test_it_is_previewed_applied_and_undone(enter: Enter) -> None:
    async with enter(HEALED, web(template())) as scene:
        plan = await scene.made(NAME, WEB, why="it is Friday")
        preview = await scene.preview(plan)
        applied = await scene.applied(plan, preview)

        assert "+  paused: true" in preview.diff
        assert [each.en for each in preview.outlook.effects] == ["it is Friday"]
        assert scene.stored(*DEPLOYMENTS, "web", "till")["spec"]["paused"] is True
        assert (await scene.effect_of(plan, applied)).state is EffectState.HEALTHY
        undo = plan_to_undo(plan, applied, now=plan.created)
        assert undo is not None
        await scene.applied(undo, await scene.preview(undo))
        assert "paused" not in scene.stored(*DEPLOYMENTS, "web", "till")["spec"]


def test_without_a_test_file_it_is_missed() -> None:
    """The tests of every action compare these sets."""
    assert set(action.actions()) - {each.action for each in scenarios()} == {NAME}
    assert set(action.actions()) - {each.action for each in trials()} == {NAME}


@pytest.mark.parametrize("text", ["", MODULE.replace('name="pause-rollout"', 'name="pause"')])
def test_a_module_without_an_action_of_its_name_is_told(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wrong_one.py").write_text(text, "utf-8")
    monkeypatch.setattr(bot.remedies.actions, "__path__", [str(tmp_path)])
    for each in (bot.remedies.actions.action_names, action.actions):
        each.cache_clear()

    with pytest.raises(TypeError, match=r"bot\.remedies\.actions\.wrong_one must hold an Action"):
        action.actions()
    sys.modules.pop("bot.remedies.actions.wrong_one", None)
