"""Start this version on the state of a killed earlier version: all work is read, finished and reported once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.remedies.verification import Pace
from tests.end_to_end.corners import Corner, corner_in_errors, wait_for_results
from tests.end_to_end.process import premises
from tests.end_to_end.workplace import lines_of, words_of
from tests.upgrade.left_behind import POLICY, SETTINGS, LeftBehind
from tests.waiting import until

pytestmark = pytest.mark.timeout(75)

PACE = Pace(every=0.1, well=0.5, failing=0.5)
RESTART = ("DELETE", "/api/v1/namespaces/front/pods/checkout-6f4d8b7c5-kz9wp")


@pytest.mark.parametrize("recorded", sorted(Path(__file__).parent.glob("*.zip")), ids=lambda file: file.stem)
async def test_data_of_the_previous_version_is_read_and_its_work_finished_once(tmp_path, recorded):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    async with premises(tmp_path, pace=False, CASEBOOK_POLICY=str(policy), **SETTINGS) as at:
        left = LeftBehind.read(recorded)
        corners = left.lay_down(at)
        for name in ("answered", "dialog open", "remedy under way"):
            corners[name].answer = answer_in(corners[name])
        asked = {name: at.slack.messages(corners[name].channel)[0]["ts"] for name in ("pasted", "posted")}

        serving = await at.start(verify_pace=PACE, summary_slot_s=0.2)
        for name, ts in asked.items():
            corners[name].answer = await at.answer(ts, channel=corners[name].channel)
        await corners["answered"].press()
        for name in ("answered", "dialog open"):
            assert (await corners[name].confirm()).status == 200
        remedied = [corners[name] for name in ("answered", "dialog open", "remedy under way")]
        await wait_for_results(remedied, "FIXED")
        incident = corners["incident"]
        await at.slack.say(at.bo, incident.channel, "mitigated, error rate is back to normal")
        await until(lambda: "Mitigated" in words_of([one["blocks"] for one in incident.ours]))
        timeline = "\n".join(lines_of((await at.slack.slash(at.alex, incident.channel, "incident timeline")).body))
        assert await serving.stop() == 0

        for each in remedied:
            with corner_in_errors(each):
                assert each.sent == [RESTART]
        for name in asked:
            with corner_in_errors(corners[name]):
                assert "CONFIRMED" in corners[name].shown
                assert len(corners[name].ours) == 1
        assert len([one for one in incident.ours if not one.get("thread_ts")]) == 1
        for said in ("customers cannot pay", "eu-west", "mitigated"):
            assert said in timeline


def answer_in(corner: Corner) -> dict[str, object]:
    (answer,) = [one for one in corner.ours if one.get("blocks")]
    return answer
