"""Test traces and metrics as a collector gets them: one trace per answer, nothing of users, no delay by a collector."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bot.common.tracing import ALLOWED, ERROR_TYPE, NOTHING, SpanName, Value, exported_to, span, trace, traced
from bot.diagnosing import Engine
from bot.settings.telemetry import Collector as Configured
from bot.settings.telemetry import parse_endpoint, parse_headers
from tests.collector import Span, collector
from tests.end_to_end.corners import kill_and_clear
from tests.end_to_end.process import imports_protobuf, premises
from tests.end_to_end.workplace import Broken, Workplace, workplace
from tests.waiting import until

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def below(spans: list[Span], name: str, parent: Span) -> list[Span]:
    return [one for one in spans if one.name == name and one.parent == parent.id]


async def scraped(at: Workplace) -> str:
    headers = {"Accept": OPEN_METRICS}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{at.app.url}/metrics") as response:
        assert response.content_type == "application/openmetrics-text"
        return await response.text()


async def _answered(tmp_path: Path, engine: Engine, broken: Broken, **options: Any) -> str:
    """Return the metrics after an answer and a message that draws none."""
    # Other tests have matched this text already.
    engine = replace(engine, recent=type(engine.recent)())
    async with workplace(tmp_path, engine, broken.world, **options) as at:
        await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        await at.settled()
        await at.slack.say(at.bo, at.channel, "lunch?")
        await at.settled()
        return await scraped(at)


async def test_an_answer_is_one_trace_and_metrics_link_to_it(tmp_path, engine, broken):
    headers = {"otlp_headers": "x-tenant=shop, authorization=Bearer aZ3kQ9vLw2"}
    async with collector() as at_collector:
        page = await _answered(tmp_path, engine, broken, otlp_endpoint=at_collector.url, **headers)

    (answer,) = (one for one in at_collector.spans() if one.attributes.get("casebook.job") == "answer")
    spans = at_collector.spans(answer.trace)
    (request,) = (one for one in spans if one.name == "request")
    assert (request.parent, answer.parent) == ("", request.id)
    assert request.attributes == {"casebook.surface": "message"}
    assert below(spans, "match", request)
    steps = below(spans, "step", answer)
    (posting,) = (one for one in steps if one.attributes["casebook.step"] == "answer")
    (diagnosis,) = below(spans, "diagnose", posting)
    assert diagnosis.attributes["casebook.incident"] == broken.incident
    assert diagnosis.attributes["casebook.verdict"] == "confirmed"
    (read,) = below(spans, "read", diagnosis)
    assert {one.attributes["casebook.probe"] for one in below(spans, "probe", read)} == {"containers"}
    assert below(spans, "judge", diagnosis)
    called = [one.attributes for one in spans if one.name == "kubernetes"]
    assert {"pods", "nodes"} <= {one["casebook.resource"] for one in called}
    assert {one["k8s.cluster.name"] for one in called} == {"simulated"}
    assert {one["http.response.status_code"] for one in called} <= {200, 404}
    (post,) = (one for one in spans if one.attributes.get("casebook.slack_method") == "chat.postMessage")
    assert post.parent == posting.id
    keys = {key for one in at_collector.spans() for key in one.attributes}
    assert keys <= {*(each.key for each in ALLOWED.values()), ERROR_TYPE}
    assert [one.trace for one in at_collector.spans() if one.parent == ""] == [request.trace], "lunch started nothing"

    page_families = {family.name: family for family in text_string_to_metric_families(page)}
    answered = [one for one in page_families["casebook_answer_seconds"].samples if one.exemplar]
    assert [one.exemplar.labels["trace_id"] for one in answered if one.exemplar] == [answer.trace]
    exported = at_collector.metrics()
    counted = {name for name, family in page_families.items() if family.samples}
    assert {name.removesuffix("_total").removesuffix("_info") for name in exported} >= counted
    (point,) = exported["casebook_answer_seconds"].histogram.data_points
    assert (point.count, sum(point.bucket_counts)) == (1, 1)
    assert [each.trace_id.hex() for each in point.exemplars] == [answer.trace]
    (matched,) = (
        each
        for each in exported["casebook_messages_total"].sum.data_points
        if each.attributes[0].value.string_value == "matched"
    )
    assert matched.as_double == 1
    assert all(each["authorization"] == "Bearer aZ3kQ9vLw2" for each in map(_lower, at_collector.headers))


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


async def test_a_job_continues_its_trace_in_the_next_process(tmp_path, broken):
    async with collector() as at_collector:
        variables = {"CASEBOOK_OTLP_ENDPOINT": at_collector.url, "CASEBOOK_LOG_LEVEL": "info"}
        async with premises(tmp_path, broken.world, pace=False, **variables) as at:
            serving = await at.start()
            assert imports_protobuf(serving)
            at.slack.fail("chat.postMessage", hang=True)
            ts = await at.slack.say(at.alex, at.channel, broken.text)
            await until(lambda: [one for one in at_collector.spans() if one.name == "diagnose"])
            await kill_and_clear(at, serving)
            serving = await at.start()
            await at.answer(ts)
            assert await serving.stop() == 0

    spans = at_collector.spans()
    (answer,) = (one for one in spans if one.attributes.get("casebook.job") == "answer")
    assert answer.attributes["casebook.recovered"] is True
    of_first = [one for one in at_collector.spans(answer.trace) if one.name in {"request", "match", "diagnose"}]
    assert [one.name for one in of_first] == ["request", "match", "diagnose", "diagnose"]
    assert answer.parent == of_first[0].id
    assert any(f"trace={answer.trace}" in line and "answer_posted" in line for line in serving.said)


@pytest.mark.parametrize("trouble", [{"hanging": True}, {"status": 503}, {"status": 307}])
async def test_a_collector_that_does_not_answer_costs_spans_and_nothing_else(tmp_path, engine, broken, trouble):
    async with collector() as at_collector:
        for name, value in trouble.items():
            setattr(at_collector, name, value)
        with capture_logs() as logged:
            async with workplace(tmp_path, engine, broken.world, otlp_endpoint=at_collector.url) as at:
                await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
                await at.settled()
            # It ends here although an export may take five seconds, and the library waits for thirty.
            events = [line["event"] for line in logged]
        assert at_collector.bodies == []
        assert at_collector.requests
        assert "telemetry_left_behind" in events or "telemetry_not_exported" in events
        assert events.count("telemetry_not_exported") <= 1


# --- what a span can say ---


class Kept:
    """A backend that keeps the attributes of ended spans."""

    def __init__(self) -> None:
        self.ended: list[dict[str, Value]] = []

    trace_id, span_id, traceparent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00-0-0-01"

    def begin(self, name: str, **_about: Any) -> Kept:
        return self

    def end(self, attributes: Any, *, failed: bool, at: int) -> None:
        self.ended.append(dict(attributes))


@settings(max_examples=15)
@given(st.text(max_size=60), st.sampled_from(sorted(ALLOWED)))
@example("password=Zq8vTr5wXk2m", "resource")
@example("xoxb-1234567890-abcdefghijkl", "cluster")
@example("db-tikv-0: back-off restarting failed container", "status")
def test_no_attribute_holds_a_sentence_or_a_credential(text, name):
    kept = Kept()

    def fail() -> None:
        with exported_to(kept), trace(SpanName.JOB) as job:
            job.set(**{name: text})
            raise LookupError(text)

    with pytest.raises(LookupError):
        fail()
    ((key, value), (error, kind)) = kept.ended[0].items()
    assert (key, error, kind) == (ALLOWED[name].key, ERROR_TYPE, "LookupError")
    assert isinstance(value, int) or re.fullmatch(r"[A-Za-z0-9][\w.:/@-]{0,99}", value, re.ASCII)
    assert "Zq8vTr5wXk2m" not in str(value)
    assert "xoxb" not in str(value)


def test_spans_outside_of_a_trace_and_unknown_attributes_are_not_recorded() -> None:
    kept = Kept()
    with span(SpanName.MATCH) as nothing:
        assert nothing is NOTHING
    with exported_to(kept), trace(SpanName.REQUEST, kept=False) as arrival:
        with span(SpanName.MATCH) as match:
            match.set(hypotheses=3, text="lunch")  # type: ignore[call-arg]
        assert kept.ended == []
        assert traced({"request": "a"}) == {"request": "a", "traceparent": "00-0-0-01"}
        arrival.set(surface="message")
    assert kept.ended == [{"casebook.hypotheses": 3}, {"casebook.surface": "message"}]
    kept.ended.clear()
    with exported_to(kept), trace(SpanName.REQUEST, kept=False), span(SpanName.MATCH):
        pass
    assert kept.ended == []


# --- settings ---


def test_settings_of_the_collector() -> None:
    assert parse_endpoint("https://otel.example.com/base/") == "https://otel.example.com/base"
    assert dict(parse_headers("A=b=c, authorization=Bearer x,")) == {"a": "b=c", "authorization": "Bearer x"}
    configured = Configured(endpoint="http://a:4318", headers={"api-key": "Zq8vTr5wXk2m"})
    assert configured.url("traces") == "http://a:4318/v1/traces"
    assert "Zq8v" not in repr(configured)


@pytest.mark.parametrize(
    "wrong",
    [
        "otel:4318",
        "http://",
        "http://u:p@otel:4318",
        "http://otel/v1/traces",
        "http://otel?a=b",
        "grpc://a:1",
        "http://a:x",
    ],
)
def test_malformed_endpoints_are_refused(wrong):
    with pytest.raises(ValueError, match="a URL such as"):
        parse_endpoint(wrong)


@pytest.mark.parametrize("wrong", ["token", "a b=c", "a=", "a=b\nc", "é=a"])
def test_malformed_headers_are_refused(wrong):
    with pytest.raises(ValueError, match="NAME=VALUE"):
        parse_headers(wrong)
