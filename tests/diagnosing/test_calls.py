"""What is wrong with a Service explains its callers, if their entry says so and they name it; nothing else does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import diagnose
from bot.diagnosing.engine import Engine
from bot.playground.kubernetes.scenes import expanded
from intents.catalog.fields import Cause, LinkedBy
from intents.catalog.loader import Catalog
from intents.connection_questions import connection_check
from intents.domain import Diagnosis, JudgedHypothesis, Verdict
from intents.request import DiagnoseObject, ExplainText, Request
from tests.engines import remembering_engine

CALLER, CAUSE = "container-crash-looping", "service-without-ready-pods"


def linked(**links: str) -> Engine:
    """Return an engine with causes of container-crash-looping that calls link."""
    engine = remembering_engine()
    causes = tuple(Cause(incident=incident, linked_by=LinkedBy(by)) for incident, by in links.items())
    entry = engine.catalog.incidents[CALLER].model_copy(update={"causes": causes})
    return replace(engine, catalog=Catalog(incidents={**engine.catalog.incidents, CALLER: entry}))


@pytest.fixture(scope="module")
def engine() -> Engine:
    return linked(**{CAUSE: "calls"})


CRASH = {"exited": 1, "waiting": "CrashLoopBackOff", "restarts": 9, "since": "30m"}
API = "api-7d9f8b6c54-x2x4z"


def shop(**api: Any) -> dict[str, Any]:
    return {
        "StatefulSet/shop/pg": {
            "containers": {"pg": {"image": "pg:16", "env": [{"name": "PGHOST", "value": "pg"}]}},
            "pods": {"pg-0": "worker-b"},
        },
        "Service/shop/pg": {"ports": 5432},
        "Deployment/shop/api": {"containers": {"api": {"image": "api:1", **api}}, "pods": {API: "worker-a"}},
    }  # fmt: skip


CALLS = {"env": [{"name": "DB_URL", "value": "postgres://u:p@pg:5432/x"}]}


async def answer(engine: Engine, scene: dict[str, Any], faults: dict[str, Any], request: Request) -> Diagnosis:
    world = expanded({"scene": scene, "faults": faults}, now=REHEARSAL_TIME)
    async with staged(stage(world)) as connection:
        return await diagnose(request, engine=engine, connection=connection)


BOTH = {"Pod/shop/pg-0": CRASH, f"Pod/shop/{API}": CRASH}
ASKED = DiagnoseObject(kind="Pod", namespace="shop", name=API)
TOLD = ExplainText(text=f"Back-off restarting failed container api in pod {API}_shop(1)", namespace="shop")


@pytest.mark.parametrize("request_", [ASKED, TOLD], ids=["object", "text"])
async def test_trouble_behind_a_dead_service_leads_and_its_caller_is_the_effect(
    engine: Engine, request_: Request
) -> None:
    diagnosis = await answer(engine, shop(**CALLS), BOTH, request_)

    told = [(one.incident, str(one.subject), str(one.verdict), one.effect_of) for one in diagnosis.hypotheses]
    assert told[:3] == [
        (CALLER, "Pod shop/pg-0", "confirmed", ""),
        (CAUSE, "Service shop/pg", "confirmed", CALLER),
        (CALLER, f"Pod shop/{API}", "confirmed", CAUSE),
    ], told


@pytest.mark.parametrize(
    "api",
    [
        {"args": ["--db=pg.shop.svc.cluster.local:5432"]},
        {"env": [{"name": "DB_HOST", "value": "pg"}, {"name": "CACHE_HOST", "value": "redis"}]},
        {"env": [{"name": "NAME", "value": "pg"}, {"name": "DB_URL", "value": "postgres://$(NAME)/x"}]},
    ],
)
async def test_any_address_of_the_spec_leads_to_the_service(engine: Engine, api: dict[str, Any]) -> None:
    others = {"Deployment/shop/redis": {"containers": {"redis": "redis:7"}}, "Service/shop/redis": {"ports": 6379}}
    diagnosis = await answer(engine, shop(**api) | others, BOTH, ASKED)

    assert str(diagnosis.hypotheses[0].subject) == "Pod shop/pg-0"
    assert [one.effect_of for one in diagnosis.hypotheses if one.incident == CALLER] == ["", CAUSE]
    assert "redis" not in {one.subject.name for one in diagnosis.hypotheses if one.subject}


@pytest.mark.parametrize(
    ("api", "faults"),
    [
        ({}, BOTH),
        ({"env": [{"name": "DB_HOST", "value": "pg.other"}]}, BOTH),
        ({"env": [{"name": "PRODUCT", "value": "pg"}]}, BOTH),
        (CALLS, {f"Pod/shop/{API}": CRASH}),
    ],
    ids=["no address", "another namespace", "no host", "the Service is well"],
)
async def test_without_a_call_to_a_dead_service_the_caller_leads(
    engine: Engine, api: dict[str, Any], faults: dict[str, Any]
) -> None:
    diagnosis = await answer(engine, shop(**api), faults, ASKED)

    first = diagnosis.hypotheses[0]
    assert (first.incident, first.verdict, first.effect_of) == (CALLER, Verdict.CONFIRMED, "")
    assert "pg-0" not in str(diagnosis)
    assert CAUSE not in {one.incident for one in diagnosis.hypotheses}


async def test_what_the_caller_shows_itself_is_nearer_than_what_it_calls(engine: Engine) -> None:
    limited = shop(**CALLS, limits={"memory": "64Mi"})
    memory = {**CRASH, "exited": "OOMKilled"}
    diagnosis = await answer(engine, limited, {"Pod/shop/pg-0": CRASH, f"Pod/shop/{API}": memory}, ASKED)

    assert diagnosis.hypotheses[0].incident == "container-oom-killed"
    assert {one.effect_of for one in diagnosis.hypotheses if one.incident == CALLER} <= {"container-oom-killed"}
    assert "pg-0" not in str(diagnosis)


async def test_every_dead_service_that_is_called_is_told(engine: Engine) -> None:
    env = [{"name": "DB_HOST", "value": "pg"}, {"name": "CACHE_HOST", "value": "redis"}]
    redis = {"Deployment/shop/redis": {"containers": {"redis": "redis:7"}}, "Service/shop/redis": {"ports": 6379}}
    diagnosis = await answer(engine, shop(env=env) | redis, {**BOTH, "Deployment/shop/redis": CRASH}, ASKED)

    told = {str(one.subject) for one in diagnosis.hypotheses if one.incident == CAUSE}
    assert told == {"Service shop/pg", "Service shop/redis"}
    behind = {str(one.behind) for one in diagnosis.hypotheses if one.incident == CALLER}
    assert behind == {"Service shop/pg", "Service shop/redis", "None"}


async def test_dead_one_of_many_services_is_found(engine: Engine) -> None:
    scene: dict[str, Any] = {f"Deployment/shop/s{at}": {"containers": {"s": "s:1"}} for at in range(7)}
    scene |= {f"Service/shop/s{at}": {"ports": 80} for at in range(7)}
    env = [{"name": f"S{at}_URL", "value": f"http://s{at}"} for at in range(7)]
    faults = {f"Pod/shop/{API}": CRASH, "Deployment/shop/s6": CRASH, "Pod/shop/pg-0": CRASH}
    diagnosis = await answer(engine, shop(env=env) | scene, faults, ASKED)

    told = [(one.incident, str(one.subject), str(one.verdict), one.effect_of) for one in diagnosis.hypotheses]
    assert told[1:3] == [
        (CAUSE, "Service shop/s6", "confirmed", CALLER),
        (CALLER, f"Pod shop/{API}", "confirmed", CAUSE),
    ], told
    assert "pg-0" not in str(diagnosis)


async def test_service_that_the_text_names_is_told_once(engine: Engine) -> None:
    text = f"pod {API} in shop is in CrashLoopBackOff: no ready endpoints of service pg, none of its pods is ready"
    diagnosis = await answer(engine, shop(**CALLS), BOTH, ExplainText(text=text, namespace="shop"))

    about = [str(one.subject) for one in diagnosis.hypotheses if one.incident == CAUSE]
    assert about == ["Service shop/pg"]
    assert [one.effect_of for one in diagnosis.hypotheses if one.incident == CALLER] == ["", CAUSE]


async def test_call_explains_nothing_unless_the_entry_says_so() -> None:
    diagnosis = await answer(linked(), shop(**CALLS), BOTH, ASKED)

    assert (diagnosis.hypotheses[0].incident, diagnosis.hypotheses[0].effect_of) == (CALLER, "")
    assert "pg-0" not in str(diagnosis)


async def test_pod_is_no_caller_of_its_own_service(engine: Engine) -> None:
    diagnosis = await answer(engine, shop(**CALLS), BOTH, DiagnoseObject(kind="Pod", namespace="shop", name="pg-0"))

    assert (diagnosis.hypotheses[0].incident, diagnosis.hypotheses[0].effect_of) == (CALLER, "")
    assert str(diagnosis.hypotheses[0].subject) == "Pod shop/pg-0"


async def test_pods_behind_the_service_explain_its_caller() -> None:
    memory = {"exited": "OOMKilled", "waiting": "CrashLoopBackOff", "restarts": 9, "since": "30m"}
    engine = linked(**{"container-oom-killed": "calls"})
    limited = shop(**CALLS)
    limited["StatefulSet/shop/pg"]["containers"]["pg"]["limits"] = {"memory": "64Mi"}
    diagnosis = await answer(engine, limited, {**BOTH, "Pod/shop/pg-0": memory}, ASKED)

    told = [(one.incident, str(one.subject), one.effect_of) for one in diagnosis.hypotheses]
    assert told[:2] == [
        ("container-oom-killed", "Pod shop/pg-0", ""),
        (CALLER, f"Pod shop/{API}", "container-oom-killed"),
    ], told


async def test_same_incident_of_the_called_explains_the_caller() -> None:
    diagnosis = await answer(linked(**{CALLER: "calls"}), shop(**CALLS), BOTH, ASKED)

    told = [(str(one.subject), one.effect_of) for one in diagnosis.hypotheses if one.incident == CALLER]
    assert told == [("Pod shop/pg-0", ""), (f"Pod shop/{API}", CALLER)]


async def test_services_that_may_not_be_read_are_a_gap(engine: Engine) -> None:
    world = expanded({"scene": shop(**CALLS), "faults": BOTH}, now=REHEARSAL_TIME)
    forbidden = {"forbidden": ["list services", "get services"]}
    async with staged(stage(world, forbidden)) as connection:
        diagnosis = await diagnose(ASKED, engine=engine, connection=connection)

    assert (diagnosis.hypotheses[0].incident, diagnosis.hypotheses[0].effect_of) == (CALLER, "")
    assert "services" in json.dumps([str(gap) for gap in diagnosis.gaps]).lower()


FRONT = "front-6b5c9d7f4-k8m2p"
FRONTS = DiagnoseObject(kind="Pod", namespace="shop", name=FRONT)
REFUSED = "".join(f"ERROR {{}}: dial tcp {{}}: connect: connection refused (attempt {at})\n" for at in range(4))
REFUSED_ONCE = "ERROR api: dial tcp 10.96.4.21:80: connect: connection refused"


@pytest.mark.parametrize(
    ("request_", "effects"),
    [
        (FRONTS, {"connection-refused", "program-repeats-errors"}),
        (ExplainText(text="why does front in shop log errors?", addressed=True), {"connection-refused"}),
        (DiagnoseObject(kind="Service", namespace="shop", name="api"), {CAUSE, "readiness-probe-failing"}),
        (DiagnoseObject(kind="Ingress", namespace="shop", name="web"), {CAUSE, "readiness-probe-failing"}),
    ],
    ids=["a caller of the caller", "in words", "the Service between", "an Ingress before it"],
)
async def test_what_stops_the_last_of_a_chain_of_calls_leads(request_: Request, effects: set[str]) -> None:
    scene, faults = chained(REFUSED.format(*("db", "10.96.4.20:5432") * 4))
    faults["Pod/shop/pg-0"] = {**CRASH, "previous": "FATAL: could not open file: Permission denied\n"}
    diagnosis = await answer(remembering_engine(), scene, faults, request_)

    first = diagnosis.hypotheses[0]
    assert (first.incident, str(first.subject)) == ("file-permission-denied", "Pod shop/pg-0")
    assert effects <= explained_by(first, diagnosis)


@pytest.mark.parametrize("request_", [FRONTS, ExplainText(text=REFUSED_ONCE, namespace="shop")])
async def test_claim_behind_a_name_without_address_leads(request_: Request) -> None:
    unknown = "".join(f"ERROR db: dial tcp: lookup pg-0.pg on 10.96.0.10:53: no such host ({at})\n" for at in range(4))
    scene, faults = chained(unknown)
    scene["Service/shop/pg"] = {"ports": 5432, "headless": True}
    scene["StatefulSet/shop/pg"] = {
        "containers": {"pg": {"image": "pg:16"}},
        "claims": {"data": {"size": "5Gi", "class": "fast", "mount": "/data"}},
    }
    faults["PersistentVolumeClaim/shop/data-pg-0"] = {"pending": True, "since": "30m"}
    diagnosis = await answer(remembering_engine(), scene, faults, request_)

    first = diagnosis.hypotheses[0]
    assert (first.incident, str(first.subject)) == (
        "pending-storageclass-missing",
        "PersistentVolumeClaim shop/data-pg-0",
    )
    assert {"dns-lookup-failing", "connection-refused"} <= explained_by(first, diagnosis)


ANSWERED = "".join(f"ERROR order {at}: {{}}\n" for at in range(4))
FAILED_API = "GET http://api/orders -> 500 Internal Server Error"


@pytest.mark.parametrize(
    "request_", [FRONTS, ExplainText(text=f"ERROR order 2: {FAILED_API}", namespace="shop", addressed=True)]
)
@pytest.mark.parametrize(
    ("said", "incident"),
    [
        ("open /data/quotes.db: Permission denied", "file-permission-denied"),
        ("quotes is closed for 7 accounts", "program-repeats-errors"),
    ],
)
async def test_log_of_the_last_that_answers_with_an_error_leads(request_: Request, said: str, incident: str) -> None:
    scene, _ = chained("")
    scene["Deployment/shop/quotes"] = {
        "containers": {"quotes": {"image": "quotes:1"}},
        "pods": {"quotes-5d7c8b9f6-x2lqp": "worker-b"},
    }
    scene["Service/shop/quotes"] = {"ports": {"http": "80:8080"}}
    logs = {
        FRONT: FAILED_API,
        API: "unexpected status code 502 from http://quotes.shop.svc/accounts",
        "quotes-5d7c8b9f6-x2lqp": said,
    }
    faults = {
        f"Pod/shop/{pod}": {"log": {"since": "4m", "text": ANSWERED.format(*[text] * 4)}} for pod, text in logs.items()
    }
    diagnosis = await answer(remembering_engine(), scene, faults, request_)

    first = diagnosis.hypotheses[0]
    assert (first.incident, str(first.subject)) == (incident, "Pod shop/quotes-5d7c8b9f6-x2lqp")
    answers = {str(one.subject) for one in diagnosis.hypotheses if one.incident == "service-answers-errors"}
    assert answers == {"Service shop/api", "Service shop/quotes"}
    assert diagnosis.api_calls <= 30


def chained(said: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a scene in which a front calls an api that is not ready and says this, with the faults of both."""
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    rule = {"host": "web.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    probe = {"httpGet": {"path": "/ready", "port": 8080}}
    scene = shop(**CALLS, ports=[8080], readinessProbe=probe) | {
        "Service/shop/pg": {"ports": {"pg": 5432}, "ip": "10.96.4.20"},
        "Service/shop/api": {"ports": {"http": "80:8080"}, "ip": "10.96.4.21"},
        "Ingress/shop/web": {"spec": {"rules": [rule]}},
        "Deployment/shop/front": {
            "containers": {"front": {"image": "front:1", "env": {"API_URL": "http://api"}}},
            "pods": {FRONT: "worker-a"},
        },
    }
    faults = {
        f"Pod/shop/{API}": {
            "readiness": "HTTP probe failed with statuscode: 503",
            "since": "20m",
            "log": {"since": "4m", "text": said},
        },
        f"Pod/shop/{FRONT}": {"log": {"since": "4m", "text": REFUSED.format(*("api", "10.96.4.21:80") * 4)}},
    }
    return scene, faults


def explained_by(first: JudgedHypothesis, diagnosis: Diagnosis) -> set[str]:
    """Return the incidents that one explains, directly or by others."""
    explained, more = {first.key}, set[str]()
    while found := {one.key for one in diagnosis.hypotheses if one.cause in explained} - explained:
        explained |= found
        more |= {key.incident for key in found}
    return more


@pytest.mark.parametrize("target", ["pg.shop:5432", "pg.shop:5433", "pq.shop:5432"], ids=["open", "port", "name"])
async def test_a_walk_that_ends_at_the_connection_costs_few_calls(engine: Engine, target: str) -> None:
    sentence = connection_check("deployment shop/api", target, zh=False)
    diagnosis = await answer(engine, shop(**CALLS), {}, ExplainText(text=sentence, namespace="shop", addressed=True))

    assert [one.incident for one in diagnosis.hypotheses if one.verdict is not Verdict.RULED_OUT] in (
        ["connection-broken"],
        [],
    )
    assert 0 < diagnosis.api_calls <= 15
