"""Alerts that only metrics explain: the query is run, its answer judged, and every trouble of Prometheus is a gap."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import Engine, diagnose
from bot.kube.access import Access
from bot.playground.kubernetes.prometheus import promql
from bot.prometheus import open_prometheus
from bot.settings.prometheus import Source
from intents.alerts.alert import question_of
from intents.alerts.metrics import alert_metrics, series_of_object
from intents.domain import Diagnosis, GapReason, Unit, Verdict
from responses.plots import leading_plot, png
from tests.alert_table import alert_table, templated

NOW = int(REHEARSAL_TIME.timestamp())
ALERT = {"alertname": "NodeMemoryHighUtilization", "instance": "10.0.0.12:9100", "job": "node-exporter"}
ENTRY = "alert-metric-beyond-limit"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def asked(
    engine: Engine,
    handler: Handler,
    labels: Mapping[str, str] = ALERT,
    *,
    access: Access = Access(),  # noqa: B008
    deadline: float = 8.0,
) -> Diagnosis:
    async with serving(handler) as url, staged(stage()) as connection, open_prometheus(Source(url=url)) as client:
        connection.prometheus = client
        return await diagnose(
            question_of(labels), engine=engine, connection=connection, access=access, deadline=deadline
        )


def verdict(diagnosis: Diagnosis) -> Verdict | None:
    return next((one.verdict for one in diagnosis.hypotheses if one.incident == ENTRY), None)


def gaps(diagnosis: Diagnosis) -> list[str]:
    return [gap.detail for gap in diagnosis.gaps if gap.what == "Prometheus"]


def matrix(*values: Any, instance: str = "10.0.0.12:9100", age_s: int = 0, **more: Any) -> dict[str, Any]:
    """Return the body of /api/v1/query_range with one series, a minute between its values."""
    first = NOW - age_s - 60 * (len(values) - 1)
    points = [[first + 60 * number, str(value)] for number, value in enumerate(values)]
    result = [{"metric": {"instance": instance}, "values": points}] if values else []
    return {"status": "success", "data": {"resultType": "matrix", "result": result}, **more}


def answering(body: object, *, status: int = 200, date: float = 0) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        headers = {"Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + date))} if date else {}
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, headers=headers)

    return answer


async def hanging(_request: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


def refusal(kind: str, error: str) -> dict[str, str]:
    return {"status": "error", "errorType": kind, "error": error}


HIGH = [0.95] * 31
CASES: dict[str, tuple[object, Verdict, str]] = {
    "beyond for long enough": (matrix(*HIGH), Verdict.CONFIRMED, ""),
    "beyond since five minutes": (matrix(*[0.5] * 20, *[0.95] * 6), Verdict.POSSIBLE, ""),
    "beyond with a hole": (matrix(*[0.95] * 20, *["NaN"] * 6, *[0.95] * 5), Verdict.POSSIBLE, ""),
    "within": (matrix(*HIGH, 0.4), Verdict.RULED_OUT, ""),
    "of another node": (matrix(*HIGH, instance="10.0.0.13:9100"), Verdict.POSSIBLE, "no such series"),
    "no series": (matrix(), Verdict.POSSIBLE, "no such series"),
    "stale": (matrix(*HIGH, age_s=1200), Verdict.POSSIBLE, "have ended: the newest value is 20m old"),
    "no number": (matrix("NaN", "+Inf", "-Inf"), Verdict.POSSIBLE, "only NaN or Inf"),
    "partial, and beyond": (matrix(*HIGH, warnings=["store-2 is down"]), Verdict.CONFIRMED, "store-2 is down"),
    "partial, and within": (matrix(0.1, 0.1, warnings=["store-2 is down"]), Verdict.POSSIBLE, "store-2 is down"),
    "a page": ("<!DOCTYPE html><html><title>Sign in</title></html>", Verdict.POSSIBLE, "a web page"),
    "too large": (" " * (10 << 20), Verdict.POSSIBLE, "larger than 1 MiB"),
}


@pytest.mark.parametrize("name", CASES)
async def test_each_answer_is_judged_or_a_gap(engine: Engine, name: str) -> None:
    body, expected, gap = CASES[name]

    found = await asked(engine, answering(body))

    assert verdict(found) is expected
    assert [gap in each for each in gaps(found)] == ([True] if gap else [])
    unread = [each for each in found.gaps if each.reason is GapReason.ONLY_METRICS]
    assert bool(unread) == (expected is Verdict.POSSIBLE and not name.startswith("beyond"))


@pytest.mark.parametrize(
    ("status", "body", "gap"),
    [
        (422, refusal("execution", "query processing would load too many samples into memory"), "too many samples"),
        (503, refusal("timeout", "query timed out in expression evaluation"), "timed out"),
        (503, "<html>Service Unavailable</html>", "not available now (HTTP 503)"),
        (401, "no org id", "credentials"),
    ],
)
async def test_a_refusal_is_a_gap(engine: Engine, status: int, body: object, gap: str) -> None:
    found = await asked(engine, answering(body, status=status))

    assert verdict(found) is Verdict.POSSIBLE
    assert [gap in each for each in gaps(found)] == [True]


async def test_a_server_that_hangs_costs_no_more_than_the_deadline(engine: Engine) -> None:
    began = time.monotonic()
    found = await asked(engine, hanging, deadline=1.5)

    assert time.monotonic() - began < 6
    assert verdict(found) is Verdict.POSSIBLE
    assert "time limit" in gaps(found)[0]


@pytest.mark.parametrize(("date", "side"), [(600, "ahead of"), (-600, "behind")])
async def test_a_wrong_clock_weakens_the_verdict(engine: Engine, date: int, side: str) -> None:
    found = await asked(engine, answering(matrix(*HIGH), date=date))

    assert verdict(found) is Verdict.LIKELY
    assert side in gaps(found)[0]


async def test_a_policy_without_metrics_sends_nothing_and_is_named(engine: Engine) -> None:
    seen: list[str] = []

    async def record(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.json_response(matrix(*HIGH))

    found = await asked(engine, record, access=Access(metrics=False))

    assert seen == []
    assert gaps(found) == ["the policy has metrics: false in its section reading"]


async def test_labels_cannot_leave_their_quotes(engine: Engine) -> None:
    queries: list[str] = []

    async def record(request: web.Request) -> web.Response:
        queries.append(request.query["query"])
        return web.json_response(matrix())

    evil = '/var"} or up{job="$etcd_job\\'
    labels = {**ALERT, "alertname": "NodeFilesystemAlmostOutOfSpace", "mountpoint": evil, 'evil"} or up{x': "1"}
    await asked(engine, record, labels)

    assert set(queries) == {queries[0]}
    assert queries[0].count('mountpoint="/var\\"} or up{job=\\"$etcd_job\\\\"') == 2
    assert "evil" not in queries[0]
    promql.parse(queries[0])


async def test_the_answer_has_a_picture_of_the_values(engine: Engine) -> None:
    leading = leading_plot(await asked(engine, answering(matrix(*HIGH))))

    assert leading
    assert leading.plot
    plot = leading.plot
    assert (plot.title.en, plot.unit, plot.limit) == ("NodeMemoryHighUtilization: memory in use", Unit.SHARE, 0.9)
    assert png(plot).startswith(b"\x89PNG")


async def test_a_post_in_slack_is_judged_alike(engine: Engine) -> None:
    from intents.request import ExplainText  # noqa: PLC0415

    async with (
        serving(answering(matrix(*HIGH))) as url,
        staged(stage()) as connection,
        open_prometheus(Source(url=url)) as client,
    ):
        connection.prometheus = client
        found = await diagnose(ExplainText(text=templated(ALERT)), engine=engine, connection=connection)

    assert verdict(found) is Verdict.CONFIRMED


def test_every_declared_query_is_understood_and_keeps_what_names_the_object() -> None:
    known = {one.name for one in alert_table()}
    for name, metric in alert_metrics().items():
        assert name in known
        series = series_of_object(metric, {}, namespace="shop", name="web", addresses=["10.0.0.1"])
        promql.parse(metric.query.replace("$series", series))
        kept = ("namespace", "pod") if metric.about == "Pod" else ("instance",)
        assert metric.unjudged or all(label in metric.query for label in kept), name
    unjudged = [name for name, metric in alert_metrics().items() if metric.unjudged]
    assert (len(alert_metrics()), unjudged) == (27, ["KubeClientCertificateExpiration"])
