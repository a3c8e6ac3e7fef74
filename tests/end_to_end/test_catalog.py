"""Every case of every entry as people meet it: pasted or asked for in Slack, read from its cluster, judged as it says.

A case is a cluster of its own, and a channel that the policy lets see that cluster and no other; the app is one for all
cases of an entry. So a verdict here also shows that nothing of a neighbour's was mixed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine
from bot.policy import Policy
from bot.policy.model import Rules
from bot.rehearsing import stage
from intents.catalog.cases import ask_of, world_of
from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Case, Incident
from intents.domain import Language, Outcome, Verdict
from responses import words
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, lines_of, workplace

CATALOG = load((builtin_directory(),)).catalog


# So many answers an app may give at once before it has to slow down for Slack.
_AT_ONCE = 6


def parts() -> Iterator[object]:
    for incident in CATALOG:
        for begin in range(0, len(incident.cases), _AT_ONCE):
            cases = incident.cases[begin : begin + _AT_ONCE]
            yield pytest.param(incident, cases, id=f"{incident.id} {begin + 1}-{begin + len(cases)}")


@pytest.mark.parametrize(("incident", "cases"), list(parts()))
async def test_every_case_of_an_entry_is_answered_with_its_verdict(
    tmp_path: Path, engine: Engine, incident: Incident, cases: Sequence[Case]
) -> None:
    places = [f"C0CASE{number}" for number in range(len(cases))]
    clusters = {place.lower(): stage(world_of(incident, case)) for place, case in zip(places, cases, strict=True)}
    grants = [{"channels": [place], "clusters": [place.lower()], "namespaces": ["*"]} for place in places]
    policy = Policy(rules=Rules.model_validate({"reading": grants}))
    async with workplace(tmp_path, engine, policy=policy, others=clusters) as at:
        for place in places:
            at.slack.add_channel(place.lower(), id=place)

        told = await asyncio.gather(
            *(answered(at, incident, case, channel=place) for place, case in zip(places, cases, strict=True))
        )

        assert {case.name: verdict for case, verdict in zip(cases, told, strict=True)} == {
            case.name: case.then for case in cases
        }
        # What was read came from the clusters themselves, each asked because of its own channel.
        assert all(any(sent.method == "GET" for sent in cluster.requests) for cluster in clusters.values())
        assert not at.cluster.requests


async def answered(at: Workplace, incident: Incident, case: Case, *, channel: str) -> Verdict | None:
    """What the channel is told of this incident; None if nothing is."""
    ask = ask_of(incident, case)
    if ask.text:
        # The command that printed it names the namespace, where the case says which it was.
        before = f"$ kubectl get events -n {ask.namespace}\n" if ask.namespace else ""
        message = await at.answer(await at.slack.say(at.alex, channel, before + ask.text), channel)
    else:
        await at.slack.slash(at.alex, channel, f"pod {ask.pod}")
        message = await answer_in(at, channel)
    if (verdict := verdict_in(lines_of(message), incident)) is not None:
        return verdict
    # What is ruled out beside what stands is one press away. Each has somebody of its own to look at it.
    reader = at.slack.add_user(f"reader-of-{channel.lower()}")
    await at.slack.click(reader, channel, message["ts"], Press.DETAILS.value)
    views = await at.slack.wait_for(lambda: at.slack.views(reader))
    return verdict_in(lines_of(views[-1]), incident)


async def answer_in(at: Workplace, channel: str) -> dict[str, Any]:
    finals = await at.slack.wait_for(lambda: [one for one in at.ours(channel) if not one["text"].startswith("⏳")])
    return finals[0]


def verdict_in(lines: list[str], incident: Incident) -> Verdict | None:
    """The verdict in the line that tells of this incident, as a headline, beside another one or among the ruled out."""
    title = incident.title.in_(Language.EN)
    for line in lines:
        for verdict in Verdict:
            if f"{words.verdict(verdict, Language.EN)} · {title}" in line:
                return verdict
        if line.startswith(f"{words.SYMBOLS[Outcome.REFUTES]} {title} ({incident.id})"):
            return Verdict.RULED_OUT
    return None
