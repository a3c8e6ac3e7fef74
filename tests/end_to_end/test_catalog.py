"""Ask about entries of all kinds in Slack and check the verdict from the cluster.

Each entry has its broken case, the healthy twin, and the broken case with every read forbidden. Each has its own
cluster and a channel that may see only that cluster; one app serves several entries. A verdict therefore also shows
that no data of another cluster was mixed in. (tests/catalog runs all cases.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.cli.rehearsal import stage
from bot.diagnosing import Engine
from bot.playground.kubernetes import SimulatedCluster
from bot.policy import Policy
from bot.policy.model import Rules
from intents.catalog.cases import ask_of, world_of
from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Case, Incident
from intents.domain import FindingOutcome, Language, Verdict
from responses import words
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, lines_of, workplace

# tests/catalog judges all cases of every entry; these are enough to see that no two clusters are mixed up.
# Those that need metrics are asked in tests/catalog: these clusters have no Prometheus.
ENTRIES = [
    entry for entry in load((builtin_directory(),)).catalog if not world_of(entry, entry.cases[0]).get("metrics")
][::16]
# The number of answers (two entries) an app may give at once before Slack's rate limits slow it down.
_ENTRIES_AT_ONCE = 2
# The verdicts that are allowed without any read.
_UNPROVEN = frozenset({Verdict.LIKELY, Verdict.POSSIBLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One case in its own channel. `blind`: every read is forbidden."""

    incident: Incident
    case: Case
    blind: bool = False

    @property
    def expected(self) -> frozenset[Verdict | None]:
        return _UNPROVEN if self.blind else frozenset({self.case.then})

    def cluster(self) -> SimulatedCluster:
        cluster = stage(world_of(self.incident, self.case))
        if self.blind:
            cluster.forbid_everything()
        return cluster


def scenes(incident: Incident) -> list[Scene]:
    broken = incident.cases[0]
    healthy = next(case for case in incident.cases if case.healthy)
    asked_by_text = next(case for case in incident.cases if not case.healthy and ask_of(incident, case).text)
    return [
        Scene(incident=incident, case=broken),
        Scene(incident=incident, case=healthy),
        Scene(incident=incident, case=asked_by_text, blind=True),
    ]


@pytest.mark.parametrize(
    "incidents",
    [ENTRIES[begin : begin + _ENTRIES_AT_ONCE] for begin in range(0, len(ENTRIES), _ENTRIES_AT_ONCE)],
    ids=lambda some: " ".join(one.id for one in some),
)
async def test_broken_case_is_confirmed_and_healthy_twin_is_not(
    tmp_path: Path, engine: Engine, incidents: Sequence[Incident]
) -> None:
    shown = {f"C0CASE{number}": one for number, one in enumerate(each for of in incidents for each in scenes(of))}
    clusters = {place.lower(): scene.cluster() for place, scene in shown.items()}
    grants = [{"channels": [place], "clusters": [place.lower()], "namespaces": ["*"]} for place in shown]
    policy = Policy(rules=Rules.model_validate({"reading": grants}))
    async with workplace(tmp_path, engine, policy=policy, others=clusters) as at:
        for place in shown:
            at.slack.add_channel(place.lower(), id=place)

        told = await asyncio.gather(
            *(answered(at, scene.incident, scene.case, channel=place) for place, scene in shown.items())
        )

        for verdict, scene in zip(told, shown.values(), strict=True):
            assert verdict in scene.expected, (scene.incident.id, scene.case.name, scene.blind)
        # Each cluster was read because of its own channel.
        assert all(any(sent.method == "GET" for sent in cluster.requests) for cluster in clusters.values())
        assert not at.cluster.requests


async def answered(at: Workplace, incident: Incident, case: Case, *, channel: str) -> Verdict | None:
    """Return the verdict on this incident in the channel, or None."""
    ask = ask_of(incident, case)
    if ask.text:
        # The command that printed the text names the namespace, if the case has one.
        before = f"$ kubectl get events -n {ask.namespace}\n" if ask.namespace else ""
        asked = f"<@{at.slack.bot_user_id}> explain {before}{ask.text}"
        message = await at.answer(await at.slack.say(at.alex, channel, asked), channel)
    else:
        await at.slack.slash(at.alex, channel, f"pod {ask.pod}")
        message = await answer_in(at, channel)
    if (verdict := verdict_in(lines_of(message), incident)) is not None:
        return verdict
    # Causes that are ruled out are in the details. Each case has its own user to open them.
    reader = at.slack.add_user(f"reader-of-{channel.lower()}")
    await at.slack.click(reader, channel, message["ts"], Press.DETAILS.value)
    views = await at.slack.wait_for(lambda: at.slack.views(reader))
    return verdict_in(lines_of(views[-1]), incident)


async def answer_in(at: Workplace, channel: str) -> dict[str, Any]:
    finals = await at.slack.wait_for(lambda: [one for one in at.ours(channel) if not one["text"].startswith("⏳")])
    return finals[0]


def verdict_in(lines: list[str], incident: Incident) -> Verdict | None:
    """Return the verdict in the line about this incident: a headline, a further cause or a ruled-out one."""
    title = incident.title.in_(Language.EN)
    for line in lines:
        for verdict in Verdict:
            if f"{words.verdict_word(verdict, Language.EN)} · {title}" in line:
                return verdict
        if f"{words.YOU_COULD.in_(Language.EN)} · {title}" in line:
            return Verdict.POSSIBLE
        if line.startswith(f"{words.SYMBOLS[FindingOutcome.REFUTES]} {title} ({incident.id})"):
            return Verdict.RULED_OUT
    return None
