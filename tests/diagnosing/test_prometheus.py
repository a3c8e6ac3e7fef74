"""Test answers with a configured, a refusing and an absent Prometheus."""

import pytest

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import diagnose
from intents.catalog.cases import world_of
from intents.domain import Diagnosis, FindingOutcome, GapReason, JudgedHypothesis, Language, Verdict
from intents.request import ExplainText
from responses import sentences
from responses.safety import scrubbed
from responses.slack.details import full_text
from tests.builtin import builtin_catalog
from tests.engines import remembering_engine

CATALOG = builtin_catalog().catalog
ETCD = CATALOG.incidents["etcd-slow-disk"]
OUTSIDE = "etcd runs outside the cluster, and Prometheus sees that four of its five members are slow"


async def answer(*, metrics: bool = True, forbidden: bool = False) -> Diagnosis:
    case = next(case for case in ETCD.cases if case.name == OUTSIDE)
    world = world_of(ETCD, case)
    cluster = stage(world if metrics else world | {"metrics": []})
    cluster.prometheus.forbidden = forbidden
    async with staged(cluster) as connection:
        return await diagnose(
            ExplainText(text=ETCD.examples.match[-1]), engine=remembering_engine(), connection=connection
        )


def etcd_in(diagnosis: Diagnosis) -> JudgedHypothesis:
    return next(one for one in diagnosis.hypotheses if one.incident == "etcd-slow-disk")


async def test_slow_members_are_named_with_their_values() -> None:
    one = etcd_in(await answer())

    finding = one.findings[0]
    assert (one.verdict, finding.rule, finding.decisive) == (Verdict.CONFIRMED, "commit", True)
    assert "4 of 5 etcd members" in finding.says.en
    assert "cp-1, cp-3, cp-2 +1" in finding.says.en
    beside = next(finding for finding in one.findings if finding.rule == "commit-beside")
    assert "On cp-5 commits stayed within 30" in beside.says.en


async def test_answer_without_prometheus_does_not_mention_it() -> None:
    diagnosis = await answer(metrics=False)

    one = etcd_in(diagnosis)
    assert [finding.rule for finding in one.findings if finding.outcome is FindingOutcome.GAP] == ["slow"]
    assert all(gap.what != "Prometheus" for gap in sentences.reported_gaps(diagnosis))
    assert [gap.reason for gap in diagnosis.gaps if gap.quiet] == [GapReason.NOT_CONFIGURED]
    assert "CASEBOOK_PROMETHEUS_URL" in full_text(scrubbed(diagnosis), language=Language.EN)


@pytest.mark.parametrize("language", Language)
async def test_refusal_by_prometheus_is_reported(language: Language) -> None:
    diagnosis = await answer(forbidden=True)

    gaps = [gap for gap in sentences.reported_gaps(diagnosis) if gap.what == "Prometheus"]
    assert [gap.reason for gap in gaps] == [GapReason.FORBIDDEN]
    assert "Prometheus" in sentences.gap_sentence(gaps[0], language)
