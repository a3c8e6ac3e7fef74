"""A chronicle made by hand: what a summary says must not depend on how sentences are understood."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from intents.chronicle.facts import Fact, FactKind, LinkKind, MessageLink
from intents.chronicle.news import News, news_since
from intents.chronicle.summary import Summary, summary_of
from intents.chronicle.timeline import TimelineEntry, timeline_of
from intents.domain import ObjectRef, Text

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NAME = "inc-42-checkout"
API = ObjectRef(kind="Pod", namespace="shop", name="api-7d9f-x2x4z", uid="u-1")
DEPLOYMENT = ObjectRef(kind="Deployment", namespace="shop", name="api")
DATABASE = ObjectRef(kind="StatefulSet", namespace="pay", name="ledger-db")
ALICE, BOB, CHEN, DANA = "U0ALICE01", "U0BOB0002", "U0CHEN003", "U0DANA004"
NAMES = {ALICE: "Alice", BOB: "Bob", CHEN: "陈工"}
PULL_FAILED = Text(en="An image cannot be pulled", zh="镜像拉取失败")
NODE_FULL = Text(en="A node has no room", zh="节点资源不足")


def said(minute: float, kind: FactKind, says: str, user: str = "", **more: Any) -> Fact:
    """Return a statement made this many minutes after noon."""
    at = NOON + timedelta(minutes=minute)
    ts = f"{at.timestamp():.6f}"
    return Fact(key=f"m:{ts}:{kind}", kind=kind, at=at, says=says, user=user, ts=ts, **more)


def judged(minute: float, incident: str, title: Text, state: str, says: str, **more: Any) -> Fact:
    """Return an answer of ours."""
    fact = said(minute, FactKind.HYPOTHESIS, says, incident=incident, title=title, state=state, cluster="prod", **more)
    return replace(fact, key=f"a:{minute}:{incident}")


def pressed(minute: float, title: Text, state: str, says: str, user: str) -> Fact:
    fact = said(minute, FactKind.REMEDY, says, user, title=title, state=state, objects=(DEPLOYMENT,), cluster="prod",
                incident="image-pull-failed")  # fmt: skip
    return replace(fact, key=f"r:{minute}")


FACTS: tuple[Fact, ...] = (
    said(-4, FactKind.ALERT, "[FIRING:1] CheckoutErrorRate > 5% (prod)", bot="Alertmanager", state="firing",
         about="checkout", cluster="prod"),
    said(0, FactKind.REPORT, "checkout returns 503 for about 10% of users", ALICE),
    said(1, FactKind.JOIN, "joined", BOB),
    said(2, FactKind.ROLE, "I'll take IC", ALICE, role="commander", of=ALICE),
    said(3, FactKind.ERROR, 'Failed to pull image "registry.internal/shop/api:v2": manifest unknown', BOB,
         about="pull", objects=(API,), cluster="prod"),
    said(3.5, FactKind.ERROR, 'Failed to pull image "registry.internal/shop/api:v2": manifest unknown', CHEN,
         about="pull", objects=(API,), cluster="prod", thread_ts="1772452980.000000"),
    said(4, FactKind.HYPOTHESIS, "might be the registry, it had a blip this morning", BOB, state="possible",
         about="registry"),
    judged(5, "image-pull-failed", PULL_FAILED, "likely", "api-7d9f-x2x4z waits in ImagePullBackOff", objects=(API,)),
    judged(5, "node-full", NODE_FULL, "ruled out", "All nodes have room for it"),
    judged(6, "image-pull-failed", PULL_FAILED, "confirmed", "manifest unknown: tag v2 does not exist",
           objects=(API,), reproduce="kubectl -n shop describe pod api-7d9f-x2x4z",
           offers=Text(en="Roll Deployment api back", zh="回滚 Deployment api")),
    said(7, FactKind.LINK, "error rate", BOB,
         links=(MessageLink(url="https://grafana.example/d/abc/checkout?from=now-1h", what=LinkKind.GRAPH),)),
    said(8, FactKind.QUESTION, "did anybody delete tags in the registry last night?", CHEN),
    said(9, FactKind.STATUS, "found it: v2 was never pushed", BOB, state="identified"),
    said(10, FactKind.ACTION, "rolling back shop/api to v1 now, @U0CHEN003 watches the error rate", ALICE,
         state="under way", of=ALICE, about="roll back"),
    said(10.5, FactKind.DECISION, "no deploys until the registry is checked", ALICE),
    said(11, FactKind.ACTION, "somebody should ask the registry team for their audit log", BOB, state="planned",
         about="audit"),
    pressed(12, Text(en="Roll back", zh="回滚"), "fixed", "3 of 3 pods are Ready", ALICE),
    said(12.5, FactKind.DEPLOY, "Deployed shop/api v1 to prod", bot="Argo CD", state="succeeded"),
    said(13, FactKind.ROLE, "dana does the status page", ALICE, role="comms", of=DANA),
    said(14, FactKind.QUESTION, "is the ledger affected too?", DANA),
    said(15, FactKind.PINNED, "customers in EU saw this from 11:48 on", DANA, by_hand=True),
    said(16, FactKind.REPORT, "ledger writes are slow as well", DANA, objects=(DATABASE,), cluster="prod"),
    said(17, FactKind.ACTION, "restarted the registry cache", BOB, state="done", of=BOB, about="cache"),
    said(18, FactKind.ACTION, "next I will raise the pool size of ledger-db", CHEN, state="planned", of=CHEN,
         about="pool"),
    said(20, FactKind.STATUS, "error rate is back to normal, keeping an eye on it", ALICE, state="monitoring"),
)  # fmt: skip
OVER = (
    *FACTS,
    said(21, FactKind.HANDOVER, "handing over to Bob", ALICE, role="commander", of=BOB),
    said(72, FactKind.STATUS, "all good, closing this", BOB, state="resolved"),
)


def summary(facts: tuple[Fact, ...] = FACTS, *, minute: float = 22) -> Summary:
    opened = NOON - timedelta(minutes=2)
    return summary_of(facts, name=NAME, opened=opened, now=NOON + timedelta(minutes=minute))


def moments(facts: tuple[Fact, ...] = FACTS) -> tuple[TimelineEntry, ...]:
    return timeline_of(facts)


def news(since: float | None = 9.5, facts: tuple[Fact, ...] = FACTS) -> News:
    return news_since(facts, None if since is None else NOON + timedelta(minutes=since))


def permalink(fact: Fact) -> str:
    return f"https://example.slack.com/archives/C1/p{fact.ts.replace('.', '')}" if fact.ts else ""
