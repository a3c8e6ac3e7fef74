"""What a term means and how something is done, by the catalog alone; what is said where nothing was understood."""

from __future__ import annotations

from typing import Any

import pytest

from responses.slack.presses import Press
from tests.end_to_end.test_names_as_meant import mentioned, offered
from tests.end_to_end.workplace import Workplace, Worlds, buttons_of, lines_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    return [WORLD]


OOM = {"exited": "OOMKilled", "restarts": 3, "waiting": "CrashLoopBackOff"}
WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/mailer/worker": {"containers": {"app": "worker:2"}, "pods": ["worker-7d9f8b6c54-x2x4z"]},
        "Deployment/mailer/checkout": {"containers": {"app": "checkout:2"}},
    },
    "faults": {"Pod/mailer/worker-7d9f8b6c54-x2x4z": OOM},
}


def questions(message: dict[str, Any]) -> dict[str, str]:
    """Return the offered questions by their buttons' labels."""
    found = [one for one in buttons_of(message["blocks"]) if one["action_id"].startswith(str(Press.ASK))]
    return {one["text"]["text"]: one["value"] for one in found}


async def pressed(at: Workplace, message: dict[str, Any], label: str) -> dict[str, Any]:
    """Press a question as bo and return its answer, which is in the message's thread."""
    ts = message.get("thread_ts") or message["ts"]
    known = {one["ts"] for one in at.answers(ts)}
    button = next(one for one in buttons_of(message["blocks"]) if one.get("text", {}).get("text") == label)
    await at.slack.click(at.bo, at.channel, message["ts"], button["action_id"])
    await at.settled()
    [new] = [one for one in at.answers(ts) if one["ts"] not in known]
    return new


async def test_a_term_is_explained_and_what_has_it_now_is_offered(at):
    answer = await mentioned(at, "what does OOMKilled mean?")
    said = "\n".join(lines_of(answer))
    assert lines_of(answer)[0] == "A container runs out of memory"
    assert "The kernel kills the container" in said
    assert "kubectl -n <namespace> top pod <pod> --containers" in said
    assert "CONFIRMED" not in said
    assert offered(answer) == ["Pod mailer worker-7d9f8b6c54-x2x4z"]

    steps = await pressed(at, answer, "How to fix it")
    assert lines_of(steps)[0] == "What to do: A container runs out of memory"
    assert "GOMEMLIMIT" in "\n".join(lines_of(steps))

    chinese = lines_of(await mentioned(at, "ImagePullBackOff 是什么意思？"))
    assert "无法" in chinese[0] or "镜像" in chinese[0]


async def test_a_term_without_an_entry_gets_what_is_near_it(at):
    answer = await mentioned(at, "what is a PDB?")
    assert lines_of(answer)[0] == "No entry explains that"
    [(label, value)] = questions(answer).items()
    assert "pdb-blocks-eviction" in value
    assert "budget" in "\n".join(lines_of(await pressed(at, answer, label)))

    restart = "\n".join(lines_of(await mentioned(at, "how do I restart deployment mailer/worker?")))
    assert "restart deployment mailer/worker" in restart
    nothing = lines_of(await mentioned(at, "how do I get a new domain name from the registrar?"))
    assert nothing[0] == "I have no steps for that"


async def test_what_was_not_understood_is_told_with_questions(at):
    answer = await mentioned(at, "why is chekoutt so slow today?")
    assert lines_of(answer)[0] == "Nothing here is called “chekoutt”"
    assert "I DON'T KNOW" not in str(answer)
    meant = await pressed(at, answer, "checkout")
    assert "Deployment mailer/checkout" in "\n".join(lines_of(meant))

    for text in ("谁在调用它？", "quantum bananas dance", "who calls it?"):
        answer = await mentioned(at, text)
        assert "I DON'T KNOW" not in str(answer)
        assert len(questions(answer)) >= 2, (text, lines_of(answer))
