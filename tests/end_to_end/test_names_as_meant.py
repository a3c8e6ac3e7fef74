"""A name leads to the object that a person means; if several may be meant, the answer asks with a button for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bot.diagnosing import Engine
from responses.slack.presses import Press
from tests.end_to_end.test_clusters import defaults, policy_showing
from tests.end_to_end.workplace import Workplace, buttons_of, is_final, lines_of, workplace

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _object(api: str, kind: str, namespace: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}


def _workload(name: str, pod: str) -> dict[str, Any]:
    return {"containers": {"app": f"{name}:2"}, "pods": {pod: {"age": "40m"}}}


BROKEN = {"exited": 3, "waiting": "CrashLoopBackOff", "previous": "ERROR no licence"}
FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "backoff limit reached"}
WORLD: dict[str, Any] = {
    "scene": {
        "Deployment/mailer/api": _workload("api", "api-7d9f8b6c54-x2x4z"),
        "Deployment/shop/cart": _workload("cart", "cart-7d9f8b6c54-k2x8q"),
        "Deployment/store/basket": _workload("basket", "basket-7d9f8b6c54-k2x8q"),
        "Deployment/shop/twin": _workload("twin", "twin-7d9f8b6c54-k2x8q"),
        "Deployment/store/twin": _workload("twin", "twin-7d9f8b6c55-k2x8q"),
        "Deployment/edge/edge": _workload("edge", "edge-7d9f8b6c54-k2x8q"),
    },
    "faults": {"Pod/mailer/api-7d9f8b6c54-x2x4z": BROKEN, "Pod/store/basket-7d9f8b6c54-k2x8q": BROKEN},
    "objects": [
        *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("edge", "shop", "store")),
        _object("v1", "ConfigMap", "shop", "settings", data={}),
        _object(
            "batch/v1", "Job", "shop", "report-29541600",
            spec={"template": {"spec": {"containers": [{"name": "main", "image": "report:1"}]}}},
            status={"failed": 1, "conditions": [FAILED]},
        ),
    ],
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> AsyncIterator[Workplace]:
    """Run where only the rooms may see more than the namespace store, and one of them has a namespace of its own."""
    data = tmp_path_factory.mktemp("names")
    policy = policy_showing(
        {"clusters": ["simulated"], "namespaces": ["store"]},
        {"clusters": ["*"], "namespaces": ["*"], "channels": ["#room-*"]},
    )
    home = defaults(data, '- {channels: ["#room-of-shop"], namespace: shop}')
    async with workplace(data, engine, WORLD, policy=policy, channel_defaults=home) as there:
        yield there


async def asked(at: Workplace, command: str) -> dict[str, Any]:
    """Give a command and return its answer."""
    known = {one["ts"] for one in at.ours()}
    await at.slack.slash(at.alex, at.channel, command)
    new: list[dict[str, Any]] = await at.slack.wait_for(
        lambda: [one for one in at.ours() if one["ts"] not in known and is_final(one)]
    )
    await at.settled()
    return new[0]


async def mentioned(at: Workplace, text: str) -> dict[str, Any]:
    """Mention the bot and return its answer."""
    return await at.answer(await at.slack.say(at.alex, at.channel, f"<@{at.slack.bot_user_id}> {text}"))


def offered(message: dict[str, Any]) -> list[str]:
    """Return the objects with a Diagnose button."""
    buttons = [one for one in buttons_of(message["blocks"]) if one["action_id"].startswith(str(Press.DIAGNOSE))]
    return [" ".join(one["value"].split("|")[:3]) for one in buttons]


async def test_a_workload_is_found_by_namespace_and_name(at):
    for command in ("mailer/api", "pod mailer/api", "pod api"):
        lines = lines_of(await asked(at, command))
        assert "Deployment mailer/api" in lines[0], command
        assert "CONFIRMED" in "".join(lines), command


async def test_without_a_namespace_all_readable_ones_are_searched(at):
    lines = lines_of(await asked(at, "deploy cart"))
    assert "namespace shop" in lines[0]
    assert "Deployment shop/cart: 1 of 1 pods are ready; no known incident applies." in lines

    several = await asked(at, "deploy twin")
    assert lines_of(several)[0].endswith("Which object do you mean?")
    assert offered(several) == ["Deployment shop twin", "Deployment store twin"]
    await at.slack.click(at.alex, at.channel, several["ts"], f"{Press.DIAGNOSE}:1")
    assert "Deployment store/twin" in "".join(lines_of(await at.answer(several["ts"])))

    none = await asked(at, "deploy nosuch")
    assert "any namespace that Casebook may read" in lines_of(none)[0]
    assert offered(none) == []


async def test_the_search_stays_within_what_may_be_shown(at):
    at = replace(at, channel=at.slack.add_channel("store"))
    assert "store/twin" in "".join(lines_of(await asked(at, "deploy twin")))
    hidden = await asked(at, "deploy cart")
    assert "shop" not in str(hidden["blocks"])


async def test_the_namespace_of_the_channel_counts(at):
    at = replace(at, channel=at.slack.add_channel("room-of-shop"))
    assert "Deployment shop/twin" in "".join(lines_of(await asked(at, "deploy twin")))
    assert offered(await asked(at, "deploy basket")) == ["Deployment store basket"]


async def test_a_namespace_said_behind_the_name_counts_if_it_exists(at):
    for text in (
        "job report-29541600 failed in shop",
        "job report-29541600 failed in namespace shop",
        "job report-29541600 failed in the shop namespace",
        "shop 里的 job report-29541600 失败了",
        "job report-29541600 在 shop 失败了",
        "job report-29541600 failed in production",
    ):
        lines = lines_of(await mentioned(at, text))
        assert any("Job shop/report-29541600" in line for line in lines[:2]), text


async def test_an_object_of_another_namespace_is_offered_and_not_diagnosed(at):
    for text in (
        "why is basket in namespace shop failing?",
        "why is basket failing in namespace shop?",
        "why is basket in shop failing?",
        "why is deployment basket in namespace shop failing?",
        "why is deployment basket failing in namespace shop?",
    ):
        answer = await mentioned(at, text)
        lines = lines_of(answer)
        where = "basket is not in namespace shop; an object of that name is in store"
        assert any(where in line for line in lines[:2]), text
        assert offered(answer) == ["Deployment store basket"], text
        assert "CONFIRMED" not in "".join(lines), text


async def test_a_name_of_several_namespaces_in_a_question_is_a_choice(at):
    answer = await mentioned(at, "why is twin slow?")
    assert offered(answer) == ["Deployment shop twin", "Deployment store twin"]
    assert "store/basket" in "".join(lines_of(await mentioned(at, "what is wrong with store/basket?")))


async def test_objects_of_other_kinds_with_the_name_are_offered(at):
    assert offered(await asked(at, "ingress edge")) == ["Deployment edge edge", "Namespace  edge"]
    assert offered(await asked(at, "ingress edge/edge")) == ["Deployment edge edge", "Namespace  edge"]
    assert offered(await asked(at, "secret shop/settings")) == ["ConfigMap shop settings"]
