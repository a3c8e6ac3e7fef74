"""Test changes that Argo CD reverts: a warning with a link to the source, and two confirmations."""

from __future__ import annotations

from typing import Any

import pytest

from bot.diagnosing import Engine
from responses.slack.presses import Press
from tests.end_to_end.workplace import Broken, Workplace, broken_case, lines_of, workplace

PAGE = "https://github.com/acme/platform/tree/main/adapter"
SELF_HEAL = "Argo CD (Application adapter) applies this object from a source; self-heal is on"


def application(repository: str) -> dict[str, Any]:
    return {
        "kind": "Application",
        "apiVersion": "argoproj.io/v1alpha1",
        "metadata": {"name": "adapter", "namespace": "argocd"},
        "spec": {
            "source": {"repoURL": repository, "path": "adapter", "targetRevision": "main"},
            "syncPolicy": {"automated": {"selfHeal": True}},
        },
    }


@pytest.fixture
def healed(engine: Engine) -> Broken:
    return broken_case(engine, "apiservice-unavailable", "the pods behind it hang, and a restart heals them")


def track(at: Workplace) -> None:
    """Put the deployment behind the API under Argo CD's control."""
    table, place = ("apps", "deployments"), {"namespace": "monitoring", "name": "prometheus-adapter"}
    stored = at.cluster.store.get(table=table, **place)
    assert stored is not None
    tracked = {"argocd.argoproj.io/tracking-id": "adapter:apps/Deployment:monitoring/prometheus-adapter"}
    metadata = {**stored["metadata"], "annotations": tracked}
    at.cluster.store.put(table=table, **place, obj={**stored, "metadata": metadata})


def links_in(value: Any) -> list[str]:
    if isinstance(value, list):
        return [url for each in value for url in links_in(each)]
    if not isinstance(value, dict):
        return []
    own = [value["url"]] if value.get("type") == "link" else []
    return own + [url for each in value.values() for url in links_in(each)]


async def test_change_that_argo_cd_reverts_shows_a_link_and_needs_two_confirmations(tmp_path, engine, healed):
    async with workplace(
        tmp_path, engine, healed.world, {"objects": [application("git@github.com:acme/platform")]}
    ) as at:
        track(at)
        answer = await at.answer(await at.slack.say(at.alex, at.channel, healed.text))
        dialog = await at.dialog(at.bo, answer)
        shown = lines_of(dialog)

        # Before the other effects.
        (told,) = [number for number, line in enumerate(shown) if SELF_HEAL in line]
        assert told < next(number for number, line in enumerate(shown) if line.startswith("- "))
        assert links_in(dialog["blocks"]) == [PAGE]

        await at.slack.submit(at.bo, dialog["id"])
        again = at.slack.views(at.bo)[-1]
        assert again["callback_id"] == Press.CONFIRM_AGAIN
        assert SELF_HEAL in "\n".join(lines_of(again))
        assert links_in(again["blocks"]) == [PAGE]
        assert at.writes() == []

        await at.slack.submit(at.bo, dialog["id"])
        await at.slack.wait_for(at.writes)
        await at.settled()
        assert [method for method, _ in at.writes() if method == "PATCH"] == ["PATCH"]


async def test_hostile_repository_url_is_neither_link_nor_markup(tmp_path, engine, healed):
    hostile = "https://token-of-ours:hunter22@github.com/acme/\n<!channel> <javascript:alert(1)|Sign in>"
    async with workplace(tmp_path, engine, healed.world, {"objects": [application(hostile)]}) as at:
        track(at)
        answer = await at.answer(await at.slack.say(at.alex, at.channel, healed.text))
        dialog = await at.dialog(at.bo, answer)
        await at.slack.submit(at.bo, dialog["id"])

        for view in (dialog, at.slack.views(at.bo)[-1]):
            assert links_in(view["blocks"]) == []
            # As plain text on one line with a visible break.
            assert "github.com/acme/ ⏎ <!channel>" in "\n".join(lines_of(view))
            assert "hunter22" not in str(view)
            assert "mrkdwn" not in str(view)
