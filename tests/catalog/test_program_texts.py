"""Errors of programs as a writer pasted them who had not seen the signatures, and errors of other machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from intents.matcher import Matcher
from intents.symptoms import read_symptoms
from tests.catalog.conftest import CATALOG

JUDGE = Path(__file__).parent.parent / "talk" / "judge" / "failures" / "programs.jsonl"
BENCH = Path(__file__).parent.parent / "bench"
# The entries that own the texts of each family of the writer.
FAMILIES = {
    "refused": {"connection-refused"},
    "timeout": {"connection-timed-out"},
    "reset": {"connection-reset"},
    "dns": {"dns-lookup-failing"},
    "tls-expired": {"certificate-expired"},
    "tls-unknown-authority": {"certificate-untrusted"},
    "tls-wrong-host": {"tls-certificate-name-mismatch"},
    "tls-plain-text": {"tls-plain-text-mismatch"},
    "db-login": {"database-login-refused"},
    "broker-login": {"broker-login-refused"},
    "http-401-403": {"http-request-unauthorized", "rbac-forbidden"},
    "cloud-denied": {"cloud-access-denied"},
    "too-many-connections": {"database-connections-exhausted"},
    "pool-exhausted": {"connection-pool-exhausted"},
    "rate-limited": {"request-rate-limited"},
    "heap": {"process-heap-exhausted"},
    "disk-full": {"volume-full"},
    "read-only-fs": {"filesystem-read-only"},
    "permission-denied": {"file-permission-denied"},
    "port-in-use": {"listen-port-in-use"},
    "port-privileged": {"listen-port-privileged"},
    "variable-missing": {"environment-variable-missing"},
    "flag-invalid": {"program-flag-invalid"},
    "file-missing": {"program-file-missing"},
    "config-invalid": {"configuration-invalid"},
    "migration-failed": {"database-migration-failed"},
    "migration-locked": {"database-migration-locked"},
    "refuses-root": {"program-refuses-root"},
    "needs-root": {"program-needs-root"},
    "library-missing": {"library-missing"},
    "clock-skew": {"clock-skewed"},
    "open-files": {"open-files-exhausted"},
    "lock-timeout": {"database-lock-timeout"},
    "db-disk-full": {"database-disk-full"},
    "missing-database-or-table": {"database-object-missing"},
}
MATCHER = Matcher(CATALOG)
APPLICATIONS = {id_ for id_, source in CATALOG.sources.items() if source.path.parent.name == "applications"}


def first(text: str) -> str:
    found = MATCHER.match(read_symptoms(text)).hypotheses
    return found[0].incident if found else ""


def test_nine_of_ten_errors_of_programs_find_their_entry() -> None:
    texts: list[dict[str, Any]] = [
        json.loads(line) for line in (BENCH / "program_texts.jsonl").read_text("utf-8").splitlines()
    ]
    missed = [each["id"] for each in texts if first(each["text"]) not in FAMILIES[each["family"]]]

    assert len(missed) / len(texts) <= 0.1, missed


def test_nine_of_ten_errors_of_programs_find_their_entry_if_no_signature_is_known_for_many() -> None:
    """The texts are of a third writer: no signature comes from them, and no model was fitted to them."""
    rows = [json.loads(line) for line in JUDGE.read_text("utf-8").splitlines()]
    missed = [row["text"] for row in rows if first(row["text"]) not in row["incident"].split("|")]

    assert len(missed) / len(rows) <= 0.1, missed


def test_errors_of_other_machines_are_no_programs_of_the_cluster() -> None:
    names = ("other_tools_errors.txt", "other_tools_errors_2.txt", "other_tools_errors_3.txt")
    lines = [line for name in names for line in (BENCH / name).read_text("utf-8").splitlines() if line.strip()]
    claimed = [line for line in lines if first(line) in APPLICATIONS]

    assert len(claimed) / len(lines) <= 0.02, claimed


def test_what_a_log_may_mean_is_judged_whatever_workload_is_asked_about() -> None:
    """Else the general entry about a log leads, where the matcher reads a known cause in it."""
    workloads = {"Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"}
    meant = [
        incident
        for incident in CATALOG
        if any(f'row.incident == "{incident.id}"' in rule.when for rule in incident.evidence)
    ]
    assert len(meant) > 30
    assert {incident.id for incident in meant if not workloads <= set(incident.kinds)} == set()
