"""Every action there is, over HTTP from a paste to a proven end and back: what was shown is what is written, no more.

Writes are read from the API server's own history, previews from the dialog as Slack has it, and
carried out as the patch it claims to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from bot.diagnosing import Engine, engine_for
from bot.remedies.action import actions
from intents.catalog.loader import load
from responses.slack.presses import Press
from tests.end_to_end.every_action import own_incident
from tests.end_to_end.every_action.scenario import DONE, Scenario
from tests.end_to_end.every_action.shown_changes import carried_out, diff_of, differing, parts_of
from tests.end_to_end.every_action.watching import Watch, Write, lasting, of_people
from tests.end_to_end.workplace import Workplace, buttons_of, lines_of, words_of, workplace
from tests.remedies.actions_found import scenarios

SCENARIOS: Final = scenarios()
_SIGNS: Final = tuple("✅⚠🔥⌛🚫❓❌🧰🕓↩")


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Over a catalog of one's own alone: what is pasted for it is known by nothing else."""
    entries = [scenario.entry for scenario in SCENARIOS if scenario.is_own]
    loaded = load((own_incident.catalog(tmp_path_factory.mktemp("catalog"), entries),))
    assert not loaded.problems
    return engine_for(loaded.catalog)


def test_there_is_a_scenario_for_every_action_and_an_undo_for_each_that_has_one() -> None:
    undone = {scenario.action: bool(scenario.undo) for scenario in SCENARIOS}
    assert undone == {name: action.declaration.undoable for name, action in actions().items()}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.action)
async def test_what_is_shown_is_what_is_done_proven_and_undone(
    tmp_path: Path, engine: Engine, own_engine: Engine, scenario: Scenario
) -> None:
    chosen = own_engine if scenario.is_own else engine
    worlds, text = scenario.staged(chosen)
    async with workplace(tmp_path, chosen, *worlds) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, text))
        story = Story(at=at, scenario=scenario, watch=Watch(at.cluster), ts=answer["ts"])
        await story.done()
        assert bool(story.buttons("↩ Undo")) == bool(scenario.undo)
        if scenario.undo:
            await story.undone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Act below one answer, at `ts`, and record what the API server is sent."""

    at: Workplace
    scenario: Scenario
    watch: Watch
    ts: str

    async def done(self) -> None:
        scenario, quiet = self.scenario, self.watch.revision
        dialog = await self.pressed(scenario.button)
        # It says the verb, in words of people.
        assert dialog["submit"]["text"] not in (scenario.action, "Undo change", "OK")
        # Neither the questions nor the dry runs have moved anything.
        assert self.watch.revision == quiet
        assert self.watch.writes() == []
        says = await self.submitted(dialog, custodian=scenario.custodian, name=scenario.name)

        writes = self.watch.writes()
        assert [each.line for each in writes] == list(scenario.writes)
        if scenario.told:
            assert differing(diff_of(dialog)) == scenario.told(writes, self.watch)
        else:
            assert_shown(diff_of(dialog), writes)
        assert scenario.ends[0] in says
        assert await self.audited() == ["claimed", "applied", scenario.ends[1]]

    async def undone(self) -> None:
        done = self.watch.writes()
        dialog = await self.pressed("↩ Undo")
        assert dialog["submit"]["text"] == "Undo change"
        assert self.watch.writes() == done
        says = await self.submitted(dialog, undoes=True)

        back = self.watch.writes()[len(done) :]
        assert [each.line for each in back] == list(self.scenario.undo)
        assert_shown(diff_of(dialog), back)
        assert "undone" in says
        assert await self.audited() == ["claimed", "applied", self.scenario.ends[1], "claimed", "applied", DONE[1]]
        undone = {each.path for each in back}
        for each in done:
            if each.path in undone:
                assert lasting(self.watch.object(each.path)) == lasting(each.before)

    async def pressed(self, words: str) -> dict[str, Any]:
        """Press a button, and type what is asked for: the dialog that shows what would change."""
        (button,) = self.buttons(words)
        await self.at.slack.click(self.at.bo, self.at.channel, self.ts, button["action_id"], value=button["value"])
        dialog = await self.dialog(Press.CONFIRM, Press.ANSWER)
        if dialog["callback_id"] == Press.ANSWER:
            answers = {key: {key: value} for key, value in self.scenario.answers.items()}
            await self.at.slack.submit(self.at.bo, dialog["id"], answers)
            dialog = await self.dialog(Press.CONFIRM)
        return dialog

    async def submitted(
        self, dialog: dict[str, Any], *, undoes: bool = False, custodian: str = "", name: str = ""
    ) -> str:
        """Confirm, as often as is asked, and with the name typed where that is asked: how the message says it ended."""
        before = self.watch.writes()
        if name:
            await self.submit(dialog, typed=f"not-{name}")
            (refused,) = self.at.slack.views(self.at.bo)
            assert Press.TYPED_NAME in refused["errors"]
            assert self.watch.writes() == before
        await self.submit(dialog, typed=name)
        if custodian:
            again = await self.dialog(Press.CONFIRM_AGAIN)
            assert custodian in words_of(again["blocks"])
            assert self.watch.writes() == before
            await self.submit(again)
        assert self.at.slack.views(self.at.bo) == []
        told = await self.at.slack.wait_for(lambda: self.told_of(undoes=undoes))
        await self.at.settled()
        return told

    async def submit(self, dialog: dict[str, Any], *, typed: str = "") -> None:
        block = str(Press.TYPED_NAME)
        values = {block: {block: typed}} if typed else {}
        await self.at.slack.submit(self.at.bo, dialog["id"], values)

    async def dialog(self, *presses: Press) -> dict[str, Any]:
        """Return the open dialog once it is one of these or refuses."""

        def shown() -> list[dict[str, Any]]:
            views = self.at.slack.views(self.at.bo)
            return [view for view in views if view["callback_id"] in presses or "🚫" in words_of(view["blocks"])]

        view = (await self.at.slack.wait_for(shown))[-1]
        assert view["callback_id"] in presses, words_of(view["blocks"])
        return view

    def buttons(self, words: str) -> list[dict[str, Any]]:
        buttons = buttons_of(self.at.slack.message(self.at.channel, self.ts)["blocks"])
        return [each for each in buttons if each["type"] == "button" and each["text"]["text"].startswith(words)]

    def told_of(self, *, undoes: bool) -> str:
        """Return the line of the message that tells the end of the remedy, or of its undo; "" before."""
        lines = lines_of(self.at.slack.message(self.at.channel, self.ts))
        ends = [line for line in lines if line[:1] in _SIGNS and "@" in line]
        return next((line for line in ends if ("Undo" in line[:200]) == undoes), "")

    async def audited(self) -> list[str]:
        """Return the audit entries without that of the press."""
        outcomes = [each.outcome for each in await self.at.audited()]
        return [each for each in outcomes if each not in ("pressed", "previewed")]


def assert_shown(diff: str, writes: Sequence[Write]) -> None:
    """Check that the shown difference, applied to the objects before, gives exactly the objects after."""
    parts = parts_of(diff)
    assert list(parts) == [each.subject for each in writes]
    for each in writes:
        then = carried_out(parts[each.subject], each.before)
        assert then == (of_people(each.after) if each.after else None)
        assert then != (of_people(each.before) if each.before else None), "something changes"
