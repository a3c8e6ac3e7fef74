"""In a healthy cluster of 200 nodes and some 5,000 pods, a sample of objects of every kind has no finding."""

from __future__ import annotations

from collections import defaultdict

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import diagnose
from intents.domain import Verdict
from intents.request import DiagnoseObject
from tests.diagnosing.healthy_cluster import healthy_cluster
from tests.engines import remembering_engine

# All 2,300 objects that may be asked about have none either; the sample keeps the test short.
SAMPLE_OF_A_KIND = 12
SUPPORTED = (Verdict.CONFIRMED, Verdict.LIKELY)


async def test_sample_of_every_kind_has_no_finding() -> None:
    engine, cluster = remembering_engine(), healthy_cluster()
    by_kind: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for ask in cluster.asks:
        by_kind[ask[0]].append(ask)
    # Spread over the scenes: the copies of one scene are neighbours.
    sample = [one for asks in by_kind.values() for one in asks[:: max(len(asks) // SAMPLE_OF_A_KIND, 1)]]
    found: dict[str, list[str]] = {}
    simulated = stage(cluster.world)

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

    assert len(sample) > 150
    assert len(by_kind) >= 18
    assert found == {}
