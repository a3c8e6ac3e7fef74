"""An answer is about the object that the message names, and says first if the cluster does not have it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.diagnosing import Engine
from responses.slack.presses import Press
from tests.end_to_end.workplace import Workplace, Worlds, broken_of, is_final, lines_of, words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORLDS = ("run-as-nonroot-root-image", "image-pull-failed", "pd-dns-resolution")
NON_ROOT = "Error: container has runAsNonRoot and image will run as root"


@pytest.fixture(scope="module")
def worlds(engine: Engine) -> Worlds:
    settings = {
        "objects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cart", "namespace": "store"}}]
    }
    return [*(broken_of(engine, each).world for each in WORLDS), settings]


async def answer_to(at: Workplace, text: str) -> list[str]:
    """Return the lines of the answer to a pasted text."""
    ts = await at.slack.say(at.alex, at.channel, text)
    return lines_of(await at.answer(ts))


def decided(lines: list[str]) -> bool:
    return any(word in line for line in lines for word in ("CONFIRMED", "RULED OUT", "LIKELY"))


async def test_absent_object_is_said_first_and_no_other_proves_the_error(at):
    named = {
        f'{NON_ROOT} (pod: "web-0_shop", container: app)': "Pod shop/web-0",
        f'{NON_ROOT} (pod: "nosuch-0_ledger", container: app)': "Pod ledger/nosuch-0",
        f"{NON_ROOT}, it is pod web-0 -n shop": "Pod shop/web-0",
        f"ns=shop pod=web-0 {NON_ROOT}": "Pod shop/web-0",
        f"{NON_ROOT} in namespace mine": "Namespace mine",
        f"{NON_ROOT} (namespace mine)": "Namespace mine",
        f"Deployment api in the mine namespace: {NON_ROOT}": "Deployment mine/api",
        f"命名空间 mine：{NON_ROOT}": "Namespace mine",
    }
    for text, target in named.items():
        lines = await answer_to(at, text)
        assert lines[0].startswith((f"{target} does not exist", "集群 simulated 中不存在")), text
        assert target in lines[0]
        assert not decided(lines), text
        assert any("ledger/db-tikv-0" in line for line in lines) or "Namespace" in target


async def test_name_in_words_that_no_object_has_is_said(at):
    """A misspelt name, and one that cannot be an English word, are names; another word is none."""
    misspelt = f"pod storefrnt is crashing: {NON_ROOT}"
    unlike = f"pod zebra-xylofon is crashing: {NON_ROOT}"
    lines = await answer_to(at, misspelt)
    assert lines[0].startswith("Pod storefrnt does not exist")
    assert any(line.startswith("Pod shop/storefront-") for line in lines)
    assert not decided(lines)
    lines = await answer_to(at, unlike)
    assert lines[0].startswith("Pod zebra-xylofon does not exist")
    assert not decided(lines)
    for words in ("pod restarter is crashing", "node says DiskPressure", "pod crash-looping"):
        lines = await answer_to(at, f"{words}: {NON_ROOT}")
        assert not any("does not exist" in line for line in lines), words
        assert decided(lines), words


async def test_object_of_another_kind_is_found_by_its_name(at):
    for about in ("ledger/db", "pod ledger/db"):
        lines = await diagnosed(at, about)
        assert "This answer is about TidbCluster ledger/db" in lines[0]
        assert not any("does not exist" in line for line in lines)


async def test_object_that_exists_is_found_by_an_incomplete_name(at, engine):
    image = broken_of(engine, "image-pull-failed")
    # A place that only the cluster knows, a cut name, and a pod whose owner has other pods by now.
    assert decided(await answer_to(at, f"{NON_ROOT}, db-tikv-0 in ledger"))
    lines = await answer_to(at, f"pod db-tik… -n ledger: {NON_ROOT}")
    assert "This answer is about Pod ledger/db-tikv-0" in lines[0]
    assert decided(lines)
    lines = await answer_to(at, f"POD DB-TIKV-0 IN NAMESPACE LEDGER {NON_ROOT}")
    assert decided(lines)
    gone = image.text.replace("cart-5d8f7c9b6-q7r2w", "cart-5d8f7c9b6-zzzzz")
    lines = await answer_to(at, gone)
    assert "Pod store/cart-5d8f7c9b6-zzzzz does not exist now" in lines[0]
    assert "Deployment store/cart" in lines[0]
    # Of many named objects the one in trouble is meant, and the answer says that there are more.
    many = "\n".join(f"pod/storefront-{number} -n shop" for number in range(8))
    lines = await answer_to(at, f"{many}\npod/db-tikv-0 -n ledger\nthey all say:\n{NON_ROOT}")
    assert "names 8 more of this kind; this answer is about Pod ledger/db-tikv-0 only" in lines[0]


async def test_names_of_hosts_and_words_are_parsed_as_what_they_are(at):
    ts = await at.slack.say(
        at.alex, at.channel, "dial tcp: lookup parcel-pd.parcel-db.svc on 10.96.0.10:53: no such host, pd"
    )
    answer = await at.answer(ts)
    await at.slack.click(at.alex, at.channel, answer["ts"], str(Press.DETAILS))
    views = await at.slack.wait_for(lambda: at.slack.views(at.alex))
    shown = words_of(answer["blocks"]) + words_of(views[-1]["blocks"])
    assert "-n parcel-db " in shown
    assert "-n parcel-db.svc" not in shown
    lines = await answer_to(
        at, "[warn] Node: says DiskPressure, 0/3 nodes are available: 3 had taint disk-pressure, evicted"
    )
    assert not any("says" in line.removeprefix("> ").split("DiskPressure")[0] for line in lines if "“" not in line)


async def test_other_image_is_another_question_and_the_same_one_is_linked(at):
    """The third image is really broken. Before, it was merged with the first two, which are not in the cluster."""
    line = 'Failed to pull image "registry.acme.io/shop/{0}": rpc error: code = NotFound: {0}: not found'
    answers = [await answer_to(at, line.format(image)) for image in ("api:v12", "billing:9", "cart:2.4.1")]
    assert any("CONFIRMED" in each for each in answers[-1])
    assert at.slack.ephemerals(at.alex) == []

    # The same question of another person is linked, and answered if they want that.
    first = [one for one in at.ours() if is_final(one)][-1]
    ts = await at.slack.say(at.bo, at.channel, line.format("cart:2.4.1"))
    whisper = (await at.slack.wait_for(lambda: at.slack.ephemerals(at.bo)))[0]
    assert first["ts"].replace(".", "") in str(whisper["blocks"])
    assert at.answers(ts) == []
    await at.slack.click(at.bo, at.channel, whisper["ts"], str(Press.ANYWAY))
    again = await at.answer(ts)
    # Both answers are about one incident and one image: they link to each other.
    assert first["ts"].replace(".", "") in str(again["blocks"])
    await at.slack.wait_for(lambda: again["ts"].replace(".", "") in str(at.answers(first["thread_ts"])))


async def test_ruled_out_answer_swallows_nothing(at):
    healthy = f'{NON_ROOT} (pod: "ledger-0_shop", container: app)'
    stamps = [await at.slack.say(user, at.channel, healthy) for user in (at.alex, at.bo)]
    answers = [await at.answer(ts) for ts in stamps]

    assert all("RULED OUT" in words_of(one["blocks"]) for one in answers)
    assert at.slack.ephemerals(at.bo) == []


async def test_two_pastes_within_a_second_get_two_answers(at, engine, broken):
    image = broken_of(engine, "image-pull-failed")
    stamps = await asyncio.gather(
        at.slack.say(at.alex, at.channel, f"```\n{broken.text}\n```"), at.slack.say(at.alex, at.channel, image.text)
    )
    await at.settled()
    answers = [at.answers(ts) for ts in stamps]

    assert [len(one) for one in answers] == [1, 1]
    assert "db-tikv-0" in words_of(answers[0][0]["blocks"])
    assert "cart" in words_of(answers[1][0]["blocks"])


async def test_kind_without_rules_of_health_is_not_called_fine(at):
    assert "NOT CHECKED" in (await diagnosed(at, "configmap store/cart"))[0]
    assert "NO KNOWN PROBLEM" in (await diagnosed(at, "deployment shop/storefront"))[0]
    assert any("store/cart" in line for line in await diagnosed(at, "namespace store"))


async def diagnosed(at: Workplace, about: str) -> list[str]:
    known = {one["ts"] for one in at.ours()}
    await at.slack.slash(at.alex, at.channel, about)
    new: list[dict[str, Any]] = await at.slack.wait_for(
        lambda: [one for one in at.ours() if one["ts"] not in known and is_final(one)]
    )
    return lines_of(new[0])
