"""`casebook explain` and `casebook diagnose` against a cluster over HTTP, and without one."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.playground.kubernetes import SimulatedCluster
from tests.command_line import descriptors

Run = Callable[..., Any]

TEXT = 'Error: container has runAsNonRoot and image will run as root (pod: "db-tikv-0_ledger(1-2)", container: tikv)'
SECRET = "Tr0ub4dor-and-3"


def test_a_text_is_proven_by_the_cluster(run: Run, kubeconfig: str) -> None:
    ran = run("explain", "--kubeconfig", kubeconfig, stdin=TEXT)

    first, second, *_ = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert first.startswith("Container tikv of ledger/db-tikv-0 cannot start: runAsNonRoot is true")
    assert second.startswith(" CONFIRMED  The container never starts")
    assert ran.out.splitlines()[-1].endswith(" · --all shows the rest")
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("name", [["ledger/db-tikv-0"], ["db-tikv-0", "-n", "ledger"], ["db-tikv-0"]])
def test_a_pod_is_diagnosed_in_the_given_or_the_contexts_namespace(run: Run, kubeconfig: str, name: list[str]) -> None:
    document = run("diagnose", "pod", *name, "--kubeconfig", kubeconfig, "--output", "json").json

    assert document["target"] == {
        "kind": "Pod", "namespace": "ledger", "name": "db-tikv-0", "container": "", "node": document["target"]["node"]
    }  # fmt: skip
    assert [owner["kind"] for owner in document["owners"]] == ["StatefulSet", "TidbCluster"]
    assert document["hypotheses"][0]["incident"] == "run-as-nonroot-root-image"
    assert document["hypotheses"][0]["verdict"] == "confirmed"


@pytest.mark.parametrize("argv", [["explain"], ["diagnose", "pod", "ledger/db-tikv-0"]])
def test_json_is_byte_identical_for_the_same_snapshot(run: Run, kubeconfig: str, argv: list[str]) -> None:
    outputs = {run(*argv, "--kubeconfig", kubeconfig, "--output", "json", stdin=TEXT).out for _ in range(3)}

    (only,) = outputs
    assert only == json.dumps(json.loads(only), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    assert "timing" not in json.loads(only)


def test_timing_adds_clock_values_and_call_counts(run: Run, kubeconfig: str) -> None:
    argv = ("explain", "--kubeconfig", kubeconfig, "--output", "json")
    plain, timed = run(*argv, stdin=TEXT).json, run(*argv, "--timing", stdin=TEXT).json

    timing = timed.pop("timing")
    assert timed == plain
    assert timing["api_calls"] > 0
    assert timing["observed_at"] == "2026-03-02T03:00:00+00:00"
    assert timing["seconds"] > 0


def test_a_missing_object_exits_with_4_and_lists_what_may_be_meant(run: Run, kubeconfig: str) -> None:
    for kind, name, meant in (
        ("deployment", "ledger/db-tikv", "StatefulSet ledger/db-tikv"),
        ("statefulset", "shop/db-tikv", "StatefulSet ledger/db-tikv"),
        ("statefulset", "ledger/db-tkiv", "StatefulSet ledger/db-tikv"),
    ):
        ran = run("diagnose", kind, name, "--kubeconfig", kubeconfig)

        assert (ran.code, ran.out) == (4, "")
        assert f"• {meant}" in [line.strip() for line in ran.err.splitlines()]


@pytest.mark.parametrize("argv", [["ledger/db-tikv"], ["pod", "ledger/db-tikv"], ["sts/ledger/db-tikv"]])
def test_a_workload_is_found_by_its_name_alone(run: Run, kubeconfig: str, argv: list[str]) -> None:
    document = run("diagnose", *argv, "--kubeconfig", kubeconfig, "--output", "json").json

    assert (document["target"]["kind"], document["target"]["name"]) == ("StatefulSet", "db-tikv")


def test_without_a_namespace_the_whole_cluster_is_searched(run: Run, cluster: SimulatedCluster, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(cluster.kubeconfig(namespace="default")), "utf-8")

    document = run("diagnose", "sts", "db-tikv", "--kubeconfig", str(path), "--output", "json").json

    assert document["target"]["namespace"] == "ledger"
    assert "ledger" in document["named"][0]["says"]


def test_a_healthy_pod_has_no_known_problem_and_exits_with_3(
    run: Run, kubeconfig: str, cluster: SimulatedCluster
) -> None:
    healthy = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "fine", "namespace": "calm"},
        "spec": {"nodeName": "worker-a", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {
            "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{
                "name": "app", "ready": True, "restartCount": 0, "image": "app:1", "imageID": "",
                "state": {"running": {"startedAt": "-1d"}},
            }],
        },
    }  # fmt: skip
    cluster.load({"objects": [healthy]})

    ran = run("diagnose", "pod", "calm/fine", "--kubeconfig", kubeconfig)

    assert ran.code == 3
    assert ran.out.splitlines()[:2] == [
        "NO KNOWN PROBLEM FOUND",
        "Pod calm/fine: all its containers are ready, none was restarted; no known incident applies.",
    ]


def test_an_unknown_kind_gets_a_suggestion(run: Run, kubeconfig: str) -> None:
    ran = run("diagnose", "statefulthing", "ledger/db", "--kubeconfig", kubeconfig)

    assert (ran.code, ran.out) == (2, "")
    assert "does not know that kind; did you mean StatefulSet?" in ran.err


def test_a_forbidden_read_names_the_missing_grant(run: Run, kubeconfig: str, cluster: SimulatedCluster) -> None:
    cluster.forbid_everything()

    ran = run("explain", "--kubeconfig", kubeconfig, stdin=TEXT)

    assert ran.code == 0
    assert "\n POSSIBLE " in ran.out
    assert "needs get on pods" in ran.out


def test_an_unknown_text_makes_no_call_to_the_cluster(run: Run, kubeconfig: str, cluster: SimulatedCluster) -> None:
    ran = run("explain", "--kubeconfig", kubeconfig, stdin="Error: the coffee machine is broken\nand the tea is cold")

    assert ran.code == 3
    assert "From the text\n  • “Error: the coffee machine is broken”\n" in ran.out
    assert cluster.requests == []


def test_the_answer_is_in_the_requested_language_or_the_texts(run: Run, kubeconfig: str) -> None:
    chinese = f"这个 Pod 起不来，帮忙看一下\n{TEXT}"

    assert "\n 已证实 " in run("explain", "--kubeconfig", kubeconfig, stdin=chinese).out
    assert "\n CONFIRMED " in run("explain", "--kubeconfig", kubeconfig, "--lang", "en", stdin=chinese).out
    asked = run("diagnose", "pod", "ledger/db-tikv-0", "--kubeconfig", kubeconfig, "--lang", "zh")
    assert "\n 已证实 " in asked.out


# --- no cluster ---


def test_without_a_cluster_a_text_is_explained_and_the_answer_says_so(run: Run) -> None:
    ran = run("explain", stdin=TEXT)

    assert ran.code == 0
    assert "\n POSSIBLE " in ran.out
    assert "No cluster was queried; this is based on the text alone." in ran.out
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("casebook: no cluster was queried: ")


def test_without_a_cluster_an_object_cannot_be_diagnosed(run: Run) -> None:
    ran = run("diagnose", "pod", "shop/api-0")

    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert "KUBECONFIG" in ran.err


def _edited(kubeconfig: str, **server: Any) -> str:
    path = Path(kubeconfig)
    document = json.loads(path.read_text("utf-8"))
    document["clusters"][0]["cluster"].update(server)
    path.write_text(json.dumps(document), "utf-8")
    return kubeconfig


@pytest.mark.parametrize("command", [["explain"], ["diagnose", "pod", "ledger/db-tikv-0"]])
@pytest.mark.parametrize("trouble", ["expired", "context", "tls", "refused", "file"])
def test_an_unusable_cluster_is_one_clear_line(
    run: Run, kubeconfig: str, cluster: SimulatedCluster, command: list[str], trouble: str
) -> None:
    options = ["--kubeconfig", kubeconfig]
    if trouble == "expired":
        cluster.token = "another"
    elif trouble == "context":
        options += ["--context", "prod"]
    elif trouble == "tls":
        _edited(kubeconfig, server=cluster.url.replace("http:", "https:"))
    elif trouble == "refused":
        _edited(kubeconfig, server="http://127.0.0.1:1")
    else:
        Path(kubeconfig).write_text("{[", "utf-8")
    says = {
        "expired": "does not accept the credentials",
        "context": '"prod"',
        "tls": "TLS failed",
        "refused": "connection refused",
        "file": kubeconfig,
    }

    ran = run(*command, *options, stdin=TEXT)

    assert says[trouble] in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "Traceback" not in ran.err
    if command == ["explain"]:
        assert ran.code == 0
        assert "\n POSSIBLE " in ran.out
    else:
        assert (ran.code, ran.out) == (2, "")


# --- redaction ---


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_secret_in_the_paste_or_in_the_cluster_is_in_no_answer(
    run: Run, kubeconfig: str, cluster: SimulatedCluster, output: str
) -> None:
    pull = f"Failed to pull https://robot:{SECRET}@registry.internal/v2/app: \x1b]0;owned\x07 connection reset"
    cluster.load(
        {
            "events": [
                {"for": "Pod/ledger/db-tikv-0", "type": "Warning", "reason": "Odd", "message": pull, "last": "-5s"}
            ]
        }
    )
    text = f"{TEXT} password={SECRET}\n\x1b[31mError:\x1b[0m Authorization: Bearer {SECRET}9 for {TEXT}"

    for argv in (["explain", "--kubeconfig", kubeconfig], ["explain"], ["match"]):
        ran = run(*argv, "--output", output, stdin=text)
        assert SECRET not in ran.out + ran.err
        assert "\x1b" not in ran.out + ran.err
    whole = ["--all"] if output == "text" else []
    seen = run("diagnose", "pod", "ledger/db-tikv-0", "--kubeconfig", kubeconfig, "--output", output, *whole)
    assert "robot:[redacted]@registry.internal" in seen.out
    assert SECRET not in seen.out
    assert "\x1b" not in seen.out
    unknown = run("explain", "--output", output, stdin=f"Error: DB_PASSWORD={SECRET} refused")
    assert SECRET not in unknown.out


# --- as a process ---


def test_the_process_reads_a_pipe_and_writes_to_a_pipe(kubeconfig: str) -> None:
    """Check all imports on stderr too: the library for pictures must not be loaded."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", "explain"],
        input=TEXT,
        env={**os.environ, "KUBECONFIG": kubeconfig, "PYTHONPROFILEIMPORTTIME": "1"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, re.sub(r"^import time:.*\n", "", done.stderr, flags=re.MULTILINE)) == (0, "")
    assert "bot.diagnosing\n" in done.stderr
    assert "matplotlib" not in done.stderr
    assert "\n CONFIRMED " in done.stdout
    assert "\x1b" not in done.stdout
    assert not [line for line in done.stdout.splitlines() if line != line.rstrip()]


def test_a_reader_that_leaves_early_causes_no_error(kubeconfig: str, capfd: pytest.CaptureFixture[str]) -> None:
    """This includes the exit of the process, as in test_audit.py."""
    reading, writing = os.pipe()
    os.close(reading)
    with descriptors.at_hand(TEXT) as stdin, descriptors.lent(stdin, writing, 2):
        os.close(writing)
        code = main(["explain", "--kubeconfig", kubeconfig])

    assert (code, capfd.readouterr().err) == (0, "")


def test_any_terminal_encoding_works(kubeconfig: str, capfd: pytest.CaptureFixture[str]) -> None:
    with descriptors.at_hand(TEXT) as stdin, descriptors.lent(stdin, 1, 2, encoding="ascii"):
        code = main(["explain", "--kubeconfig", kubeconfig, "--lang", "zh"])

    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    assert "\\u2022" in out


def test_what_is_wrong_in_a_namespace_or_the_cluster_is_listed(run: Run, kubeconfig: str) -> None:
    cluster = run("diagnose", "cluster", "--kubeconfig", kubeconfig, "--output", "json")
    namespace = run("diagnose", "ns", "ledger", "--kubeconfig", kubeconfig, "--output", "json")
    page = run("diagnose", "cluster", "-n", "ledger", "--kubeconfig", kubeconfig)

    causes = [(one["incident"], one["object"]["namespace"]) for one in namespace.json["findings"]]
    assert (cluster.code, namespace.code, page.code) == (0, 0, 0)
    assert ("run-as-nonroot-root-image", "ledger") in causes
    assert len(cluster.json["findings"]) >= len(causes)
    assert "in namespace ledger" in page.out.splitlines()[0]
    assert "casebook diagnose pod ledger/db-tikv-0" in page.out


def test_a_healthy_namespace_has_no_finding_and_an_unknown_one_is_said(run: Run, kubeconfig: str) -> None:
    healthy = run("diagnose", "namespace", "shop", "--kubeconfig", kubeconfig)
    unknown = run("diagnose", "namespace", "ledgr", "--kubeconfig", kubeconfig)

    assert (healthy.code, unknown.code) == (3, 4)
    assert healthy.out.startswith("Nothing unhealthy found")
    assert "ledger" in unknown.err


def test_a_connection_is_walked_from_its_client(run: Run, kubeconfig: str) -> None:
    asked = run("diagnose", "connection", "ledger/db-tikv-0", "no-such-service:80", "--kubeconfig", kubeconfig)

    assert asked.code == 0
    assert asked.out.startswith("no-such-service:80 means Service ledger/no-such-service, which does not exist.")


@pytest.mark.parametrize(("argv", "says"), [(["connection"], "connection needs"), (["pod/a", "b"], '"b" has no kind')])
def test_a_question_with_other_words_shows_its_usage(run: Run, argv: list[str], says: str) -> None:
    ran = run("diagnose", *argv)

    assert ran.code == 2
    assert says in ran.err
    assert "diagnose connection [NS/]CLIENT SERVICE:PORT" in ran.err
