"""`casebook incident postmortem`: a Slack export in, the draft of a post-mortem out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
SAID = (
    ("bo", "impact: checkout fails for all EU users since 14:05"),
    ("an", "root cause: the report job held 90 connections"),
    ("an", "decision: no deploys until tomorrow"),
    ("bo", "status: resolved"),
    ("bo", "follow-up: an will limit the pool of the report job"),
)


@pytest.fixture
def export(tmp_path: Path) -> str:
    path = tmp_path / "inc-7.json"
    entries = [
        {"type": "message", "user": f"U0{who}", "user_profile": {"display_name": who}, "text": text,
         "ts": f"{1700000000 + 60 * number}.000100"}
        for number, (who, text) in enumerate(SAID)
    ]  # fmt: skip
    path.write_text(json.dumps(entries), encoding="utf-8")
    return str(path)


def test_post_mortem_of_an_export_has_what_people_stated_and_questions_for_the_rest(run: Run, export: str) -> None:
    ran = run("incident", "postmortem", export)

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("# Postmortem: #inc-7\n")
    assert "| Resolved | 2023-11-14 22:16 | 2 min | 3 min |" in ran.out
    assert "- 💬 stated as the cause · “the report job held 90 connections” — an, 11-14 22:14\n" in ran.out
    assert "- “no deploys until tomorrow” — an, 11-14 22:15\n" in ran.out
    assert "- [ ] “an will limit the pool of the report job” · Owner: an — bo, 11-14 22:17\n" in ran.out
    assert "- **Which change ended it?** Not stated in the channel.\n" in ran.out


def test_post_mortem_is_written_in_the_language_asked_for(run: Run, export: str) -> None:
    ran = run("incident", "postmortem", export, "--lang", "zh")

    assert "## 频道中未说明的内容\n" in ran.out
    assert "“the report job held 90 connections”" in ran.out
