"""A repeated error is answered once per audience, and only while the first answer stands."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.policy import Policy, load_policy
from bot.remedies.actions import action_names
from tests.end_to_end.workplace import Workplace, is_final, words_of, workplace

ALEX, BO = "U0000000001", "U0000000002"


def policy_of(tmp_path: Path, **sections: Any) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_text(json.dumps(sections))
    return load_policy(path, actions=action_names())


def final_answers(at: Workplace) -> list[dict[str, Any]]:
    return [one for one in at.ours() if is_final(one)]


async def paste(at: Workplace, user: str, text: str) -> str:
    ts = await at.slack.say(user, at.channel, text)
    await at.settled()
    return ts


async def test_paste_of_a_member_without_permission_silences_nobody(tmp_path, engine, broken):
    policy = policy_of(
        tmp_path,
        reading=[{"channels": ["*"], "users": [ALEX], "clusters": ["*"], "namespaces": ["*"]}],
        others="nothing",
    )
    async with workplace(tmp_path, engine, broken.world, policy=policy) as at:
        for _ in range(2):
            await paste(at, at.bo, broken.text)
            at.clock.advance(timedelta(minutes=20))
        assert at.ours() == []

        ts = await paste(at, at.alex, broken.text)
        assert [words_of(one["blocks"]).count("CONFIRMED") for one in at.answers(ts)] == [1]


async def test_text_only_answer_does_not_count_for_people_who_may_see_the_cluster(tmp_path, engine, broken):
    policy = policy_of(tmp_path, reading=[{"channels": ["*"], "users": [ALEX], "clusters": ["*"], "namespaces": ["*"]}])
    async with workplace(tmp_path, engine, broken.world, policy=policy) as at:
        text_only = await paste(at, at.bo, broken.text)
        assert "CONFIRMED" not in words_of(at.answers(text_only)[0]["blocks"])
        ts = await paste(at, at.alex, broken.text)
        assert "CONFIRMED" in words_of(at.answers(ts)[0]["blocks"])

        # A second person of the same audience is linked to their audience's answer.
        carol = at.slack.add_user("carol")
        await paste(at, carol, broken.text)
        assert len(final_answers(at)) == 2
        assert text_only in str(at.slack.ephemerals(carol)[0]["blocks"])


async def test_people_with_different_namespaces_get_their_own_answers(tmp_path, engine, broken):
    policy = policy_of(
        tmp_path,
        reading=[
            {"channels": ["*"], "users": [ALEX], "clusters": ["*"], "namespaces": ["*"]},
            {"channels": ["*"], "users": [BO], "clusters": ["*"], "namespaces": ["front"]},
        ],
    )
    async with workplace(tmp_path, engine, broken.world, policy=policy) as at:
        first = await paste(at, at.alex, broken.text)
        second = await paste(at, at.bo, broken.text)
        assert len(at.answers(first)) == len(at.answers(second)) == 1
        assert at.slack.ephemerals(at.bo) == []


async def test_answer_without_the_unreachable_cluster_is_given_again_once_it_is_back(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        await at.cluster.stop()
        first = await paste(at, at.alex, broken.text)
        assert "CONFIRMED" not in words_of(at.answers(first)[0]["blocks"])
        await at.cluster.start()
        at.clock.advance(timedelta(minutes=2))
        second = await paste(at, at.bo, broken.text)
        assert len(at.answers(second)) == 1


async def test_edited_paste_does_not_answer_for_its_former_error(tmp_path, engine, broken, vague):
    async with workplace(tmp_path, engine, broken.world, vague.world) as at:
        ts = await paste(at, at.alex, broken.text)
        await at.slack.edit(at.alex, at.channel, ts, vague.text)
        await at.settled()
        again = await paste(at, at.bo, broken.text)
        assert "CONFIRMED" in words_of(at.answers(again)[0]["blocks"])
        # The edited paste answers for its new error.
        await paste(at, at.slack.add_user("carol"), vague.text)
        assert len(final_answers(at)) == 2


async def test_answer_whose_posting_was_refused_does_not_count(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        at.slack.fail("chat.postMessage", error="not_in_channel", times=2, given={"channel": at.channel})
        await paste(at, at.alex, broken.text)
        assert at.ours() == []
        at.slack.clear_faults()
        again = await paste(at, at.bo, broken.text)
        assert "CONFIRMED" in words_of(at.answers(again)[0]["blocks"])


async def test_deleted_answer_does_not_count(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await paste(at, at.alex, broken.text)
        await at.slack.remove(at.alex, at.channel, at.answers(ts)[0]["ts"], admin=True)
        again = await paste(at, at.bo, broken.text)
        assert "CONFIRMED" in words_of(at.answers(again)[0]["blocks"])


async def test_repeats_do_not_extend_the_window(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        await paste(at, at.alex, broken.text)
        for number in range(2):
            at.clock.advance(timedelta(minutes=20))
            await paste(at, at.slack.add_user(f"person-{number}"), broken.text)
        assert len(final_answers(at)) == 2


async def test_concurrent_pastes_of_many_people_are_answered_once(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        people = [at.slack.add_user(f"person-{number}") for number in range(8)]
        for user in people:
            await at.slack.say(user, at.channel, broken.text)
        await at.slack.wait_for(lambda: sum(bool(at.slack.ephemerals(user)) for user in people) == len(people) - 1)
        await at.settled()
        (answer,) = final_answers(at)
        assert "8×" in words_of(answer["blocks"])


async def test_next_message_of_a_person_whose_paste_was_repeated_is_a_new_request(tmp_path, engine, broken, vague):
    async with workplace(tmp_path, engine, broken.world) as at:
        await paste(at, at.alex, broken.text)
        await paste(at, at.bo, broken.text)
        ts = await paste(at, at.bo, vague.text)
        assert len(at.answers(ts)) == 1


async def test_guest_cannot_unmute(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        await at.slack.slash(at.alex, at.channel, f"mute {broken.incident}")
        said = await at.slack.slash(at.guest, at.channel, f"unmute {broken.incident}")
        assert "may not mute or unmute" in str(said.body)
        muted = await at.slack.slash(at.alex, at.channel, "muted")
        assert broken.incident in str(muted.body)

        await at.slack.slash(at.alex, at.channel, f"unmute {broken.incident}")
        muted = await at.slack.slash(at.alex, at.channel, "muted")
        assert broken.incident not in str(muted.body)
