"""Logs: of the container that matters, redacted, the telling lines first, within bounds; never a dead end."""

from __future__ import annotations

from typing import Any

from intents.domain import Language
from intents.talk.asks import Ask
from responses.redaction import REDACTED
from responses.slack.sheets import scrubbed_sheet, sheet_message
from responses.slack.validation import validate_message
from tests.asked.sheets_of import lines_of, sheet_of, told

CRASHED, FINE, WAITING = "api-7d9f8b6c54-x2x4z", "api-7d9f8b6c54-b2b5b", "api-7d9f8b6c54-c2c6c"
PREVIOUS = "\n".join([
    *(f"2026-03-02T02:50:{second:02}Z INFO step {second}" for second in range(40)),
    "2026-03-02T02:57:10Z ERROR no connection to postgres:5432: connection refused, password=Hunter2isnotenough",
    "2026-03-02T02:57:11Z INFO shutting down",
])  # fmt: skip


def world(**more: Any) -> dict[str, Any]:
    return {
        "scene": {
            "Deployment/mailer/api": {
                "containers": {"main": "api:2", "proxy": "proxy:1"},
                "pods": {name: {"age": "40m"} for name in (CRASHED, FINE, WAITING)},
            },
            "Service/mailer/api": {"ports": {"http": 80}},
            "HorizontalPodAutoscaler/mailer/api": {"target": "Deployment/api"},
            "Deployment/mailer/calm": {
                "containers": {"app": "calm:1"},
                "pods": {
                    "calm-7d9f8b6c54-e2e5e": {"age": "2d"},
                    "calm-7d9f8b6c54-x2x4z": {"age": "9d", "log": "old words"},
                    "calm-7d9f8b6c54-b2b5b": {"age": "1h", "log": "\n".join(f"request {at}" for at in range(90))},
                },
            },
            "Deployment/mailer/empty": {"containers": {"app": "empty:1"}, "pods": ["empty-7d9f8b6c54-x2x4z"]},
            "Deployment/mailer/none": {"containers": {"app": "none:1"}, "replicas": 0},
        },
        "faults": {
            f"Pod/mailer/{CRASHED}": {
                "container": "main",
                "exited": 1,
                "waiting": "CrashLoopBackOff",
                "previous": PREVIOUS,
                "restarts": 4,
            },
            "Pod/mailer/calm-7d9f8b6c54-e2e5e": {"evicted": "The node was low on resource: memory."},
            f"Pod/mailer/{WAITING}": {"container": "main", "waiting": "ImagePullBackOff"},
        },
        **more,
    }


async def test_the_run_that_crashed_is_told_with_its_error_first_and_no_secret() -> None:
    for about in ("Deployment/mailer/api", "Service/mailer/api", "HorizontalPodAutoscaler/mailer/api"):
        sheet = await sheet_of(world(), Ask.LOGS, about)
        heading, whose, *rest = lines_of(sheet)
        assert heading.startswith("Log of ")
        assert f"Pod {CRASHED}, container main (1 of 3 pods): the run that ended with exitCode 1" in whose
        assert "error, line 41 of 42" in rest[0]
        assert "connection refused" in rest[1]
        assert REDACTED in rest[1]
        assert "Hunter2" not in str(sheet.rows)
        assert rest[-1].endswith("shutting down")
        assert "step 39" not in "\n".join(rest)
        assert sheet.reproduce.startswith(f"kubectl -n mailer logs {CRASHED} -c main --previous")
        kind = about.split("/")[0].lower()
        assert [one.text for one in sheet.next] == [
            f"logs {kind} mailer/api in full",
            f"health {kind} mailer/api",
            f"events {kind} mailer/api",
        ]


async def test_all_of_it_has_more_lines_and_fits_a_message() -> None:
    sheet = await sheet_of(world(), Ask.LOGS, "Deployment/mailer/api", in_full=True)
    text = "\n".join(lines_of(sheet))
    assert "step 5" in text
    assert not any("in full" in one.text for one in sheet.next)
    long = {
        **world(),
        "scene": {"Pod/mailer/big": {"containers": {"app": "big:1"}, "log": "x" * 40_000 + "\n<!channel>"}},
    }
    big = await sheet_of({**long, "faults": {}}, Ask.LOGS, "Pod/mailer/big", in_full=True)
    message = sheet_message(scrubbed_sheet(big), language=Language.EN)
    assert not validate_message({"text": message.text, "blocks": list(message.blocks)})
    assert len("".join(lines_of(big))) < 4_000


async def test_a_healthy_workload_has_the_last_lines_of_its_newest_pod() -> None:
    lines = lines_of(await sheet_of(world(), Ask.LOGS, "Deployment/mailer/calm"))
    assert "calm-7d9f8b6c54-b2b5b, container app (1 of 2 pods)" in lines[1]
    assert [line for line in lines if line.startswith("request ")] == [f"request {at}" for at in range(84, 90)]


async def test_a_container_or_run_that_is_named_is_read() -> None:
    proxy = await told(world(), Ask.LOGS, "Deployment/mailer/api", text="logs of the proxy of mailer/api")
    assert "container proxy" in proxy
    one = await told(world(), Ask.LOGS, f"Pod/mailer/{WAITING}")
    assert "container proxy" in one
    earlier = await told(world(), Ask.LOGS, "Deployment/mailer/calm", text="previous logs of mailer/calm")
    assert "No earlier run is known" in earlier


async def test_what_has_no_log_says_so() -> None:
    assert ": the log is empty" in await told(world(), Ask.LOGS, "Deployment/mailer/empty")
    assert "It has no pods." in await told(world(), Ask.LOGS, "Deployment/mailer/none")
    for about in ("Namespace/mailer", "Node/worker-b", "Cluster/simulated"):
        sheet = await sheet_of(world(), Ask.LOGS, about)
        assert "name a pod, a workload or a Service" in lines_of(sheet)[1]
        assert len(sheet.next) > 1
    assert (await sheet_of(world(), Ask.LOGS, "Namespace/mailer")).next[0].text == "logs deployment mailer/api"


async def test_a_log_that_may_not_be_read_is_a_gap() -> None:
    text = await told(world(forbidden=["get pods/log"]), Ask.LOGS, "Deployment/mailer/api")
    assert f"Pod {CRASHED}, container main" in text
    assert "pods/log" in text
