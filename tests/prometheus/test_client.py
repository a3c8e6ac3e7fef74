"""Queries over HTTP to well-behaved and misbehaving Prometheus servers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from bot import prometheus as errors
from bot.cli.rehearsal import REHEARSAL_TIME
from bot.playground.kubernetes.prometheus import SimulatedPrometheus, parse_metrics
from bot.prometheus import MOST_BYTES, MOST_SERIES, Prometheus, Query, open_prometheus
from bot.settings.prometheus import Source

NOW = int(REHEARSAL_TIME.timestamp())
COMMITS = (
    'histogram_quantile(0.99, sum(rate(etcd_disk_backend_commit_duration_seconds_bucket{job=~"$etcd_job"}'
    "[$__rate_interval])) by (instance, le))"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that answers everything with `handler`; return its address."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedPrometheus]:
    prometheus = SimulatedPrometheus(clock=lambda: REHEARSAL_TIME)
    await prometheus.start()
    yield prometheus
    await prometheus.stop()


def answering(document: object, *, status: int = 200) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=document if isinstance(document, str) else json.dumps(document))

    return answer


async def ask(url: str, *, token: str = "", query: Query | None = None, within: float = 4.0):
    async with open_prometheus(Source(url=url, token=token)) as prometheus:
        assert prometheus
        return await prometheus.ask(query or Query(expression="up", at=NOW), within=within)


async def test_the_percentile_of_each_member_is_returned_as_declared(simulated: SimulatedPrometheus) -> None:
    declared = [
        {"name": "etcd_disk_backend_commit_duration_seconds", "labels": {"job": job, "instance": instance}, "p99": p99}
        for job, instance, p99 in (("kube-etcd", "10.0.0.1:2379", [0.03, 1.1]), ("minio", "10.0.0.9:9000", 0.5))
    ]
    simulated.add(parse_metrics(declared, now=REHEARSAL_TIME))

    answer = await ask(simulated.url, query=Query(expression=COMMITS, at=NOW, window_s=3600, step_s=1800))

    assert [dict(each.labels) for each in answer.series] == [{"instance": "10.0.0.1:2379"}]
    assert answer.series[0].points == (
        (NOW - 3600, pytest.approx(0.03, rel=0.01)),
        (NOW - 1800, pytest.approx(0.565, rel=0.01)),
        (NOW, pytest.approx(1.1, rel=0.01)),
    )
    assert 'job=~".*etcd.*"' in simulated.queries[0]
    assert "[5m]" in simulated.queries[0]


async def test_a_configured_job_label_cannot_break_out_of_its_string() -> None:
    async with open_prometheus(Source(url="http://127.0.0.1:1", etcd_job='a"b\\.c')) as prometheus:
        assert prometheus
        assert prometheus.expression('{job=~"$etcd_job"}') == '{job=~"a\\"b\\\\.c"}'
        with pytest.raises(errors.BadQuery, match="unknown variable"):
            prometheus.expression("$other")


async def test_the_token_is_sent_to_the_configured_address_and_nowhere_else(
    simulated: SimulatedPrometheus, serve: Serve
) -> None:
    simulated.token = "planted-token-of-prometheus"
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": []}})

    other = await serve(elsewhere)

    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{other}/api/v1/query")

    query = Query(expression="rate(up[5m])", at=NOW)
    assert (await ask(simulated.url, token=simulated.token, query=query)).series == ()
    with pytest.raises(errors.QueryUnauthorized):
        await ask(simulated.url, token="another", query=query)
    with pytest.raises(errors.PrometheusUnreachable, match="redirects"):
        await ask(await serve(redirect), token=simulated.token, query=query)
    assert seen == []


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (400, {"status": "error", "errorType": "bad_data", "error": "1:3: parse error"}, errors.BadQuery),
        (401, "Unauthorized", errors.QueryUnauthorized),
        (403, "", errors.QueryForbidden),
        (404, "404 page not found", errors.PrometheusUnreachable),
        (422, {"status": "error", "errorType": "execution", "error": "too many samples"}, errors.BadQuery),
        (429, "", errors.QueryThrottled),
        (500, "<html>", errors.QueryFailed),
        (503, {"status": "error", "errorType": "timeout", "error": "query timed out"}, errors.QueryTimedOut),
        (200, "<!doctype html><html>please log in</html>", errors.PrometheusUnreachable),
        (200, {"status": "success"}, errors.QueryFailed),
        (200, {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1]}]}}, errors.QueryFailed),
        (200, {"status": "success", "data": {"resultType": "streams", "result": []}}, errors.QueryFailed),
        (200, [], errors.QueryFailed),
    ],
)
async def test_every_refusal_has_a_name(serve: Serve, status: int, document: object, expected: type) -> None:
    with pytest.raises(errors.PrometheusError) as caught:
        await ask(await serve(answering(document, status=status)))

    assert type(caught.value) is expected
    assert caught.value.gap().what == "Prometheus"
    assert not caught.value.gap().quiet


async def test_silent_and_oversized_answers_are_errors(serve: Serve) -> None:
    async def hanging(_request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    with pytest.raises(errors.QueryTimedOut):
        await ask(await serve(hanging), within=0.1)
    with pytest.raises(errors.ResultTooLarge):
        await ask(await serve(answering("x" * (MOST_BYTES + 1))))
    with pytest.raises(errors.PrometheusUnreachable) as caught:
        await ask("http://127.0.0.1:1")
    assert "127.0.0.1" not in str(caught.value)


async def test_non_finite_values_are_dropped_and_truncation_is_reported(serve: Serve) -> None:
    vector = [{"metric": {"n": f"{n:03}"}, "value": [NOW, "NaN" if n else "+Inf"]} for n in range(MOST_SERIES + 1)]
    vector[1]["value"] = [NOW, "0.25"]
    document = {
        "status": "success",
        "data": {"resultType": "vector", "result": vector},
        "warnings": ["a store is down"],
    }

    answer = await ask(await serve(answering(document)))

    assert answer.truncated
    assert answer.warnings == ("a store is down",)
    assert [each.points for each in answer.series[:3]] == [(), ((NOW, 0.25),), ()]


async def test_without_a_source_there_is_no_client() -> None:
    async with open_prometheus(None) as none:
        assert none is None


def test_a_source_never_shows_its_token() -> None:
    assert "planted" not in repr(Source(url="http://x", token="planted"))
    assert Prometheus.__repr__ is object.__repr__
