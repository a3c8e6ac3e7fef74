"""In a healthy cluster of 200 nodes and some 5,000 pods, no object has a finding."""

from __future__ import annotations

from bot.cli.rehearsal import stage, staged
from bot.cluster.object_lists import PAGE
from bot.diagnosing import diagnose
from bot.playground.kubernetes.resources import PODS
from intents.domain import Verdict
from intents.request import DiagnoseObject
from tests.diagnosing.healthy_cluster import copy_of, healthy_cluster, healthy_objects
from tests.engines import remembering_engine

COPIES = 40
SUPPORTED = (Verdict.CONFIRMED, Verdict.LIKELY)


async def test_a_copy_of_every_healthy_object_has_no_finding() -> None:
    engine, cluster = remembering_engine(), healthy_cluster(copies=COPIES)
    copies = (copy_of(one, number % COPIES) for number, one in enumerate(healthy_objects()))
    sample = [*copies, *cluster.asks[-3:]]
    found: dict[str, list[str]] = {}
    simulated = stage(cluster.world)
    assert len(simulated.store.objects(PODS)) > 8 * PAGE
    assert set(sample) <= set(cluster.asks)

    async with staged(simulated) as connection:
        for kind, namespace, name in sample:
            diagnosis = await diagnose(
                DiagnoseObject(kind=kind, namespace=namespace, name=name), engine=engine, connection=connection
            )
            causes = [one.incident for one in diagnosis.hypotheses if one.verdict in SUPPORTED]
            if told := [
                *causes,
                *(one.quote for one in diagnosis.unexplained),
                *(str(gap) for gap in diagnosis.gaps if not gap.quiet),
            ]:
                found[f"{kind} {namespace}/{name}"] = told

    assert len({kind for kind, *_ in sample}) >= 18
    assert found == {}
