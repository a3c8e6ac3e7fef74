"""Alertmanager's webhook under attack: bad requests, wrong clocks, copies out of order, hostile labels, outages."""

from __future__ import annotations

import copy
import gzip
import io
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import aiohttp

from bot.policy.alert_routes import AlertRoute, AlertRoutes
from tests.end_to_end.test_alerts_webhook import (
    BEGAN,
    BODY,
    CHANNEL,
    TILL,
    TO_CHANNEL,
    TOKEN,
    alert,
    deliver,
    group,
    post_with,
    posts,
    resolved,
)
from tests.end_to_end.test_metrics import scraped
from tests.end_to_end.test_overviews import SCENE
from tests.end_to_end.workplace import Workplace, lines_of, workplace

BEARER = {"Authorization": f"Bearer {TOKEN}"}
LARGE = b" " * 2 * 1024 * 1024
WRONG = (
    "",
    "Bearer",
    "Bearer wrong",
    f"Bearer {TOKEN}x",
    f"bearer{TOKEN}",
    f"Basic {TOKEN}",
    "Basic \xff",
    f"Token {TOKEN}",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "x",
    "\x00",
    "\ud800",
    "2026-11-20T08:00:00",
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59-05:00",
    [],
    [None],
    {},
    {"": ""},
    {"pod": None},
    {"pod": {"name": "x"}},
    {f"label{number}": "x" for number in range(100)},
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inner, (*path, key))


def changed(whole: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    result = copy.deepcopy(whole)
    inner: Any = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return result


def field(path: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


async def request(at: Workplace, method: str = "POST", **given: Any) -> int:
    given = {"headers": BEARER, **given}
    async with aiohttp.ClientSession() as session, session.request(method, f"{at.app.url}/alerts", **given) as got:
        return got.status


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in parts: it is sent without a length."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


async def test_every_field_with_any_value_is_accepted_or_named(tmp_path, engine):
    """Try each value in each field: in those of an alert either in the firing or in the resolved one."""
    numbers = itertools.count(1)

    def fresh() -> dict[str, Any]:
        """Return a group that is new to the app, so that it is stored."""
        one, other = (f"{next(numbers):016x}" for _ in range(2))
        return group(alert(TILL[0], fingerprint=one), resolved(alert(TILL[1], fingerprint=other)))

    options: dict[str, Any] = {"alert_routes": TO_CHANNEL, "alerts_token": TOKEN, "alert_window_s": 3.0}
    async with workplace(tmp_path, engine, SCENE, **options) as at:
        wrong = []
        for number, path in enumerate(paths(fresh())):
            for value in VALUES[(number + path[1]) % 2 :: 2] if len(path) > 1 else VALUES:
                body = json.dumps(changed(fresh(), path, value)).encode()
                while (told := await deliver(at, body))[0] == HTTPStatus.SERVICE_UNAVAILABLE:
                    # A disk that stalls: the sender is asked to send it again, as Alertmanager does.
                    assert "send them again" in told[1]
                status, says = told
                named = field(path) in says or "JSON" in says
                if status != 200 and not (status == 400 and named):
                    wrong.append((path, value, status, says))
        assert wrong == []

        await at.settled()
        assert (await deliver(at, BODY))[0] == 200


async def test_unusual_bodies_get_their_status_and_each_request_is_counted(tmp_path, engine):
    def packed(body: bytes) -> dict[str, Any]:
        return {"data": body, "headers": {**BEARER, "Content-Encoding": "gzip"}}

    requests: dict[int, tuple[Mapping[str, Any], ...]] = {
        200: ({"data": chunks(BODY)}, packed(gzip.compress(BODY)), {"data": json.dumps(group()).encode()}),
        400: ({"data": BODY[:-20]}, {"data": b""}, {"data": b"[" * 10_000}, packed(BODY)),
        401: tuple({"data": BODY, "headers": {"Authorization": header}} for header in WRONG),
        405: ({"method": "GET"}, {"method": "PUT", "data": BODY}, {"method": "DELETE"}),
        413: ({"data": io.BytesIO(LARGE)}, {"data": chunks(LARGE)}, packed(gzip.compress(LARGE * 20))),
    }
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        for status, those in requests.items():
            assert [await request(at, **each) for each in those] == [status] * len(those)

        page = await scraped(at)
        for outcome, status in {"accepted": 200, "malformed": 400, "unauthorized": 401, "too_large": 413}.items():
            assert page.of("casebook_alert_deliveries_total", outcome=outcome) == len(requests[status])


async def test_wrong_clocks_neither_hold_a_post_open_nor_swallow_the_next_alert(tmp_path, engine):
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        firing = alert(TILL[0], startsAt=tomorrow.isoformat())
        await deliver(at, group(firing))
        await posts(at, 1)
        # The clock is set right, and the monitoring system is started again.
        await deliver(at, group(resolved({**firing, "startsAt": BEGAN.isoformat()})))
        await post_with(at, "Resolved after 23 min")

        # It ends before it began.
        backwards = alert(TILL[0])
        await deliver(at, group({**backwards, "startsAt": (BEGAN + timedelta(hours=2)).isoformat()}))
        await posts(at, 2)
        await deliver(at, group(resolved(backwards, after=timedelta(hours=1))))
        await deliver(
            at,
            group(
                resolved({**backwards, "startsAt": (BEGAN + timedelta(hours=2)).isoformat()}, after=-timedelta(hours=1))
            ),
        )
        await post_with(at, "Resolved after 0 min")

        # An alert without times is told apart from the last one by its end alone.
        timeless = alert(TILL[0], startsAt="0001-01-01T00:00:00Z")
        await deliver(at, group(timeless))
        await deliver(at, group(timeless))
        assert len(await posts(at, 3)) == 3
        await deliver(at, group({**timeless, "status": "resolved"}))
        await at.slack.wait_for(lambda: all("Resolved" in lines_of(each)[0] for each in at.ours()))
        assert not any("-" in lines_of(each)[0].split("·")[0] for each in at.ours())


async def test_copies_out_of_order_neither_reopen_nor_hold_open_a_post(tmp_path, engine):
    later = (BEGAN + timedelta(hours=2)).isoformat()
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        first = alert(TILL[0])
        # The end overtakes the beginning.
        await deliver(at, group(resolved(first)))
        await deliver(at, group(first))
        await at.settled()
        assert at.ours() == []

        second = {**first, "startsAt": later}
        await deliver(at, group(second))
        await posts(at, 1)
        await deliver(at, group(resolved(first), sender="am-1"))
        await deliver(at, group(first, sender="am-1"))
        await at.settled()
        assert "1 alert firing" in lines_of(at.ours()[0])[0]

        # The other Prometheus of a pair had seen it five seconds before: Alertmanager reports the earlier time.
        seen = datetime.fromisoformat(later) - timedelta(seconds=5)
        await deliver(at, group(resolved({**second, "startsAt": seen.isoformat()})))
        await post_with(at, "Resolved after 23 min")
        for late in (second, {**second, "startsAt": seen.isoformat()}, first):
            await deliver(at, group(late, sender="am-1"))
        await at.settled()
        assert len(at.ours()) == 1


async def test_alert_that_ends_and_fires_again_at_once_keeps_its_post(tmp_path, engine):
    options: dict[str, Any] = {"alert_routes": TO_CHANNEL, "alerts_token": TOKEN, "alert_window_s": 1.0}
    async with workplace(tmp_path, engine, SCENE, **options) as at:
        first = alert(TILL[0])
        await deliver(at, group(first))
        await posts(at, 1)
        await deliver(at, group(resolved(first, after=timedelta(minutes=5))))
        again = (BEGAN + timedelta(minutes=6)).isoformat()
        await deliver(at, group({**first, "startsAt": again}))

        standing = await post_with(at, "since 2026-11-20 08:06")
        assert "1 alert firing" in lines_of(standing)[0]
        await deliver(at, group(resolved({**first, "startsAt": again})))
        await post_with(at, "Resolved after 23 min")
        assert len(at.ours()) == 1


async def test_hostile_labels_cannot_ping_format_or_leak(tmp_path, engine):
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    hostile = "<!channel> <@U0000000001> <https://evil.example|Open in Alertmanager> *bold*"
    routes = AlertRoutes(routes=(AlertRoute(channel=CHANNEL, clusters={"prod": "simulated"}),))
    async with workplace(tmp_path, engine, SCENE, alert_routes=routes, alerts_token=TOKEN) as at:
        tokens = {"cluster": "prod", "token": secret}
        known = alert(TILL[0], name=f"{hostile} {secret}", labels=tokens, fingerprint=secret)
        nowhere = alert(hostile, name=f"Other {hostile}", labels={"cluster": secret})
        gone = alert(secret, name="Gone", labels={"cluster": "prod"})
        nothing = {"labels": {"alertname": f"Nothing\nresolved {secret}"}}
        for each in (known, nowhere, gone, nothing):
            each["annotations"] = {"summary": f"{hostile}\n{secret}", "description": secret}
        firing = [known, nowhere, gone, {**alert(""), **nothing}]
        await deliver(at, {**group(*firing), "externalURL": f"http://am/?{hostile}&token={secret}"})
        assert len(await posts(at, 4)) == 4
        await deliver(at, group(*map(resolved, firing)))
        await at.slack.wait_for(lambda: all("Resolved" in lines_of(each)[0] for each in at.ours()))
        await at.settled()

        sent = [call.arguments for call in at.slack.calls if call.method in ("chat.postMessage", "chat.update")]
        assert secret not in json.dumps(sent)
        parsed = [*parsed_by_slack(sent)]
        assert parsed
        assert [each for each in parsed if "<" in each or "evil.example" in each.replace("&lt;https://evil", "")] == []
        stored = b"".join(file.read_bytes() for file in at.settings.data.iterdir() if file.is_file())
        assert secret.encode() not in stored


def parsed_by_slack(value: Any) -> Iterator[str]:
    """Yield what Slack reads as more than plain text: fallbacks, mrkdwn, and links and mentions of rich text."""
    if isinstance(value, Mapping):
        if value.get("type") == "mrkdwn" or "channel" in value:
            yield value["text"]
        elif value.get("type") in ("link", "user", "usergroup", "broadcast", "channel"):
            yield json.dumps(value)
    if isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from parsed_by_slack(inner)


async def test_without_a_cluster_alerts_of_one_name_are_one_post(tmp_path, engine):
    routes = AlertRoutes(routes=(AlertRoute(channel=CHANNEL, clusters={"prod": "simulated"}),))
    async with workplace(tmp_path, engine, SCENE, alert_routes=routes, alerts_token=TOKEN) as at:
        for cluster, names in (
            ("unheard-of", ("KubePodNotReady", "KubePodCrashLooping")),
            ("prod", ("ApiServerAway",)),
        ):
            if cluster == "prod":
                await at.cluster.stop()
            pods = [f"app{number}-0" for number in range(30)]
            await deliver(
                at, group(*(alert(pod, name=name, labels={"cluster": cluster}) for pod in pods for name in names))
            )

        heads = [lines_of(each)[0] for each in await posts(at, 3)]
        assert sorted(each.split(" · ")[1] for each in heads) == [
            "ApiServerAway ×30",
            "KubePodCrashLooping ×30",
            "KubePodNotReady ×30",
        ]


async def test_post_that_slack_refused_for_a_while_is_posted_once(tmp_path, engine):
    async with workplace(tmp_path, engine, SCENE, alert_routes=TO_CHANNEL, alerts_token=TOKEN) as at:
        # The last one is lost after Slack has posted it.
        at.slack.fail("chat.postMessage", status=503, times=4)
        at.slack.fail("chat.postMessage", reset=True, after_execution=True)
        await deliver(at, group(alert(TILL[0])))
        await posts(at, 1)
        await deliver(at, group(resolved(alert(TILL[0]))))
        await post_with(at, "Resolved after 23 min")
        await at.settled()
        assert len(at.ours()) == 1


async def test_channel_without_the_bot_is_tried_once_per_change(tmp_path, engine):
    routes = AlertRoutes(routes=(AlertRoute(channel="C0000000077", cluster="simulated"),))
    async with workplace(tmp_path, engine, SCENE, alert_routes=routes, alerts_token=TOKEN) as at:
        private = at.slack.add_channel("private", id="C0000000077", private=True, bot=False, members=[at.alex])
        await deliver(at, group(alert(TILL[0])))
        await at.slack.wait_for(lambda: tries(at))
        await at.settled()
        assert len(tries(at)) == 1
        await deliver(at, group(alert(TILL[0]), sender="am-1"))
        await at.settled()
        assert len(tries(at)) == 1

        # Somebody invites the bot: the next change is posted.
        await at.slack.channel_actions.invite(at.alex, private)
        await deliver(at, group(alert(TILL[1])))
        await at.slack.wait_for(lambda: at.ours(private))
        assert "2 alerts firing" in lines_of(at.ours(private)[0])[0]
        assert (await scraped(at)).of("casebook_alert_posts_total", outcome="failed") == 1


def tries(at: Workplace) -> list[Any]:
    return [call for call in at.slack.calls if call.method == "chat.postMessage"]
