"""A namespace that a text says in any form beside a name binds that name: no other namespace is evidence."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import cache
from typing import Any

import pytest

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.cluster.connection import Connection
from bot.diagnosing import Engine, diagnose
from bot.playground.kubernetes import expanded
from intents.domain import Diagnosis, Existence, Verdict
from intents.request import ExplainText
from intents.spoken_places import spoken_words

HOMES = ("shop-prod", "mailer", "shop")
# It has neither the workload nor the claim.
LACKING = "billing"
WORKLOAD_FORMS = [
    "deployment worker ({}) is OOMKilled",
    "{}/worker OOMKilled",
    "`{}/worker` is OOMKilled, any idea?",
    "{} / worker OOMKilled",
    "worker in {} keeps getting OOMKilled",
    "In {}, worker is OOMKilled",
    "worker@{} OOMKilled again",
    "worker @ {}: CrashLoopBackOff",
    "{}: worker is OOMKilled",
    "For {}: deployment/worker OOMKilled",
    "[{}] worker OOMKilled",
    "OOMKilled: worker ({})",
    "*worker* ({}) CrashLoopBackOff",
    "worker (ns {}) OOMKilled",
    "worker -n {} OOMKilled",
    "OOMKilled on worker, ns={}",
    "pod worker in namespace {} keeps restarting, OOMKilled",
    "worker pods of {} are OOMKilled",
    "{}'s worker is OOMKilled",
    "the {} worker is OOMKilled",
    "worker.{} OOMKilled",
    "{} | worker | OOMKilled",
    "hey, worker got OOMKilled again ({}), anyone looking?",
    "worker in {}\n    Last State:     Terminated\n      Reason:       OOMKilled\n      Exit Code:    137",
    "{} 命名空间的 worker OOMKilled",
    "{} 的 worker 被 OOMKilled 了",
    "在 {} 里 worker 一直 OOMKilled",
    "worker（{}）OOMKilled",
    "命名空间 {} 的 deployment worker OOMKilled",
    "{}环境的worker一直OOMKilled",
    "【{}】worker OOMKilled",
    "{}：worker OOMKilled",
]
CLAIM_FORMS = [
    "the pvc data in {} is Pending",
    "claim data (ns {}) is Pending",
    "pvc data ({}) stays Pending",
    "pvc data of {} Pending",
    "{} 的 pvc data 一直 Pending",
]
FORMS = [*WORKLOAD_FORMS, *CLAIM_FORMS]


@cache
def world(broken: str) -> Mapping[str, Any]:
    """Return the same workload and claim in three namespaces, those of one of them broken."""
    pods = dict(zip(HOMES, ("z4n6t", "k2v8p", "q7x2m"), strict=True))
    scene = {
        f"Deployment/{home}/worker": {
            "containers": {"worker": {"image": f"registry.example/{home}/worker:1", "limits": {"memory": "256Mi"}}},
            "pods": {f"worker-6d5f8c7b94-{pods[home]}": "worker-a"},
            "age": "9d",
        }
        for home in HOMES
    }
    scene[f"Deployment/{LACKING}/invoices"] = {"containers": {"app": "registry.example/invoices:1"}, "age": "9d"}
    crash = {"exited": "OOMKilled", "restarts": 11, "waiting": "CrashLoopBackOff", "ran": "4m", "since": "70m"}
    claims = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": home, "creationTimestamp": "-3h"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": "nowhere" if home == broken else "standard",
            },
            "status": {"phase": "Pending" if home == broken else "Bound"},
        }
        for home in HOMES
    ]
    given = {"scene": scene, "faults": {f"Deployment/{broken}/worker": crash}, "objects": claims}
    return expanded(given, now=REHEARSAL_TIME)


@pytest.fixture
async def clusters() -> AsyncIterator[Mapping[str, Connection]]:
    """Yield the clusters by the namespace that is broken in them."""
    async with AsyncExitStack() as stack:
        yield {home: await stack.enter_async_context(staged(stage(world(home)))) for home in HOMES}


def proven(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the namespaces of what supports an answer."""
    for one in diagnosis.hypotheses:
        if one.verdict in (Verdict.CONFIRMED, Verdict.LIKELY):
            yield from (each.subject.namespace for each in one.cluster_support if each.subject)


async def test_evidence_is_of_the_namespace_that_the_text_says(
    engine: Engine, clusters: Mapping[str, Connection]
) -> None:
    """Say every namespace in every form, once where it is the broken one and twice where another is."""
    found: dict[tuple[str, str, str], object] = {}
    right: dict[tuple[str, str, str], object] = {}
    for (number, form), (at, home) in itertools.product(enumerate(FORMS), enumerate(HOMES)):
        broken = HOMES[(number + 2 * at) % len(HOMES)]
        diagnosis = await asked(form.format(home), engine, clusters[broken])

        missing = [one.target for one in diagnosis.named if one.existence is Existence.MISSING]
        found[form, home, broken] = set(proven(diagnosis)), diagnosis.focus.namespace, missing
        right[form, home, broken] = {home} if home == broken else set(), home, []

    assert found == right


async def test_a_namespace_that_lacks_the_object_has_no_evidence(
    engine: Engine, clusters: Mapping[str, Connection]
) -> None:
    for form in FORMS:
        diagnosis = await asked(form.format(LACKING), engine, clusters["shop"])
        first = diagnosis.named[0]
        assert (first.existence, first.target.namespace) == (Existence.MISSING, LACKING), form
        assert set(first.other_namespaces) == set(HOMES), form
        assert not set(proven(diagnosis)), form


async def test_a_text_not_meant_for_the_bot_binds_the_name_as_well(
    engine: Engine, clusters: Mapping[str, Connection]
) -> None:
    for form, home in zip(WORKLOAD_FORMS, itertools.cycle(("mailer", LACKING)), strict=False):
        diagnosis = await asked(form.format(home), engine, clusters["shop"], addressed=False)
        assert not set(proven(diagnosis)), (form, home)


async def asked(text: str, engine: Engine, connection: Connection, *, addressed: bool = True) -> Diagnosis:
    return await diagnose(ExplainText(text=text, addressed=addressed), engine=engine, connection=connection)


async def test_a_word_that_is_no_namespace_of_the_cluster_binds_nothing(
    engine: Engine, clusters: Mapping[str, Connection]
) -> None:
    subjects = {
        # Only one word is a name.
        "shop OOMKilled": "",
        # Neither "today" nor "checkout" is a namespace of the cluster.
        "worker OOMKilled (today)": "",
        "checkout: worker is OOMKilled": "",
        # The image is no object of the namespace mailer.
        "worker in shop-prod OOMKilled, image mailer/worker:1.2": "shop-prod",
        # Two namespaces, in one of which the named object is.
        "deployment invoices of billing OOMKilled, it calls shop": "billing",
    }
    found = {text: (await asked(text, engine, clusters["mailer"])).focus.namespace for text in subjects}

    assert found == subjects


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("worker (shop-prod) is down", "worker shop-prod"),
        ("shop/worker keeps restarting", "shop worker"),
        ("worker@shop", "worker shop"),
        ("shop 命名空间的worker起不来", "shop worker"),
        ("what is wrong with cronjob report in shop", "report shop"),
        ("registry.example/shop/worker:1.2", ""),
        ("open /var/lib/shop/worker: no such", ""),
        ("GET https://shop.example/worker?x=1", ""),
        ("the report is not ready", ""),
        # Everyday words that stand for a thing and its place.
        ("why does exporter in reports exit with 1?", "exporter reports"),
        ("something is stuck in pending", "pending"),
        ("nobody gets a reply (answers in assist)", "reply assist answers"),
    ],
)
def test_words_that_may_be_names(line: str, words: str) -> None:
    assert words.split() == [*spoken_words(line).words]
    if not words:
        assert not {"shop", "worker"} & set(spoken_words(line).words)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("last backup of ledger-db is from monday, db-dump in shop made no job", "db-dump"),
        ("ledger-db 的备份停在周一，shop 里的 db-dump 没有创建 Job", "db-dump"),
        ("ledger-db in shop-prod has no backup, db-dump in shop made no job", "db-dump"),
        ("ledger-db has no backup, shop: db-dump made no job", "ledger-db"),
        ("why can't ledger-ui reach ledger-db in shop?", "ledger-ui"),
    ],
)
def test_name_that_is_said_with_its_place_comes_first(line: str, first: str) -> None:
    assert spoken_words(line).beside("shop")[0] == first
