"""`casebook diagnose` in pipelines: it waits for rollouts, ends by verdict and writes reports, never to the cluster."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from bot.cli.rehearsal import stage
from bot.playground.kubernetes import SimulatedCluster
from responses.workflow_commands import without_commands
from tests.command_line.conftest import Server
from tests.runner_commands import workflow_commands

Run = Callable[..., Any]

SECRET = "Tr0ub4dor-and-3"
SCHEMA = json.loads(Path(__file__).with_name("sarif.schema.json").read_text("utf-8"))
WORLD = {
    "scene": {
        "Deployment/shop/ok": {"containers": {"app": "web:7"}, "replicas": 2},
        "Deployment/shop/web": {"containers": {"app": "web:7"}, "replicas": 2},
        "Deployment/shop/slow": {"containers": {"app": "web:7"}},
        "StatefulSet/shop/db": {"containers": {"db": "db:2"}},
        "DaemonSet/shop/agent": {"containers": {"agent": "agent:1"}},
        "DaemonSet/shop/manual": {"containers": {"a": "a:1"}, "spec": {"updateStrategy": {"type": "OnDelete"}}},
        "Job/shop/migrate": {"containers": {"migrate": "migrate:1"}},
        "Job/shop/import": {"containers": {"import": "import:1"}},
        "Job/shop/active": {"containers": {"active": "active:1"}, "active": True},
    },
    "faults": {
        "Deployment/shop/web": {"exited": "OOMKilled", "restarts": 3, "waiting": "CrashLoopBackOff", "since": "19m"},
        "Deployment/shop/slow": {"ready": False},
        "Job/shop/import": {"exited": 1, "failures": 3},
    },
}
# Whatever a runner, a terminal, XML, SARIF or Markdown might obey.
HOSTILE = (
    "\n::error::forged\n \u200b::add-mask::x\r::set-env name=PATH::/tmp\n##[error]forged #\u200d#[warning]forged"
    "\n\x1b[31m]]>\x00\x08</failure><!--&#0; {0} [here](http://evil.test) ![x](http://evil.test/i.png) | @channel <b>"
    f" \ud83d\x1b]0;t\x07 password={SECRET} \x1b[31mPASSWORD\x1b[0m={SECRET}"
)


@pytest.fixture
def shop() -> Iterator[SimulatedCluster]:
    simulated = stage(WORLD)
    with Server(simulated):
        yield simulated


@pytest.fixture
def diagnose(run: Run, shop: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `casebook diagnose` on the shop, not in a pipeline."""
    for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(shop.kubeconfig(namespace="shop")), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return lambda *argv: run("diagnose", *argv)


def _patch(shop: SimulatedCluster, path: str, body: Any) -> None:
    request = urllib.request.Request(
        f"{shop.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/merge-patch+json"}, method="PATCH"
    )
    request.add_header("Authorization", f"Bearer {shop.token}")
    urllib.request.urlopen(request, timeout=10).close()


# --- rollouts and verdicts ---


@pytest.mark.parametrize("names", [["deployment/shop/ok", "sts/db", "ds/shop/agent", "job/migrate"], ["shop/ok"]])
def test_a_complete_rollout_passes_at_once(diagnose: Run, shop: SimulatedCluster, names: list[str]) -> None:
    start = time.monotonic()
    ran = diagnose(*names, "--wait-rollout", "5m")

    assert (ran.code, time.monotonic() - start < 60) == (0, True)
    assert ran.out.count("Rollout complete: ") == len(names)
    assert f"{len(names)} of {len(names)} objects passed." in ran.out
    assert not any(each.writes for each in shop.requests)


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["deployment", "shop/web", "--wait-rollout", "1s"], 5),
        (["job", "shop/active", "--wait-rollout", "1s"], 6),
        (["pod", "shop/db-0", "--wait-rollout", "1m"], 2),
        (["ds", "shop/manual", "--wait-rollout", "1m"], 2),
        (["job", "shop/import", "--wait-rollout", "5m"], 5),
        (["deployment", "shop/web", "--fail-on", "possible"], 5),
        (["deployment", "shop/ok", "--fail-on", "possible"], 0),
        (["deployment", "shop/nope", "--wait-rollout", "5m"], 4),
        (["deployment/ok", "sts/nope", "--fail-on", "likely"], 4),
        (["deployment/web", "sts/nope", "--fail-on", "likely"], 5),
        (["deployment/ok", "deployment/web"], 0),
        (["deployment/ok", "sts/db"], 3),
    ],
)
def test_the_exit_code_tells_the_verdict(diagnose: Run, shop: SimulatedCluster, argv: list[str], code: int) -> None:
    ran = diagnose(*argv, "--output", "json")

    assert ran.code == code, ran.out
    assert ran.json["exit_code"] == code
    assert not any(each.writes for each in shop.requests)


def test_a_rollout_that_completes_while_it_is_waited_for_passes(diagnose: Run, shop: SimulatedCluster) -> None:
    def mend() -> None:
        # It is read once to find it, and then once a round: with the third time the first round has told its state.
        while sum(each.path.endswith("/deployments/web") for each in shop.requests) < 3:
            time.sleep(0.02)
        template = {"spec": {"containers": [{"name": "app", "image": "web:8"}]}}
        _patch(shop, "/apis/apps/v1/namespaces/shop/deployments/web", {"spec": {"template": template}})

    mending = threading.Thread(target=mend, daemon=True)
    mending.start()
    ran = diagnose("deployment", "shop/web", "--wait-rollout", "2m")
    mending.join(10)

    assert ran.code == 0
    states = [line.partition(": ")[2] for line in ran.err.splitlines()]
    assert states[0] == "Deployment shop/web: Rollout not complete: 0 of 2 updated pods are available."
    assert states[-1] == "Deployment shop/web: Rollout complete: 2 updated pods are available."


def test_a_server_that_fails_during_the_wait_is_asked_again(diagnose: Run, shop: SimulatedCluster) -> None:
    shop.fail(path_prefix="/apis/apps/v1/namespaces/shop/deployments/ok", status=503, times=4)

    assert diagnose("deployment", "shop/ok", "--wait-rollout", "1m").code == 0


def test_what_cannot_be_read_never_passes(diagnose: Run, shop: SimulatedCluster) -> None:
    shop.forbid(verb="list", resource="pods")
    hidden = diagnose("deployment", "shop/ok", "--fail-on", "likely", "--output", "json")
    shop.forbid_everything()
    refused = diagnose("deployment", "shop/ok", "--wait-rollout", "1m", "--output", "json")

    assert (hidden.code, hidden.json["objects"][0]["outcome"]) == (3, "unknown")
    assert (refused.code, refused.json["objects"][0]["outcome"]) == (2, "unusable")
    assert "needs get on apps/deployments" in refused.json["objects"][0]["error"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["cluster", "--fail-on", "likely"], "--fail-on needs an object"),
        (["ns", "shop", "--output", "sarif"], "--output sarif needs an object"),
        (["connection", "shop/web", "db:80", "--wait-rollout", "1m"], "--wait-rollout needs an object"),
        (["deployment", "shop/ok", "--wait-rollout", "5 minutes"], "is not a duration up to 6h"),
        (["deployment", "shop/ok", "--wait-rollout", "7h"], "is not a duration up to 6h"),
        (["deployment", "shop/ok", "--fail-on", "maybe"], 'unknown --fail-on "maybe"'),
        (["deployment", "shop/ok", "--output-file", "/no/such/place/x"], "cannot be written"),
        (["deployment/shop/ok", "web"], '"web" has no kind'),
        (["deployment/shop/ok", "--wait", "5m"], 'unknown option "--wait"'),
        (["pod", *map(str, range(51))], "51 objects are more than 50"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(diagnose: Run, argv: list[str], says: str) -> None:
    ran = diagnose(*argv)

    assert ran.code == 2
    assert says in ran.err


def test_one_object_by_itself_is_answered_as_before(diagnose: Run, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    plain = diagnose("deployment", "shop/web", "--output", "json")
    filed = diagnose("deployment", "shop/web", "--output", "json", "--output-file", str(file))

    assert plain.json["target"]["name"] == "web"
    assert (plain.code, filed.code) == (0, 0)
    assert file.read_text("utf-8") == plain.out
    assert filed.out.splitlines()[1].startswith(" CONFIRMED ")


def test_an_answer_in_words_is_written_to_a_file_too(diagnose: Run, tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    ran = diagnose("deployment", "shop/web", "--output-file", str(file))

    assert ran.code == 0
    written = file.read_text("utf-8").splitlines()
    assert written[:3] == [line.rstrip() for line in ran.out.splitlines()[:3]]
    assert written[1].startswith(" CONFIRMED ")


# --- reports ---


def test_sarif_follows_the_schema_and_names_each_cause(diagnose: Run, tmp_path: Path) -> None:
    file = tmp_path / "casebook.sarif"
    ran = diagnose(
        "deployment/web", "deployment/ok", "sts/nope", "--wait-rollout", "1s", "--output", "sarif",
        "--output-file", str(file),
    )  # fmt: skip

    document = json.loads(file.read_text("utf-8"))
    jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    (made,) = document["runs"]
    first, rules = made["results"][0], made["tool"]["driver"]["rules"]
    assert ran.code == made["invocations"][0]["exitCode"] == 5
    assert (first["ruleId"], first["level"]) == ("container-oom-killed", "error")
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in made["results"])
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "kubernetes/shop/Deployment/web"
    assert not made["invocations"][0]["executionSuccessful"]
    assert "nope does not exist" in made["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert "Deployment shop/ok: passed" in ran.out


def test_junit_has_a_case_for_each_object(diagnose: Run) -> None:
    ran = diagnose("deployment/web", "deployment/ok", "sts/nope", "deployment/slow", "--output", "junit")
    timed = diagnose("deployment/ok", "--output", "junit", "--timing")

    suites = ET.fromstring(ran.out)
    found = {each.get("name"): [part.tag for part in each] for each in suites.iter("testcase")}
    assert ran.code == 5
    assert {key: suites.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "4", "failures": "1" if found["Deployment shop/slow"] == ["system-out"] else "2", "errors": "1",
    }  # fmt: skip
    assert found["Deployment shop/web"] == ["failure"]
    assert found["sts nope"] == ["error", "system-out"]
    assert found["Deployment shop/ok"] == ["system-out"]
    assert not re.search(r" time=", ran.out)
    assert float(next(ET.fromstring(timed.out).iter("testcase")).get("time") or 0) > 0


def test_reports_are_byte_identical_for_the_same_state(diagnose: Run) -> None:
    for output in ("json", "sarif", "junit"):
        argv = ("deployment/web", "deployment/ok", "job/import", "--output", output)
        assert diagnose(*argv).out == diagnose(*argv).out


def test_many_objects_are_read_with_bounded_concurrency_and_keep_their_order(diagnose: Run) -> None:
    names = ["deployment/web", "sts/db", "ds/agent", "job/migrate", "job/import", "deployment/ok", "deployment/slow"]

    ran = diagnose(*names[:3], "--output", "json", *names[3:], "--fail-on", "confirmed")

    assert [each["asked"] for each in ran.json["objects"]] == [each.replace("/", " ") for each in names]


# --- text of the cluster ---


@pytest.fixture
def hostile(shop: SimulatedCluster) -> SimulatedCluster:
    """Put hostile text where a cluster lets anybody write: conditions, events, termination messages, logs."""
    text = HOSTILE.encode("utf-8", "replace").decode()
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": text}
    job = {"kind": "Job", "metadata": {"name": "evil", "namespace": "shop"}, "status": {"conditions": [failed]}}
    job["spec"] = {"template": {"spec": {"containers": [{"name": "a", "image": "a:1"}], "restartPolicy": "Never"}}}
    shop.load({
        "objects": [job],
        "scene": {"Deployment/shop/pull": {"containers": {"app": "web:7"}}},
        "faults": {"Deployment/shop/pull": {"pull_error": f"manifest unknown{text}"}},
        "events": [{"for": "Deployment/shop/pull", "type": "Warning", "reason": "Odd", "message": text}],
    })  # fmt: skip
    return shop


@pytest.mark.parametrize("output", ["text", "json", "sarif", "junit"])
def test_text_of_the_cluster_commands_nobody(
    diagnose: Run, hostile: SimulatedCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, output: str
) -> None:
    summary = tmp_path / "summary.md"
    for name, value in (("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", str(summary))):
        monkeypatch.setenv(name, value)

    ran = diagnose("job/evil", "deployment/pull", "sts/::error::x", "--wait-rollout", "1s", "--output", output, "--all")
    out, err, page = ran.out, ran.err, summary.read_text("utf-8")

    assert ran.code == 5
    assert "BackoffLimitExceeded" in out
    found = [*workflow_commands(out), *workflow_commands(err)]
    assert {each.name for each in found} == {"error"}
    assert [each.properties["title"].split()[1] for each in found] == ["Job", "Deployment", "sts"]
    assert "forged" in found[0].data  # it is shown, as data
    assert not list(workflow_commands(page))
    for written in (out, err, page):
        assert SECRET not in written
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", written)
    assert not re.search(r"(?<!\\)[<\[]b?(?:here|x)?[\]>]\(|<b>|@channel", page)
    if output == "junit":
        assert len(list(ET.fromstring(out).iter("testcase"))) == 3
    if output in ("json", "sarif"):
        document = json.loads(out)
        if output == "sarif":
            jsonschema.validate(document, SCHEMA)
            texts = " ".join(each["message"]["text"] for each in document["runs"][0]["results"])
            assert "[here]" not in texts.replace("\\[", "(").replace("\\]", ")")


def test_no_line_of_a_guarded_text_is_a_command() -> None:
    for unseen in ("", "\u200b", "\u200d", "\ufe0f", "\u00ad", "\x01", "\u034f"):
        for begin in ("", " ", "\t", "\u00a0", "a\r", "a\n", "a\r\n"):
            for text in (
                f"{begin}{unseen}:{unseen}:error::x",
                f"{begin}#{unseen}#{unseen}[error]x",
                f"{begin}###[error]x",
            ):
                assert not list(workflow_commands(without_commands(text))), ascii(text)
                assert not list(workflow_commands(without_commands(text, hashes="\\u0023"))), ascii(text)
    plain = "a::b, ## title, https://h/#x"
    assert without_commands("a::b, https://h/#x") == "a::b, https://h/#x"
    assert without_commands(plain) == "a::b, # # title, https://h/#x"


def test_a_healthy_run_has_a_summary_and_no_annotation(
    diagnose: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("earlier\n", "utf-8")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    ran = diagnose("deployment", "shop/ok", "--wait-rollout", "1m")
    warned = diagnose("deployment", "shop/web")

    lines = summary.read_text("utf-8").splitlines()
    assert (ran.code, list(workflow_commands(ran.out + ran.err))) == (0, [])
    assert lines[0] == "earlier"
    assert "| ✅ passed | Deployment shop/ok | Rollout complete: 2 updated pods are available. |" in lines
    assert [each.name for each in workflow_commands(warned.err)] == ["warning"]
