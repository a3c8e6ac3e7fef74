"""Test that follow-ups do not repeat an answer, and that a pasted secret is named once by its kind."""

from __future__ import annotations

from tests.end_to_end.workplace import is_final, lines_of, words_of, workplace

SECRET = "abcdefghijklmnopqrstuvwx1234"


def mention(at, text):
    return f"<@{at.slack.bot_user_id}> {text}"


async def followed(at, ts, text, number):
    """Say something in the thread and return the lines of the answer to it."""
    await at.slack.say(at.bo, at.channel, mention(at, text), thread_ts=ts)
    answers = await at.slack.wait_for(
        lambda: found if len(found := [one for one in at.answers(ts) if is_final(one)]) == number else []
    )
    await at.settled()
    return lines_of(answers[-1])


async def test_follow_ups_link_the_answer_or_say_what_changed(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, f"{broken.text}\nAuthorization: Bearer {SECRET}")
        answer = await at.answer(ts)

        # The message holds a secret: its kind is named once, its text nowhere.
        said = "\n".join(lines_of(answer))
        assert said.count("looks like a bearer token: delete that message and rotate the secret") == 1
        assert SECRET not in said

        # The same question gets a link, not the answer again.
        (linked,) = await followed(at, ts, "what is the root cause again?", 2)
        assert linked.startswith("Answered above, see the earlier answer")
        assert f"p{answer['ts'].replace('.', '')}" in linked

        # The same object again: only what changed since.
        unchanged = await followed(at, ts, "pod ledger/db-tikv-0", 3)
        assert unchanged[0].startswith("🔴 Nothing has changed since ")
        assert "CONFIRMED · Container tikv of ledger/db-tikv-0 cannot start" in unchanged[0]
        assert len(unchanged) == 2

        # It is gone from the text of every message in the thread but the first.
        assert [one for one in at.answers(ts) if "rotate the secret" in words_of(one["blocks"])] == [
            at.slack.message(at.channel, answer["ts"])
        ]


async def test_fix_is_said_once_and_linked_by_follow_ups(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world) as at:
        ts = await at.slack.say(at.alex, at.channel, healing.text)
        answer = await at.answer(ts)
        await at.confirm(at.bo, answer)
        await at.slack.wait_for(lambda: "✅ FIXED" in words_of(at.slack.message(at.channel, answer["ts"])["blocks"]))
        await at.settled()

        (linked,) = await followed(at, ts, "what was the root cause?", 2)

        assert linked.startswith("Answered above, see the earlier answer")
        assert f"p{answer['ts'].replace('.', '')}" in linked
        assert [one["ts"] for one in at.answers(ts) if "FIXED" in words_of(one["blocks"])] == [answer["ts"]]


async def test_the_asker_goes_on_without_a_mention_until_somebody_else_speaks(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        ts = await at.slack.say(at.alex, at.channel, mention(at, "what is wrong with pod ledger/db-tikv-0?"))
        await at.answer(ts)

        async def heard(user, text, number):
            await at.slack.say(user, at.channel, text, thread_ts=ts)
            if number:
                await at.slack.wait_for(lambda: len([one for one in at.answers(ts) if is_final(one)]) == number)
            await at.settled()
            return len(at.answers(ts))

        assert await heard(at.alex, "show me its logs", 2) == 2
        assert await heard(at.alex, "who calls it?", 3) == 3
        # What is no request, what others say, and what is said to others stay talk.
        assert await heard(at.alex, "ok thanks, having lunch first", 0) == 3
        assert await heard(at.alex, f"<@{at.bo}> show me its logs", 0) == 3
        assert await heard(at.bo, "show me its events", 0) == 3
        assert await heard(at.alex, "show me its events", 0) == 3
        assert await heard(at.alex, mention(at, "show me its events"), 4) == 4
        # A thread that did not begin with a question to us.
        other = await at.slack.say(at.alex, at.channel, "lunch?")
        await at.slack.say(at.alex, at.channel, "show me its logs", thread_ts=other)
        await at.settled()
        assert not at.answers(other)
