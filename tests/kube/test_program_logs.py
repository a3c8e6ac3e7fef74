"""Logs of programs by a writer who did not know the code: the causal line leads, and is always quoted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from bot.kube.log_failures import LogFailure, failures_in, last_words_in, repeats_in
from bot.kube.log_records import read_records

LOGS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "bench" / "program_logs.jsonl").read_text("utf-8").splitlines()
]
FAILED = [each for each in LOGS if each["family"] != "none"]


def alike(text: str) -> str:
    return re.sub(r"\d+", "#", text).replace('\\"', '"')


def tells(log: dict[str, Any], text: str) -> bool:
    """Tell whether a text has the causal words; a message without the level of its line has them too."""
    told = alike(text)
    return any(alike(each) in told or (len(told) > 20 and told in alike(each)) for each in (log["cause"], *log["also"]))


def causes(log: dict[str, Any]) -> tuple[LogFailure, ...]:
    found = failures_in(read_records(log["log"]))
    last = last_words_in(read_records(log["log"])) if log["ended"] and not found else None
    return (last,) if last else found


def test_the_causal_line_leads_in_nine_of_ten_logs() -> None:
    leading = [log["id"] for log in FAILED if (found := causes(log)) and tells(log, found[0].says)]
    quoted = [log["id"] for log in FAILED if (found := causes(log)) and tells(log, "\n".join(found[0].lines))]

    assert len(leading) / len(FAILED) >= 0.9, sorted({log["id"] for log in FAILED} - {*leading})
    assert len({*leading, *quoted}) / len(FAILED) >= 0.93


def test_a_second_failure_of_a_log_is_told_too() -> None:
    for log in (each for each in FAILED if each["second"]):
        assert any(log["second"] in "\n".join((each.says, *each.lines)) for each in causes(log)), log["id"]


def test_what_a_ready_program_repeats_is_found() -> None:
    running = [log for log in FAILED if not log["ended"]]
    found = []
    for log in running:
        text = "\n".join([log["log"]] * 4)
        ages = range(len(text.split("\n")), 0, -1)
        if any(tells(log, "\n".join((each.says, *each.lines))) for each in repeats_in(read_records(text), ages)):
            found.append(log["id"])

    assert len(found) / len(running) >= 0.9, sorted({log["id"] for log in running} - {*found})


def test_a_healthy_log_repeats_nothing() -> None:
    for log in (each for each in LOGS if each["family"] == "none"):
        assert repeats_in(read_records(log["log"]), range(len(log["log"].split("\n")), 0, -1)) == (), log["id"]
