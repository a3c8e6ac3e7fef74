"""Test the metrics of requests, answers, calls and jobs, and the request ids in the log."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from bot.cluster.api_calls import CompletedCall
from bot.metrics import Metrics
from tests.end_to_end.process import imports_protobuf, locked, premises
from tests.end_to_end.test_remedies import wait_for_result
from tests.end_to_end.workplace import Workplace, workplace
from tests.waiting import until


class Page:
    """A metrics page in the Prometheus format."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}

    def of(self, name: str, **labels: str) -> float:
        """Return the sum of the samples with this name and these labels."""
        samples = [each for family in self.families.values() for each in family.samples if each.name == name]
        return sum(each.value for each in samples if labels.items() <= each.labels.items())

    def values(self, label: str) -> set[str]:
        samples = [each for family in self.families.values() for each in family.samples]
        return {each.labels[label] for each in samples if label in each.labels}


async def scraped(at: Workplace) -> Page:
    async with aiohttp.ClientSession() as session, session.get(f"{at.app.url}/metrics") as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        return Page(await response.text())


async def test_metrics_count_messages_requests_answers_and_calls_without_their_text(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world) as at:
        await at.slack.say(at.bo, at.channel, "lunch?")
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        await at.answer(ts)
        await at.slack.say(at.bo, at.channel, broken.text)
        await at.slack.slash(at.alex, at.channel, "help")
        await at.slack.slash(at.alex, at.channel, "pod ledger/unheard-of")
        await at.slack.say(at.guest, at.channel, f"<@{at.slack.bot_user_id}> {broken.text}")
        await at.settled()
        page = await scraped(at)

        heard = {word: page.of("casebook_messages_total", outcome=word) for word in ("matched", "unmatched")}
        assert heard == {"matched": 2, "unmatched": 1}
        repeated = {"surface": "message", "intent": "explain", "outcome": "repeated"}
        assert page.of("casebook_requests_total", **repeated) == 1
        answered = {"surface": "message", "intent": "explain", "outcome": "confirmed"}
        assert page.of("casebook_requests_total", **answered) == 1
        assert page.of("casebook_answer_seconds_count", surface="message") == 1
        assert page.of("casebook_requests_total", surface="command", intent="help", outcome="taken") == 1
        assert page.of("casebook_requests_total", surface="command", intent="diagnose", outcome="not_found") == 1
        assert page.of("casebook_requests_total", surface="mention") == 1
        assert page.of("casebook_policy_refusals_total", about="cluster") == 1
        assert page.of("casebook_deliveries_total", surface="message", outcome="acknowledged") >= 4
        assert page.of("casebook_acknowledgement_seconds_count", surface="command") == 2
        assert page.of("casebook_verdicts_total", incident=broken.incident, verdict="confirmed") == 1
        assert page.of("casebook_findings_total", outcome="supports") >= 1
        assert page.of("casebook_diagnosis_seconds_count", intent="explain") == 2
        assert page.of("casebook_kubernetes_calls_total", cluster="simulated", resource="pods", status="2xx") >= 1
        assert page.of("casebook_kubernetes_calls_total", cluster="simulated", verb="get", status="4xx") >= 1
        assert page.of("casebook_kubernetes_call_seconds_count", cluster="simulated") >= 2
        called = [call for call in at.slack.calls if call.method == "chat.postMessage"]
        assert page.of("casebook_slack_calls_total", method="chat.postMessage", result="ok") == len(called)
        assert page.of("casebook_slack_wait_seconds_count", method="chat.postMessage") == len(called)
        assert page.of("casebook_jobs_total", kind="answer", outcome="done") == 4
        assert page.of("casebook_jobs_running") == 0
        assert page.of("casebook_catalog_incidents") == len(engine.catalog.incidents)
        assert page.of("casebook_incident_channels", state="open") == 0
        assert page.of("process_resident_memory_bytes") > 0

        private = ("ledger", "db-tikv", "unheard-of", "lunch", at.channel, at.alex, at.bo, at.guest, at.slack.team_id)
        assert [word for word in private if word in page.text] == []


async def test_remediation_is_counted_by_step(tmp_path, engine, healing):
    async with workplace(tmp_path, engine, healing.world) as at:
        answer = await at.answer(await at.slack.say(at.alex, at.channel, healing.text))
        await at.confirm(at.alex, answer)
        await wait_for_result(at, answer)
        await at.settled()
        page = await scraped(at)
        steps = {step: page.of("casebook_remedies_total", step=step) for step in ("claimed", "applied", "verified")}
        assert steps == {"claimed": 1, "applied": 1, "verified": 1}
        assert page.of("casebook_remedies_total", action="restart-pod", step="verified", outcome="fixed") == 1


async def test_slack_and_cluster_errors_are_counted_by_kind(tmp_path, engine, broken):
    async with workplace(tmp_path, engine, broken.world, call_timeout=0.2, deadline=1, retries=0) as at:
        at.slack.fail("chat.postMessage", status=503)
        at.slack.fail("chat.postMessage", retry_after=1)
        at.cluster.fail(path_prefix="/api/v1/namespaces", hang=True, times=1_000)
        at.cluster.fail(path_prefix="/apis", status=500, times=1_000)
        await at.answer(await at.slack.say(at.alex, at.channel, broken.text))
        page = await scraped(at)
        assert page.of("casebook_slack_calls_total", method="chat.postMessage", result="slack_unavailable") == 1
        assert page.of("casebook_slack_calls_total", method="chat.postMessage", result="rate_limited") == 1
        assert page.of("casebook_slack_wait_seconds_sum", method="chat.postMessage") > 0.9
        assert page.of("casebook_kubernetes_calls_total", status="timeout") >= 1
        assert page.of("casebook_gaps_total", reason="timed_out") >= 1


def _unfinished_jobs(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT count(*) FROM workflow_status WHERE status NOT IN ('SUCCESS', 'ERROR')"
        return int(connection.execute(query).fetchone()[0])


async def test_log_lines_of_a_request_carry_the_id_of_its_answer(tmp_path, broken):
    logged = {"CASEBOOK_LOG_FORMAT": "json", "CASEBOOK_LOG_LEVEL": "info"}
    async with premises(tmp_path, broken.world, pace=False, **logged) as at:
        serving = await at.start()
        ts = await at.slack.say(at.alex, at.channel, broken.text)
        answer = await at.answer(ts)
        # The answer is posted before its job ends.
        await until(lambda: any("answer_posted" in line for line in serving.said))
        await until(lambda: _unfinished_jobs(at.data / "jobs.db") == 0)
        async with locked(at.data, "casebook.db"):
            unheard = await at.slack.say(at.bo, at.slack.add_channel("other"), broken.text)
        assert not imports_protobuf(serving), "without a collector nothing of OpenTelemetry is imported"
        assert await serving.stop() == 0

        request, _, step = answer["metadata"]["event_payload"]["key"].partition("/")
        assert step == "answer"
        lines = [json.loads(line) for line in serving.said if line.startswith("{")]
        about = [line for line in lines if line.get("request") == request]
        assert [line["outcome"] for line in about if line["event"] == "answer_posted"] == ["confirmed"]
        assert {line["job"] for line in about if "job" in line} == {"answer"}
        assert [line for line in lines if "job" in line and line not in about] == []
        (unrecorded,) = [line for line in lines if line["event"] == "event_recording_failed"]
        assert unrecorded["request"].endswith(f".{unheard}")
        assert broken.text.splitlines()[0] not in "".join(serving.said)


def test_every_metric_is_documented_with_type_labels_and_help() -> None:
    metrics = Metrics()
    told = {each.name: each for each in metrics.documented()}
    found = {family.name: family for family in metrics.registry.collect() if not family.name.startswith("process_")}
    kinds = {"counter": "_total", "info": "_info"}
    assert set(told) == {family.name + kinds.get(family.type, "") for family in found.values()}
    for name, each in told.items():
        assert name.startswith("casebook_")
        assert each.kind in {"counter", "gauge", "histogram", "info"}
        assert (each.kind == "counter") == name.endswith("_total")
        assert (each.kind == "histogram") == name.endswith("_seconds")
        assert each.help.endswith((".", "…"))


def test_two_apps_in_one_process_count_separately() -> None:
    one, other = Metrics(), Metrics()
    one.catalog_loaded(incidents=3, problems=0)
    other.catalog_loaded(incidents=4, problems=0)
    one.message_handled("matched")
    pages = [Page(each.exposed("")[0].decode()) for each in (one, other)]
    assert [page.of("casebook_messages_total") for page in pages] == [1, 0]
    assert [page.of("casebook_catalog_incidents") for page in pages] == [3, 4]


def test_excess_resource_kinds_are_counted_as_other() -> None:
    metrics = Metrics()
    for number in range(1_000):
        metrics.kubernetes_called(
            CompletedCall(cluster="prod", verb="get", resource=f"kind-{number}", status="2xx", seconds=0.1)
        )
    page = Page(metrics.exposed("")[0].decode())
    assert len(page.values("resource")) < 200
    assert page.of("casebook_kubernetes_calls_total", resource="other") > 800


def test_no_label_of_any_metric_holds_a_credential():
    metrics = Metrics()
    made = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    assert len(made) > 20
    for each in made:
        labelled = each.labels(*["password=Zq8vTr5wXk2m"] * len(each._labelnames)) if each._labelnames else each
        match labelled:
            case Histogram():
                labelled.observe(1)
            case Counter() | Gauge():
                labelled.inc()

    page = metrics.exposed("")[0].decode()
    assert "Zq8vTr5wXk2m" not in page
    assert 'outcome="other"' in page
