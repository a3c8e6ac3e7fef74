"""Test several clusters: which one a question means, the choice if it is unclear, and a broken cluster."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.cli.rehearsal import stage
from bot.diagnosing import Engine
from bot.playground.kubernetes import SimulatedCluster
from bot.policy import Policy
from bot.policy.channel_defaults import ChannelDefaults, load_channels
from bot.policy.model import Rules
from responses.slack.presses import Press
from tests.end_to_end.process import Premises, premises
from tests.end_to_end.workplace import (
    Broken,
    Workplace,
    buttons_of,
    is_final,
    lines_of,
    words_of,
    workplace,
)
from tests.waiting import until

POD = "pod ledger/db-tikv-0"
EVERYTHING = {"clusters": ["*"], "namespaces": ["*"]}


def policy_showing(*grants: Mapping[str, Any]) -> Policy:
    everywhere = {**EVERYTHING, "cluster_scoped": True}
    acting = [{**everywhere, "users": ["*"], "actions": ["*"]}]
    reading = list(grants or (EVERYTHING,))
    return Policy(rules=Rules.model_validate({"reading": reading, "remediation": [everywhere], "acting": acting}))


@asynccontextmanager
async def two_clusters(
    tmp_path: Path, engine: Engine, broken: Broken, *, policy: Policy | None = None, **options: Any
) -> AsyncIterator[tuple[Workplace, SimulatedCluster]]:
    """Run with two clusters and return `prod`, which has the broken pod; `simulated` does not."""
    prod = stage(broken.world)
    async with workplace(tmp_path, engine, policy=policy or policy_showing(), others={"prod": prod}, **options) as at:
        yield at, prod


def defaults(tmp_path: Path, text: str) -> ChannelDefaults:
    file = tmp_path / "channels.yaml"
    file.write_text(text)
    return load_channels(file)


async def send_command(at: Workplace, text: str, *, channel: str = "", user: str = "") -> dict[str, Any]:
    """Send a command and return its answer."""
    channel = channel or at.channel
    before = {one["ts"] for one in at.ours(channel)}
    await at.slack.slash(user or at.alex, channel, text)
    new = await at.slack.wait_for(
        lambda: [one for one in at.ours(channel) if one["ts"] not in before and is_final(one)]
    )
    return new[-1]


async def paste(at: Workplace, text: str, channel: str = "") -> dict[str, Any]:
    channel = channel or at.channel
    return await at.answer(await at.slack.say(at.alex, channel, text), channel)


async def pick(at: Workplace, message: Mapping[str, Any], cluster: str, *, user: str = "") -> None:
    [button] = [one for one in choice_elements(message) if one["text"]["text"] == cluster]
    await at.slack.click(user or at.alex, at.channel, message["ts"], button["action_id"], value=button["value"])


def press_payload(at: Workplace, message: Mapping[str, Any], value: str) -> dict[str, Any]:
    """Send a button press, whatever the message shows now."""
    return {
        "type": "block_actions",
        "team": {"id": at.slack.team_id},
        "user": {"id": at.bo},
        "container": {"type": "message", "channel_id": at.channel, "message_ts": message["ts"]},
        "actions": [{"action_id": "cluster:0", "type": "button", "value": value, "action_ts": "1.1"}],
    }


def choice_elements(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [one for one in buttons_of(message["blocks"]) if one["action_id"].startswith(Press.CLUSTER)]


def offered_clusters(message: Mapping[str, Any]) -> list[str]:
    return [one["text"]["text"] for one in choice_elements(message)]


def text_of(message: Mapping[str, Any]) -> str:
    return "\n".join(lines_of(message))


async def wait_for_text(at: Workplace, message: Mapping[str, Any], says: str) -> dict[str, Any]:
    """Wait until the message contains this text and return it."""
    await at.slack.wait_for(lambda: says in text_of(at.slack.message(at.channel, message["ts"])))
    return at.slack.message(at.channel, message["ts"])


def reads(cluster: SimulatedCluster) -> list[str]:
    return [one.path for one in cluster.requests if one.method == "GET" and one.path != "/version"]


# --- which one is meant ---


async def test_command_and_answer_name_the_cluster(tmp_path, engine, broken):
    async with two_clusters(tmp_path, engine, broken) as (at, _):
        for text in (f"{POD} in prod", f"{POD} --context prod", f"explain --context prod {broken.text}"):
            answer = await send_command(at, text)
            assert "cluster prod (named in the question)" in text_of(answer)
        assert not reads(at.cluster)

        wrong = await send_command(at, f"{POD} in prdo")
        assert "There is no cluster “prdo” here; did you mean prod?" in text_of(wrong)
        assert offered_clusters(wrong) == ["simulated", "prod"]


async def test_hidden_cluster_names_are_not_revealed(tmp_path, engine, broken):
    policy = policy_showing({"clusters": ["simulated"], "namespaces": ["*"]})
    async with two_clusters(tmp_path, engine, broken, policy=policy) as (at, prod):
        hidden = text_of(await send_command(at, "pod front/web in prod"))
        absent = text_of(await send_command(at, "pod front/web in prud"))

        assert hidden.replace("prod", "prud") == absent
        assert "Available clusters: simulated" in absent
        assert not prod.requests


async def test_cluster_named_by_an_alert_applies_to_its_thread(tmp_path, engine, broken):
    async with two_clusters(tmp_path, engine, broken) as (at, _):
        ts = await at.slack.say(at.alex, at.channel, f'{broken.text}\ncluster="prod"')
        answer = await at.answer(ts)
        assert "CONFIRMED" in text_of(answer)
        assert "cluster prod (named in the text)" in text_of(answer)

        # Only the thread gives the cluster: no cluster has this pod.
        await at.slack.say(at.bo, at.channel, f"<@{at.slack.bot_user_id}> pod ledger/nowhere", thread_ts=ts)
        later = await at.slack.wait_for(lambda: [one for one in at.answers(ts)[1:] if is_final(one)])
        assert "does not exist" in text_of(later[-1])
        assert "(cluster prod)" in text_of(later[-1])


async def test_same_error_in_two_clusters_is_answered_twice(tmp_path, engine, broken):
    async with two_clusters(tmp_path, engine, broken) as (at, _):
        first = await paste(at, f'{broken.text}\ncluster="prod"')
        second = await at.answer(await at.slack.say(at.bo, at.channel, f'{broken.text}\ncluster="simulated"'))

        assert "cluster prod (named in the text)" in text_of(first)
        assert "cluster simulated (named in the text)" in text_of(second)


async def test_channel_defaults_set_cluster_and_namespace_without_granting_access(tmp_path, engine, broken):
    channels = defaults(tmp_path, '- {channels: ["inc-*"], cluster: prod, namespace: front}')
    policy = policy_showing({"channels": ["#inc-1"], **EVERYTHING}, {"clusters": ["simulated"], "namespaces": ["*"]})
    async with two_clusters(
        tmp_path, engine, broken, policy=policy, channel_defaults=channels, incident_channels="-"
    ) as (at, prod):
        here, hidden = at.slack.add_channel("inc-1"), at.slack.add_channel("inc-2")

        assert "cluster prod (this channel's default)" in text_of(await paste(at, broken.text, here))
        missing = text_of(await send_command(at, "pod nowhere", channel=here))
        assert "front/nowhere" in missing
        assert "cluster prod" in missing

        asked_before = len(prod.requests)
        elsewhere = text_of(await paste(at, broken.text, hidden))
        assert "cluster simulated ·" in elsewhere
        assert "prod" not in elsewhere
        assert len(prod.requests) == asked_before


async def test_configured_context_is_the_default(tmp_path, engine, broken):
    async with two_clusters(tmp_path, engine, broken, context="prod") as (at, _):
        assert "cluster prod (the default)" in text_of(await paste(at, broken.text))


# --- what cannot be told is asked ---


async def test_object_is_searched_in_all_clusters_concurrently(tmp_path, engine, broken):
    async with two_clusters(tmp_path, engine, broken) as (at, _):
        answer = await send_command(at, POD)
        assert "cluster prod (no other cluster has the object)" in text_of(answer)
        assert choice_elements(answer) == []
        assert len(reads(at.cluster)) == 1

        nowhere = await send_command(at, "pod front/nowhere")
        assert "front/nowhere does not exist in any cluster" in text_of(nowhere)
        assert "name the cluster in your question: “in simulated”, “in prod”" in words_of(nowhere["blocks"])
        assert offered_clusters(nowhere) == ["simulated", "prod"]


async def test_cluster_choice_is_offered_below_a_text_answer_to_permitted_users(tmp_path, engine, vague):
    async with two_clusters(tmp_path, engine, vague) as (at, _):
        answer = await paste(at, vague.text)
        assert "The text could refer to several clusters" in text_of(answer)
        assert "Which cluster?" in text_of(answer)
        assert offered_clusters(answer) == ["simulated", "prod"]
        assert all(one["value"] not in ("prod", "simulated") for one in choice_elements(answer))

        await pick(at, answer, "prod", user=at.bo)
        found = await wait_for_text(at, answer, "cluster prod (as selected)")
        assert "several clusters" not in text_of(found)
        assert offered_clusters(found) == ["simulated"]

        # A button of the earlier message, pressed by a user who has not seen the update; and a repeated press.
        stale = press_payload(at, answer, choice_elements(answer)[1]["value"])
        await at.send(stale)
        await at.send(stale)
        await at.settled()
        assert "cluster prod (as selected)" in text_of(at.slack.message(at.channel, answer["ts"]))
        await pick(at, found, "simulated")
        other = await wait_for_text(at, answer, "cluster simulated (as selected)")
        assert offered_clusters(other) == ["prod"]
        await at.settled()
        assert len(at.answers(answer["thread_ts"])) == 1


async def test_later_cluster_choice_replaces_a_slower_earlier_one(tmp_path, engine, vague):
    async with two_clusters(tmp_path, engine, vague, call_timeout=1.6) as (at, prod):
        answer = await paste(at, vague.text)
        prod.fail(path_prefix="/api", hang=True)
        await pick(at, answer, "prod")
        await until(lambda: len(prod.requests) > 1)
        await at.send(press_payload(at, answer, choice_elements(answer)[0]["value"]))
        await wait_for_text(at, answer, "cluster simulated (as selected)")
        await at.settled()

        assert "cluster simulated (as selected)" in text_of(at.slack.message(at.channel, answer["ts"]))


async def test_hidden_cluster_is_not_queried_by_any_button_press(tmp_path, engine, vague):
    policy = policy_showing(
        {"channels": ["#general"], "users": ["U0000000001"], **EVERYTHING},
        {"clusters": ["simulated"], "namespaces": ["*"]},
    )
    async with two_clusters(tmp_path, engine, vague, policy=policy) as (at, prod):
        assert at.alex == "U0000000001"
        answer = await paste(at, vague.text)
        assert offered_clusters(answer) == ["simulated", "prod"]
        before = text_of(answer)

        await pick(at, answer, "prod", user=at.bo)
        await at.slack.wait_for(lambda: at.slack.ephemerals(at.bo))
        await at.settled()

        told = words_of([one["blocks"] for one in at.slack.ephemerals(at.bo)])
        assert "does not allow you to see this cluster" in told
        assert text_of(at.slack.message(at.channel, answer["ts"])) == before
        assert not prod.requests
        [entry] = await at.audited()
        assert (entry.action, entry.outcome, entry.cluster, entry.actor) == ("cluster", "refused", "prod", at.bo)


async def test_forged_button_press_queries_nothing(tmp_path, engine, vague):
    async with two_clusters(tmp_path, engine, vague) as (at, prod):
        answer = await paste(at, vague.text)
        other = await send_command(at, "pod front/nowhere")
        prod.requests.clear()
        await at.send(press_payload(at, answer, "prod"))
        await at.send(press_payload(at, answer, choice_elements(other)[1]["value"]))
        await at.settled()

        assert prod.requests == []
        assert [entry.outcome for entry in await at.audited()] == ["refused", "refused"]


async def test_many_clusters_are_shown_as_a_menu(tmp_path, engine, vague):
    others = {f"prod-{number}": stage() for number in range(5)} | {"prod": stage(vague.world)}
    async with workplace(tmp_path, engine, policy=policy_showing(), others=others) as at:
        answer = await paste(at, vague.text)
        [menu] = choice_elements(answer)
        assert menu["type"] == "static_select"
        value = next(one["value"] for one in menu["options"] if one["text"]["text"] == "prod")

        await at.slack.click(at.alex, at.channel, answer["ts"], menu["action_id"], value=value)

        await wait_for_text(at, answer, "cluster prod (as selected)")


async def test_unknown_text_offers_no_cluster_choice(tmp_path, engine, broken):
    async with two_clusters(tmp_path, engine, broken) as (at, _):
        await at.slack.say(at.alex, at.channel, "lunch is at noon, who joins?")
        direct = at.slack.open_im(at.alex)
        await at.slack.say(at.alex, direct, "lunch is at noon, who joins?")
        [answer] = await at.slack.wait_for(lambda: [one for one in at.ours(direct) if is_final(one)])
        await at.settled()

        assert at.ours() == []
        assert choice_elements(answer) == []


# --- one is out of order ---


@asynccontextmanager
async def broken_servers() -> AsyncIterator[dict[str, str]]:
    """Yield the addresses of a server that never answers and of one that refuses connections."""
    held: list[asyncio.StreamWriter] = []

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        stack.push_async_callback(server.wait_closed)
        stack.callback(server.close)
        gone = await asyncio.start_server(silent, "127.0.0.1", 0)
        refusing = gone.sockets[0].getsockname()[1]
        gone.close()
        await gone.wait_closed()
        try:
            yield {
                "silent": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
                "refusing": f"http://127.0.0.1:{refusing}",
            }
        finally:
            for writer in held:
                writer.close()


def broken_cluster_options(**sick: str) -> dict[str, Any]:
    """Return options that keep a broken cluster broken."""
    return {"policy": policy_showing(), "addresses": sick, "call_timeout": 0.5, "deadline": 1.0}


async def seconds_to_answer(at: Workplace, text: str) -> float:
    """Return how many seconds an answer in a new channel takes."""
    channel = at.slack.add_channel(f"room-{time.monotonic_ns()}")
    started = time.monotonic()
    assert "CONFIRMED" in text_of(await send_command(at, text, channel=channel))
    return time.monotonic() - started


async def readiness(at: Workplace) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/readyz") as response:
        return response.status


async def test_broken_cluster_is_reported_with_advice_and_slows_no_other(tmp_path, engine, broken):
    hung = stage()
    # A request that waited behind those to a broken cluster would take this long: more than a busy machine does.
    call = 8.0
    options = broken_cluster_options() | {
        "call_timeout": call,
        "deadline": call + 0.5,
        "jobs_concurrency": 4,
        "drain": 0,
    }
    async with (
        broken_servers() as sick,
        workplace(tmp_path, engine, broken.world, others={"hung": hung}, **options | {"addresses": sick}) as at,
    ):
        here = f"{POD} in simulated"
        # It was healthy when connected, so that every later call runs into the timeout.
        await send_command(at, "pod front/nowhere in hung")
        hung.fail(path_prefix="/api", hang=True, times=10_000)
        started = time.monotonic()
        waiting = [
            [
                # Each by another person: one person's requests wait for each other.
                asyncio.create_task(
                    send_command(
                        at,
                        f"{POD} in {name}",
                        channel=at.slack.add_channel(f"{name}-{number}"),
                        user=at.slack.add_user(f"{name}-{number}"),
                    )
                )
                for number in range(people)
            ]
            # More than run at once ask about the one that hangs.
            for name, people in (*dict.fromkeys(sick, 1).items(), ("hung", 5))
        ]
        await until(lambda: len([one for one in hung.requests if one.path.startswith("/api")]) > 2)
        beside = [await seconds_to_answer(at, here) for _ in range(3)]
        assert await readiness(at) == 200
        assert not any(task.done() for task in waiting[-1]), "nobody was in the way"
        told = dict(zip((*sick, "hung"), [text_of(await first_result(tasks)) for tasks in waiting], strict=True))
        took = time.monotonic() - started

        assert max(beside) < call
        assert took < 30
        for name, why in (("silent", "unreachable"), ("refusing", "unreachable"), ("hung", "timed out")):
            assert f"cluster {name} could not be queried: {why}" in told[name]
            assert "CASEBOOK_CONTEXTS" in told[name]
            assert sick.get(name, hung.url) not in told[name]


async def first_result(tasks: Sequence[asyncio.Task[dict[str, Any]]]) -> dict[str, Any]:
    """Return the first result and cancel the other tasks."""
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    return done.pop().result()


async def test_unreachable_cluster_does_not_delay_the_object_search(tmp_path, engine, broken):
    async with (
        broken_servers() as sick,
        # Longer than any answer may take.
        workplace(tmp_path, engine, broken.world, **broken_cluster_options(**sick) | {"call_timeout": 20.0}) as at,
    ):
        took = -time.monotonic()
        answer = await send_command(at, POD)
        took += time.monotonic()

        assert "cluster simulated (it has the object; silent, refusing could not be queried)" in text_of(answer)
        assert offered_clusters(answer) == ["silent", "refusing"]
        assert took < 12


async def test_unreachable_cluster_is_not_reported_as_lacking_the_object(tmp_path, engine, broken):
    async with broken_servers() as sick:
        refusing = broken_cluster_options(refusing=sick["refusing"])
        async with workplace(tmp_path, engine, broken.world, **refusing) as at:
            nowhere = text_of(await send_command(at, "pod front/nowhere"))
            assert "front/nowhere was not found; refusing could not be queried" in nowhere


async def test_cluster_choice_survives_restarts_before_and_after_the_press(tmp_path, engine, vague):
    async with premises(tmp_path, vague.world, pace=False, CASEBOOK_CONTEXTS="simulated,other") as at:
        other = stage()
        await other.start()
        config = at.cluster.kubeconfig()
        config["clusters"].append({"name": "other", "cluster": {"server": other.url}})
        config["contexts"].append({"name": "other", "context": {"cluster": "other", "user": "casebook"}})
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        serving = await at.start()
        answer = await at.answer(await at.slack.say(at.alex, at.channel, vague.text))
        assert offered_clusters(answer) == ["simulated", "other"]
        # Posted before it is stored: until then its buttons are unknown.
        await until(lambda: stored_answers(at) == 1)
        await serving.kill()

        serving = await at.start()
        at.cluster.fail(path_prefix="/api", hang=True)
        button = choice_elements(answer)[0]
        await at.slack.click(at.bo, at.channel, answer["ts"], button["action_id"], value=button["value"])
        await until(lambda: any(one.path.startswith("/api") for one in at.cluster.requests))
        await serving.kill()

        await at.start()
        await at.slack.wait_for(
            lambda: "cluster simulated (as selected)" in text_of(at.slack.message(at.channel, answer["ts"])), timeout=20
        )
        assert len(at.ours(answer["thread_ts"])) == 1
        await other.stop()


def stored_answers(at: Premises) -> int:
    with contextlib.closing(sqlite3.connect(at.data / "casebook.db")) as database:
        (count,) = database.execute("SELECT count(*) FROM answers").fetchone()
        return int(count)
