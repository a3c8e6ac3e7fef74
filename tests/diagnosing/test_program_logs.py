"""What the logs of programs tell of an object in question, and whose logs are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, diagnose
from intents.domain import Diagnosis, Verdict
from intents.request import DiagnoseObject, ExplainText

REFUSED = "ERROR db: dial tcp 10.96.4.20:5432: connect: connection refused"
TAXES = "ERROR order {}: tax table of region 4 has no row"
PODS = {
    "api-7d9f8b6c54-x2x4z": ("Deployment/orders/api", "api"),
    "web-5c6d7e8f90-q9w8e": ("Deployment/orders/web", "web"),
}


def world(faults: dict[str, Any], **more: Any) -> dict[str, Any]:
    scene: dict[str, Any] = {"Node/worker-b": {}}
    for pod, (workload, name) in PODS.items():
        scene[workload] = {"containers": {name: f"{name}:7"}, "pods": {pod: {"node": "worker-b", "age": "40m"}}}
    return {"scene": scene, "faults": {f"Pod/orders/{pod}": fault for pod, fault in faults.items()}, **more}


def log(*lines: str, since: str = "4m") -> dict[str, Any]:
    return {"log": {"since": since, "text": "\n".join(lines)}}


async def asked(request: Any, given: dict[str, Any], engine: Engine) -> Diagnosis:
    async with staged(stage(given)) as connection:
        return await diagnose(request, engine=engine, connection=connection)


def pod(name: str = "api-7d9f8b6c54-x2x4z") -> DiagnoseObject:
    return DiagnoseObject(kind="Pod", namespace="orders", name=name)


async def test_two_failures_of_one_log_are_two_findings(engine: Engine) -> None:
    said = "\n".join(
        (
            "starting",
            REFUSED,
            "ERROR tls: x509: certificate has expired or is not yet valid",
        )
    )
    fault = {"exited": 1, "waiting": "CrashLoopBackOff", "previous": said}

    diagnosis = await asked(pod(), world({"api-7d9f8b6c54-x2x4z": fault}), engine)

    quotes = "\n".join(finding.quote for one in diagnosis.hypotheses for finding in one.cluster_support)
    assert "connection refused" in quotes
    assert "certificate has expired" in quotes


@pytest.mark.parametrize("kind", ["Pod", "Deployment"])
async def test_a_ready_program_that_keeps_failing_is_not_called_well(engine: Engine, kind: str) -> None:
    given = world({"api-7d9f8b6c54-x2x4z": log(*(TAXES.format(each) for each in range(811, 851)))})
    name = "api" if kind == "Deployment" else "api-7d9f8b6c54-x2x4z"

    diagnosis = await asked(DiagnoseObject(kind=kind, namespace="orders", name=name), given, engine)

    assert diagnosis.hypotheses[0].verdict is Verdict.LIKELY
    assert "40 times" in diagnosis.hypotheses[0].summary.en
    assert "tax table of region 4" in diagnosis.hypotheses[0].summary.en


async def test_old_and_rare_errors_of_a_ready_program_are_left_out(engine: Engine) -> None:
    for given in (
        world({"api-7d9f8b6c54-x2x4z": log(REFUSED, REFUSED, REFUSED, *["INFO served"] * 200, since="39m")}),
        world({"api-7d9f8b6c54-x2x4z": log("INFO served", REFUSED, "INFO served")}),
    ):
        diagnosis = await asked(pod(), given, engine)

        assert not [one for one in diagnosis.hypotheses if one.verdict is not Verdict.RULED_OUT]


async def test_logs_that_may_not_be_read_are_a_gap_of_their_own(engine: Engine) -> None:
    given = world({"api-7d9f8b6c54-x2x4z": log(REFUSED, REFUSED, REFUSED)}, forbidden=["get pods/log"])

    diagnosis = await asked(pod(), given, engine)

    assert any("container logs in orders" in gap.what for gap in diagnosis.gaps)
    assert not [one for one in diagnosis.hypotheses if one.verdict in (Verdict.CONFIRMED, Verdict.LIKELY)]


async def test_a_pasted_error_finds_the_program_that_logs_it(engine: Engine) -> None:
    given = world({"web-5c6d7e8f90-q9w8e": log(*(TAXES.format(each) for each in range(811, 815)))})
    line = TAXES.format(812)

    told = await asked(ExplainText(text=line, addressed=True, namespace="orders"), given, engine)
    ordinary = await asked(ExplainText(text=line, namespace="orders"), given, engine)

    assert told.named
    assert told.named[0].target.name == "web-5c6d7e8f90-q9w8e"
    assert not ordinary.named


async def test_a_healthy_object_costs_few_calls_more(engine: Engine) -> None:
    quiet = await asked(pod(), world({}), engine)
    busy = await asked(pod(), world({"api-7d9f8b6c54-x2x4z": log(*["INFO served"] * 50)}), engine)

    assert busy.api_calls <= quiet.api_calls <= 8


async def test_asked_about_a_service_that_is_well_its_programs_are_read(engine: Engine) -> None:
    given = world({"api-7d9f8b6c54-x2x4z": log(*([REFUSED] * 4))})
    given["scene"]["Service/orders/api"] = {"ports": {"http": 8080}}
    request = DiagnoseObject(kind="Service", namespace="orders", name="api")

    diagnosis = await asked(request, given, engine)
    well = await asked(request, {**given, "faults": {}}, engine)

    assert (diagnosis.hypotheses[0].incident, diagnosis.hypotheses[0].verdict) == (
        "connection-refused",
        Verdict.CONFIRMED,
    )
    assert not [one for one in well.hypotheses if one.verdict is not Verdict.RULED_OUT]


async def test_a_line_of_a_ready_program_that_means_nothing_proven_is_about_that_program(engine: Engine) -> None:
    said = 'ERROR request rejected: oidc: verify token: oidc: expected audience "orders" got ["shop"]'
    request = ExplainText(text=said, namespace="orders", addressed=True)

    diagnosis = await asked(request, world({"api-7d9f8b6c54-x2x4z": log(*([said] * 4))}), engine)

    assert (diagnosis.hypotheses[0].incident, diagnosis.hypotheses[0].verdict) == (
        "program-repeats-errors",
        Verdict.LIKELY,
    )


@pytest.mark.parametrize("message", [
    'called `Result::unwrap()` on an `Err` value: Error("missing field `keep_days`", line: 1, column: 38)',
    "512 worker_connections are not enough while connecting to upstream, client: 10.1.2.3, server: web, host: 'web'",
])  # fmt: skip
def test_words_around_a_cause_do_not_make_it_another(message: str, engine: Engine) -> None:
    assert engine.meaning(message) == ""
    assert engine.meaning("called `Result::unwrap()` on an `Err` value: PoolTimedOut") == "connection-pool-exhausted"


async def test_a_message_of_a_program_is_no_description_in_a_persons_words(engine: Engine) -> None:
    said = (
        "org.apache.kafka.clients.consumer.CommitFailedException: Offset commit cannot be completed since the consumer"
        " is not part of an active group for auto partition assignment"
    )

    diagnosis = await asked(ExplainText(text=said, namespace="orders", addressed=True), world({}), engine)

    assert engine.meaning(said) == ""
    assert not diagnosis.hypotheses


async def test_what_the_container_behind_a_loopback_address_logs_is_told(engine: Engine) -> None:
    upstream = (
        "2026/03/02 02:58:0{0} [error] 29#29: *410{0} upstream timed out (110: Connection timed out) while reading"
        ' response header from upstream, request: "GET /a/{0} HTTP/1.1", upstream: "fastcgi://127.0.0.1:9000"'
    )
    full = "[02-Mar-2026 02:58:0{}] WARNING: [pool www] server reached pm.max_children setting (5), consider raising it"
    given = world({})
    given["scene"]["Deployment/orders/forum"] = {
        "containers": {"nginx": "nginx:1.27", "php": {"image": "php:8.3", "ports": [9000]}},
        "pods": {"forum-6b9c7d8f55-tt4wm": {"node": "worker-b", "age": "8d"}},
    }
    logs = {"nginx": [upstream.format(n) for n in range(4)], "php": [full.format(n) for n in range(4)]}
    given["faults"]["Pod/orders/forum-6b9c7d8f55-tt4wm"] = {
        "containers": {name: log(*lines) for name, lines in logs.items()}
    }

    diagnosis = await asked(pod("forum-6b9c7d8f55-tt4wm"), given, engine)

    assert diagnosis.hypotheses[0].incident == "connection-timed-out"
    assert "container php says: [pool www] server reached pm.max_children" in diagnosis.hypotheses[0].summary.en


async def test_the_usual_event_of_an_object_that_is_well_is_told_as_found_there(engine: Engine) -> None:
    said = "waiting for first consumer to be created before binding"
    waits = {"provisioner": "csi.example.com", "volumeBindingMode": "WaitForFirstConsumer"}
    claim = {"age": "10m", "class": "local-wait", "size": "50Gi"}
    given = {
        "scene": {"StorageClass/local-wait": waits, "PersistentVolumeClaim/ml/scratch": claim},
        "faults": {"PersistentVolumeClaim/ml/scratch": {"pending": True, "since": "10m"}},
    }

    diagnosis = await asked(ExplainText(text=said, namespace="ml", addressed=True), given, engine)

    assert [str(one.target) for one in diagnosis.named] == ["PersistentVolumeClaim ml/scratch"]
    assert not diagnosis.hypotheses


async def test_a_question_gets_the_state_of_its_object_where_its_words_mean_what_is_ruled_out(engine: Engine) -> None:
    given = world({})
    given["scene"]["Deployment/orders/board"] = {
        "containers": {"board": {"image": "board:12", "readinessProbe": {"exec": {"command": ["curl"]}}}},
        "pods": {"board-6d7c9f8b55-cz2wn": {"node": "worker-b", "age": "19m"}},
    }
    given["scene"]["Service/orders/board"] = {"ports": {"http": 8080}}
    given["faults"]["Deployment/orders/board"] = {"readiness": "sh: curl: not found", "since": "19m"}
    request = ExplainText(text="svc board in orders has no endpoints but the pods run", addressed=True)

    diagnosis = await asked(request, given, engine)

    assert (diagnosis.hypotheses[0].incident, diagnosis.hypotheses[0].verdict) == (
        "readiness-probe-failing",
        Verdict.CONFIRMED,
    )


async def test_why_a_service_has_no_ready_pod_leads_a_line_that_quotes_no_known_words(engine: Engine) -> None:
    said = "[error] no upstream connections available to search:9200"
    given = world({"api-7d9f8b6c54-x2x4z": log(*(["[error] TCP connection failed: search:9200 (refused)", said] * 4))})
    given["scene"]["Service/orders/search"] = {"ports": {"http": 9200}}
    given["scene"]["StatefulSet/orders/search"] = {"containers": {"search": {"image": "s:2", "ports": [9200]}}}
    end = "ERROR: [1] bootstrap checks failed\n[1]: max virtual memory areas vm.max_map_count [65530] is too low"
    given["faults"]["Pod/orders/search-0"] = {"exited": 78, "waiting": "CrashLoopBackOff", "previous": end}

    diagnosis = await asked(ExplainText(text=said, namespace="orders", addressed=True), given, engine)

    assert "vm.max_map_count" in diagnosis.hypotheses[0].summary.en
