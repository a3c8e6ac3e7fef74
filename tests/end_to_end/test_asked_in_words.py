"""Questions in words are answered by sheets: in a thread they keep their subject, their window and what was shown."""

from __future__ import annotations

from typing import Any

from responses.slack.presses import Press
from tests.end_to_end.test_clusters import policy_showing
from tests.end_to_end.test_names_as_meant import asked, mentioned
from tests.end_to_end.workplace import Workplace, buttons_of, lines_of, words_of, workplace

POD = "api-7d9f8b6c54-x2x4z"
LOG = "\n".join(
    [*(f"step {at}" for at in range(30)), "ERROR no licence, token=ghp_0123456789abcdefghijklmnopqrstuvwxyzA"]
)
WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/mailer/api": {
            "age": "20d",
            "containers": {"app": "api:2"},
            "pods": {POD: {"node": "worker-b", "age": "40m"}},
            "before": {"containers": {"app": "api:1"}},
            "rolled": "40m",
        },
        "Deployment/store/basket": {"containers": {"app": "basket:2"}, "pods": ["basket-7d9f8b6c54-k2x8q"]},
    },
    "faults": {f"Pod/mailer/{POD}": {"exited": 3, "waiting": "CrashLoopBackOff", "previous": LOG}},
    "objects": [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("mailer", "store")],
}


async def said(at: Workplace, thread: str, text: str) -> str:
    """Mention the bot in a thread and return the words of its answer."""
    known = {one["ts"] for one in at.ours()}
    await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {text}", thread_ts=thread)
    new = await at.slack.wait_for(lambda: [one for one in at.answers(thread) if one["ts"] not in known])
    await at.settled()
    return words_of(new[0]["blocks"])


async def test_a_thread_goes_from_logs_to_changes_to_places(tmp_path, engine):
    async with workplace(tmp_path, engine, WORLD) as at:
        first = await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> show me the logs of mailer/api")
        answer = await at.answer(first)
        await at.settled()
        lines = lines_of(answer)
        assert lines[0].startswith("Log of Deployment mailer/api")
        assert "ERROR no licence" in "".join(lines)
        assert "ghp_0123" not in str(answer)
        assert [one["value"] for one in buttons_of(answer["blocks"])] == [
            "logs deployment mailer/api in full --context simulated",
            "health deployment mailer/api --context simulated",
            "events deployment mailer/api --context simulated",
        ]
        assert all(one["action_id"].startswith(str(Press.ASK)) for one in buttons_of(answer["blocks"]))

        assert "step 3" in await said(at, first, "show all")
        changed = await said(at, first, "what changed in the last 2 hours?")
        assert "Changes of Deployment mailer/api, last 2h" in changed
        assert "image api:1 → api:2" in changed
        assert "last 2h" in await said(at, first, "and in store?")
        assert "0 of 1 ready" in await said(at, first, "where does mailer/api run?")
        assert at.writes() == []


async def test_questions_about_nothing_in_particular_are_about_the_cluster(tmp_path, engine):
    async with workplace(tmp_path, engine, WORLD) as at:
        changed = lines_of(await mentioned(at, "what changed in the cluster since yesterday?"))
        assert changed[0].startswith("Changes in the cluster, last ")
        logs = await mentioned(at, "show me the logs")
        assert "name a pod, a workload or a Service" in "".join(lines_of(logs))
        assert buttons_of(logs["blocks"])[0]["value"] == "logs deployment mailer/api --context simulated"
        whole = await asked(at, "logs deployment mailer/api in full")
        assert "step 3" in words_of(whole["blocks"])
        history = lines_of(await asked(at, "history deployment mailer/api"))
        assert any("revision 2" in line for line in history)


async def test_what_the_policy_hides_is_in_no_sheet(tmp_path, engine):
    policy = policy_showing({"clusters": ["simulated"], "namespaces": ["store"]})
    async with workplace(tmp_path, engine, WORLD, policy=policy) as at:
        for text in (
            "what changed in the cluster?",
            "show me the logs",
            "where does mailer/api run?",
            "logs of mailer/api",
        ):
            answer = await mentioned(at, text)
            assert POD not in str(answer), text
            assert "Deployment mailer/api" not in str(answer), text
