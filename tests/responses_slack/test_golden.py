"""Every kind of message and view, in both languages, word by word.

`REGENERATE_GOLDEN=1 pytest tests/responses_slack/test_golden.py` writes them anew; what changed is then read in the
diff. Other tests, and other programs, take them from the same directory.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.diagnosing import Engine, build_engine, diagnose
from bot.rehearsing import rehearse, request_of, stage, staged
from intents.catalog.cases import world_of
from intents.domain import Diagnosis, Language
from responses.safety import scrubbed
from responses.slack.details import details_view, full_text
from responses.slack.diagnosis import RemedyButton, answer_message
from responses.slack.message import Message
from tests.responses_slack.specimens import Said, is_fit_to_send, payload_of, specimens

GOLDEN = Path(__file__).parent / "golden"
REGENERATE = os.environ.get("REGENERATE_GOLDEN") == "1"
SAID = {(language, name): said for language in Language for name, said in specimens(language)}
# Of these entries the first case is kept: with a table, with remedies, likely at most, without a remedy.
REAL = ("pending-insufficient-resources", "image-pull-failed", "falco-bpf-lockdown", "run-as-nonroot-root-image")


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine()[0]


def is_as_kept(language: Language, name: str, said: Said) -> None:
    path = GOLDEN / language / f"{name}.json"
    written = json.dumps(payload_of(said), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if REGENERATE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text("utf-8")


@pytest.mark.parametrize(("language", "name"), list(SAID))
def test_what_is_said_is_fine_and_as_it_was(language: Language, name: str) -> None:
    said = SAID[language, name]

    is_fit_to_send(said)
    is_as_kept(language, name, said)


def said_of(diagnosis: Diagnosis, language: Language, *, of_text: bool) -> Message:
    shown = scrubbed(diagnosis)
    first = shown.hypotheses[:1]
    buttons = [
        RemedyButton(plan_id=f"plan-{number}", label=remedy.title, risk=remedy.risk)
        for one in first
        for number, remedy in enumerate(one.remedies)
    ]
    return answer_message(
        shown,
        language=language,
        request_id="r-1",
        seconds=0.84,
        of_text=of_text,
        details_value="r-1",
        buttons=buttons,
    )


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("language", list(Language))
async def test_a_real_diagnosis_reads_as_it_did(engine: Engine, language: Language, name: str) -> None:
    incident = engine.catalog.incidents[name]
    diagnosis = (await rehearse(engine, incident, incident.cases[0])).diagnosis

    said = said_of(diagnosis, language, of_text=True)

    is_fit_to_send(said)
    is_as_kept(language, f"real-{name}", said)
    is_as_kept(language, f"real-{name}-details", details_view(scrubbed(diagnosis), language=language))


@pytest.mark.parametrize("language", list(Language))
async def test_cause_effect_and_timeline_read_as_they_did(engine: Engine, language: Language) -> None:
    pasted, upstream = (engine.catalog.incidents[name] for name in ("leader-election-lost", "etcd-slow-disk"))
    cluster = stage(*(world_of(incident, incident.cases[0]) for incident in (pasted, upstream)))
    async with staged(cluster) as connection:
        diagnosis = await diagnose(request_of(pasted, pasted.cases[0]), engine=engine, connection=connection)

    said = said_of(diagnosis, language, of_text=True)

    assert upstream.title.in_(language) in said.text
    is_fit_to_send(said)
    is_as_kept(language, "real-chain", said)
    is_as_kept(language, "real-chain-details", details_view(scrubbed(diagnosis), language=language))


@pytest.mark.parametrize("blind", [False, True])
async def test_every_incident_can_be_told_within_what_slack_takes(engine: Engine, blind: bool) -> None:
    for incident in engine.catalog:
        diagnosis = (await rehearse(engine, incident, incident.cases[0], blind=blind)).diagnosis
        for language in Language:
            said = said_of(diagnosis, language, of_text=True)
            is_fit_to_send(said)
            is_fit_to_send(details_view(scrubbed(diagnosis), language=language))
            assert said.overflow is None
            first = diagnosis.hypotheses[0]
            assert first.title.in_(language) in said.text
            assert first.title.in_(language) in full_text(scrubbed(diagnosis), language=language)


def test_no_golden_payload_is_left_over() -> None:
    kept = {(path.parent.name, path.stem) for path in GOLDEN.rglob("*.json")}
    names = [f"real-{name}{part}" for name in (*REAL, "chain") for part in ("", "-details")]
    real = {(language, name) for language in Language for name in names}

    assert kept == {(str(language), name) for language, name in SAID} | {(str(a), b) for a, b in real}


def test_the_real_answers_lead_with_verdict_and_cause() -> None:
    for path in GOLDEN.rglob("real-*.json"):
        payload: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if "text" in payload:
            assert [block["type"] for block in payload["blocks"][:2]] == ["header", "rich_text"]
