"""A pasted line that names no object but what a program called is about the way to that, in whichever namespace."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import Engine, diagnose
from intents.domain import Diagnosis, Existence, Verdict
from intents.request import ExplainText

CLIENT = "front-7c9d8b6f54-k2m4p"
MOST_CALLS = 40


def world(*, log: str = "", since: str = "3m", more: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a server and its Service, and a client in another namespace that logs lines again and again."""
    scene: dict[str, Any] = {
        "Node/worker-a": {},
        "Deployment/pricing/quotes": {
            "containers": {"quotes": {"image": "quotes:3", "ports": {"web": 8000}}},
            "pods": {"quotes-5d7c8b9f66-x2lqp": {"node": "worker-a", "ip": "10.244.2.31"}},
        },
        "Service/pricing/quotes": {"ports": {"web": "80:8000"}, "ip": "10.96.41.7"},
        "Deployment/shop/front": {
            "containers": {"front": {"image": "front:9", "env": {"QUOTES": "http://quotes.pricing"}}},
            "pods": {CLIENT: {"node": "worker-a"}},
        },
        **(more or {}),
    }
    faults = {f"Pod/shop/{CLIENT}": {"log": {"since": since, "text": "\n".join([log] * 12)}}} if log else {}
    return {"scene": scene, "faults": faults}


async def asked(text: str, given: dict[str, Any], engine: Engine, *, addressed: bool = True) -> Diagnosis:
    async with staged(stage(given)) as connection:
        return await diagnose(ExplainText(text=text, addressed=addressed), engine=engine, connection=connection)


def walked(diagnosis: Diagnosis) -> Verdict | None:
    found = (one.verdict for one in diagnosis.hypotheses if one.incident == "connection-broken")
    return next(found, None)


@pytest.mark.parametrize(
    "host",
    [
        "http://quotes.pricing:8080/v2",
        "quotes.pricing.svc.cluster.local:8080",
        "10.96.41.7:8080",
        "quotes/10.96.41.7:8080",
        "quotes:8080",
        "ipv4:10.96.41.7:8080",
    ],
)
async def test_what_a_line_calls_is_walked_to_whatever_else_it_says(engine: Engine, host: str) -> None:
    diagnosis = await asked(f"ERROR no quote for order 7 from {host}", world(), engine)

    assert walked(diagnosis) is Verdict.CONFIRMED
    assert "listens on web 80" in diagnosis.hypotheses[0].summary.en
    assert diagnosis.api_calls <= MOST_CALLS


async def test_the_address_of_a_pod_is_walked_to(engine: Engine) -> None:
    diagnosis = await asked("worker: post 10.244.2.31:9999 gave up after 3 tries", world(), engine)

    assert walked(diagnosis) is Verdict.LIKELY
    assert "declare" in diagnosis.hypotheses[0].summary.en


@pytest.mark.parametrize(
    "line",
    [
        "ERROR no quote for order 7 from http://quotes.pricing/v2",
        "ERROR no quote for order 7 from http://quotes.example.com:8080/v2",
        "ERROR no quote for order 7 from quoter:8080",
        "ERROR no quote for order 7 from quotes.elsewhere:8080",
        "ERROR no quote for order 7 from 192.0.2.7:8080",
    ],
)
async def test_a_way_in_order_and_hosts_outside_are_not_blamed(engine: Engine, line: str) -> None:
    assert walked(await asked(line, world(), engine)) is None


async def test_a_name_that_two_namespaces_have_means_neither(engine: Engine) -> None:
    other = {"ports": {"web": "80:8000"}, "ip": "10.96.41.8", "selector": {}}
    given = world(more={"Service/stage/quotes": other})

    assert walked(await asked("ERROR no quote for order 7 from quotes:8080", given, engine)) is None


async def test_a_ready_caller_in_another_namespace_is_found_by_its_log(engine: Engine) -> None:
    line = "ERROR no quote for order 7 from http://quotes.pricing:8080/v2"

    diagnosis = await asked(line, world(log=line), engine)

    assert [(one.existence, one.target.name) for one in diagnosis.named] == [(Existence.QUOTED, CLIENT)]
    assert "Deployment shop/front calls" in " ".join(
        finding.says.en for one in diagnosis.hypotheses for finding in one.findings
    )


async def test_the_way_begins_at_the_program_that_the_text_names(engine: Engine) -> None:
    diagnosis = await asked(f"pod shop/{CLIENT} has no quote from quotes.pricing:8080", world(), engine)

    assert walked(diagnosis) is Verdict.CONFIRMED
    assert "which Deployment shop/front calls" in diagnosis.hypotheses[0].summary.en


async def test_a_service_that_a_line_names_as_host_is_not_the_one_that_says_it(engine: Engine) -> None:
    line = 'err="Post https://quotes.pricing.svc/v2: x509: certificate signed by unknown authority"'

    diagnosis = await asked(line, world(log=line), engine)

    assert [(one.existence, one.target.name) for one in diagnosis.named] == [(Existence.QUOTED, CLIENT)]


async def test_a_line_of_long_ago_is_told_as_what_it_means(engine: Engine) -> None:
    line = "ERROR db: dial tcp 10.96.41.7:80: connect: connection refused"

    said = "\n".join((line, *["INFO GET /orders 200"] * 40))

    diagnosis = await asked(line, world(log=said, since="9h"), engine)

    assert [one.existence for one in diagnosis.named] == [Existence.QUOTED]
    assert all(one.subject is None for one in diagnosis.hypotheses if one.verdict is Verdict.POSSIBLE)
    assert all(one.verdict is not Verdict.CONFIRMED for one in diagnosis.hypotheses)


async def test_a_chat_line_that_matches_nothing_is_not_walked(engine: Engine) -> None:
    diagnosis = await asked("we moved to quotes.pricing:8080 on Friday", world(), engine, addressed=False)

    assert diagnosis.hypotheses == ()
