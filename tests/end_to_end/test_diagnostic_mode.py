"""Test diagnostic mode from the paste to the command that opens a shell: offer, preview, confirmation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from tests.end_to_end.workplace import Workplace, broken_case, buttons_of, lines_of, words_of, workplace

INCIDENT = "tidb-diagnostic-mode"
ENTERED = "a PD pod keeps failing"
BESIDE = "something else of the pod is pasted"
NOT_ENTERED = "its start script does not see annotations, so that it is not entered"
IN_MODE = "it is in diagnostic mode and can leave it"
POD = "/api/v1/namespaces/wallet/pods/wallet-pd-1"


async def wait_for_any_text(at: Workplace, answer: dict[str, Any], *words: str) -> str:
    def end() -> str:
        says = "\n".join(lines_of(at.slack.message(at.channel, answer["ts"])))
        return says if any(word in says for word in words) else ""

    return await at.slack.wait_for(end)


@pytest.mark.parametrize("case", [ENTERED, BESIDE], ids=["asked for", "something else was pasted"])
async def test_failing_pod_is_put_into_diagnostic_mode(tmp_path: Path, engine: Engine, case: str) -> None:
    broken = broken_case(engine, INCIDENT, case)
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        offered = "\n".join(lines_of(answer))
        dialog = await at.dialog(at.bo, answer)

        if case == BESIDE:
            assert "\n🔵 POSSIBLE · " in offered
        else:
            assert offered.startswith("Diagnostic mode keeps wallet-pd-1 up")
            assert "\n🧰 YOU CAN · " in offered
        assert "Enter diagnostic mode" in words_of(buttons_of(answer["blocks"]))
        shown = "\n".join(lines_of(dialog))
        assert "Pod wallet/wallet-pd-1" in shown
        assert "runmode: debug" in shown
        assert "This does not fix the cause" in shown
        assert dialog["submit"]["text"] == "Annotate object"
        assert at.writes() == []

        await at.submit(at.bo, dialog["id"])
        says = await wait_for_any_text(at, answer, "is in diagnostic mode")
        await at.settled()

        assert at.writes() == [("PATCH", POD)]
        assert "kubectl -n wallet exec -it wallet-pd-1 -c pd -- /bin/sh" in says
        assert "done; this does not fix the cause" in says
        assert "FIXED" not in says
        assert f"@{at.bo}" in says
        assert [(one.outcome, one.action) for one in await at.audited()] == [
            (outcome, "annotate") for outcome in ("claimed", "applied", "done")
        ]


async def test_pod_that_does_not_restart_is_not_reported_in_diagnostic_mode(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, INCIDENT, NOT_ENTERED)
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        await at.confirm(at.bo, answer)

        says = await wait_for_any_text(at, answer, "not be verified")
        await at.settled()

        assert "pd has not started again yet" in says
        assert "is in diagnostic mode" not in says


async def test_second_button_leaves_diagnostic_mode(tmp_path: Path, engine: Engine) -> None:
    broken = broken_case(engine, INCIDENT, IN_MODE)
    async with workplace(tmp_path, engine, broken.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, broken.text))

        assert "Leave diagnostic mode" in words_of(buttons_of(answer["blocks"]))
        await at.confirm(at.bo, answer)
        says = await wait_for_any_text(at, answer, "has left diagnostic mode")
        await at.settled()

        assert at.writes() == [("DELETE", POD)]
        assert "done; this does not fix the cause" in says
