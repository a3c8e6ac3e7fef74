"""Test the messages of an incident channel, and what is dropped when they grow too long."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intents.chronicle.facts import ActionState, Fact, FactKind, IncidentStatus, LinkKind, MessageLink, Role
from intents.chronicle.news import news_since
from intents.chronicle.summary import summary_of
from intents.chronicle.timeline import timeline_of
from intents.domain import Language, ObjectRef, Text, Verdict
from responses.chronicle import incident_words
from responses.postmortem import canvas, postmortem
from responses.slack.as_text import as_text
from responses.slack.chronicle.announcements import dismissed, looks_like, resolved, timeline_message
from responses.slack.chronicle.readers import ReaderMessages
from responses.slack.chronicle.summary import summary_message
from responses.slack.message import Message, visible_texts
from tests.responses import chronicles
from tests.responses.chronicles import ALICE, DANA, FACTS, NAMES, NOON, judged, said
from tests.responses_slack.specimens import is_fit_to_send
from tests.responses_slack.test_any_text import LANGUAGES, TEXTS, is_safe_to_send, planted

NOBODY: dict[str, str] = {}
TOLD: dict[str, Any] = {"language": Language.EN, "permalink": chronicles.permalink, "names": NAMES}
TITLED: dict[str, Any] = {"name": chronicles.NAME, "now": chronicles.summary().now}


def read(message: Message) -> str:
    """Return the message as text, with each link as its arrow alone."""
    return re.sub(r"↗: \S+", "↗", as_text(message.blocks).replace("\u00a0", " "))


def leaves(value: Any, kind: str) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item, kind)
    elif isinstance(value, dict):
        if value.get("type") == kind:
            yield value
        for item in value.values():
            yield from leaves(item, kind)


def test_every_line_of_the_summary_links_to_its_source() -> None:
    message = summary_message(chronicles.summary(), **TOLD)

    lines = [item for each in leaves(message.blocks, "rich_text_list") for item in each["elements"]]
    unlinked = [
        "".join(visible_texts(item)) for item in lines if item["elements"][-1].get("text") != incident_words.SOURCE_LINK
    ]
    # The line that lists people has no single source.
    assert len(lines) > 15
    assert [line for line in unlinked if "also in the channel" not in line] == []
    counted = next(item for item in lines if "×2" in "".join(visible_texts(item)))
    second = next(fact for fact in FACTS if fact.thread_ts)
    assert counted["elements"][-1]["url"] == chronicles.permalink(second)


def test_a_line_without_a_message_has_no_link() -> None:
    message = summary_message(chronicles.summary(), **{**TOLD, "permalink": lambda fact: ""})

    assert incident_words.SOURCE_LINK not in as_text(message.blocks)
    is_fit_to_send(message)


def test_opinions_of_people_are_not_shown_as_verdicts() -> None:
    suspected = said(30, FactKind.HYPOTHESIS, "root cause is the redis pool", ALICE, state="confirmed", about="redis")

    page = read(summary_message(chronicles.summary((suspected,)), **TOLD))

    assert "💬 stated as the cause · “root cause is the redis pool” — Alice" in page
    assert "CONFIRMED" not in page


def test_new_summary_names_people_without_notifying_them() -> None:
    anew = summary_message(chronicles.summary(), **{**TOLD, "names": NOBODY}, mention=False)
    edited = summary_message(chronicles.summary(), **{**TOLD, "names": NOBODY})
    last = resolved(chronicles.summary(chronicles.OVER), **{**TOLD, "names": NOBODY})

    assert list(leaves(anew.blocks, "user")) == []
    assert list(leaves(last.blocks, "user")) == []
    assert DANA in as_text(anew.blocks)
    assert {"type": "user", "user_id": DANA} in list(leaves(edited.blocks, "user"))


def test_times_of_older_days_have_a_date() -> None:
    message = summary_message(chronicles.summary(minute=24 * 60), **TOLD)

    assert "since 2026-03-02 12:20 UTC" in read(message)
    assert {leaf["format"] for leaf in leaves(message.blocks, "date")} == {"{date_short} {time}"}


def flood(kind: FactKind, count: int, *, filler: str = "long words ") -> list[Fact]:
    """Return different facts of maximum length, one a minute."""
    facts = []
    for number in range(count):
        says = f"{kind} number {number} {filler * 300}"[:280]
        state = {FactKind.DECISION: "done", FactKind.ALERT: "firing", FactKind.DEPLOY: "succeeded"}.get(kind, "")
        state = "possible" if kind is FactKind.HYPOTHESIS else "fixed" if kind is FactKind.REMEDY else state
        pods = tuple(
            ObjectRef(kind="Pod", namespace="shop", name=f"{number}-{each}-{filler * 200}"[:200]) for each in range(3)
        )
        fact = said(
            number, kind, says, ALICE, state=state, about=f"{kind}-{number}", objects=pods, cluster=f"c-{number}"
        )
        if kind is FactKind.LINK:
            fact = replace(
                fact, links=(MessageLink(url=f"https://x.example/{number}/{'y' * 400}", what=LinkKind.GRAPH),)
            )
        facts.append(
            replace(fact, title=Text.same(f"title {number} {filler * 300}")) if kind is FactKind.REMEDY else fact
        )
    return facts


FLOODED = (
    FactKind.REPORT, FactKind.ERROR, FactKind.ALERT, FactKind.DEPLOY, FactKind.HYPOTHESIS, FactKind.REMEDY,
    FactKind.DECISION, FactKind.QUESTION, FactKind.LINK, FactKind.PINNED,
)  # fmt: skip


@pytest.mark.parametrize("filler", ["long words ", "😀"])
@pytest.mark.parametrize("newest", FLOODED)
def test_newest_fact_is_kept_in_a_very_long_chronicle(newest: FactKind, filler: str) -> None:
    whole = [fact for kind in FLOODED for fact in flood(kind, 30, filler=filler)]
    last = said(40, newest, "the very last word", DANA, state="possible" if newest is FactKind.HYPOTHESIS else "")
    if newest is FactKind.LINK:
        last = replace(last, links=(MessageLink(url="https://x.example/the-very-last-word", what=LinkKind.GRAPH),))

    message = summary_message(chronicles.summary((*FACTS, *whole, last), minute=50), **TOLD)

    is_fit_to_send(message)
    assert "the very last word" in as_text(message.blocks).replace("-", " ")
    assert "more: /diagnose incident timeline" in as_text(message.blocks)


def test_newest_suspicion_is_shown_beside_stronger_ones() -> None:
    title = Text.same("surer")
    surer = [judged(minute, f"incident-{minute}", title, "likely", "says") for minute in range(9)]
    newest = said(30, FactKind.HYPOTHESIS, "could it be the NAT gateway?", DANA, state="possible", about="nat")

    page = read(summary_message(chronicles.summary((*surer, newest), minute=50), **TOLD))

    assert "💬 suspected · “could it be the NAT gateway?”" in page
    assert page.count("🟠 LIKELY · surer") == 1 + 3
    assert "… and 5 more: /diagnose incident timeline" in page


def test_oldest_and_least_important_entries_are_dropped_first() -> None:
    whole = [fact for kind in FLOODED for fact in flood(kind, 12)]

    page = read(summary_message(chronicles.summary(tuple(whole), minute=50), **TOLD))

    for kept in ("remedy number 11", "decision number 11", "question number 11"):
        assert kept in page
    # Links are dropped before reports, and reports before actions.
    assert page.count("https://x.example/") < 4
    assert page.count("decision number") + page.count("remedy number") >= page.count("report number")


def test_long_timeline_shows_the_newest_and_counts_the_rest() -> None:
    moments = timeline_of(flood(FactKind.DECISION, 200))

    message = timeline_message(moments, **TITLED, **TOLD)

    page = read(message)
    shown = page.count("decision number")
    assert 15 < shown < 60
    assert f"… and {200 - shown} more in the export: /diagnose incident export" in page
    assert page.index("decision number 198") < page.index("decision number 199")
    is_fit_to_send(message)


def test_timeline_shows_time_event_and_person_in_order() -> None:
    page = read(timeline_message(chronicles.moments(chronicles.OVER), **TITLED, **TOLD)).split("\n")

    assert page[2:4] == [
        "- 11:56 UTC 🔔 alert: “[FIRING:1] CheckoutErrorRate > 5% (prod)” — Alertmanager ↗",
        "- 12:00 UTC 📣 “checkout returns 503 for about 10% of users” — Alice ↗",
    ]
    assert page[-2:] == [
        "- 12:21 UTC 👤 Alice hands over as Commander to Bob ↗",
        "- 13:12 UTC ✅ Resolved: “all good, closing this” — Bob ↗",
    ]


READERS = ReaderMessages(summary=chronicles.summary(), **TOLD)
BRIEF = [
    "Impact: “ledger writes are slow as well” — @U0DANA004 · since 11:56 UTC ↗",
    "Status: 👀 Monitoring · since 12:20 UTC · “error rate is back to normal, keeping an eye on it” — Alice ↗",
    "Cause: Nobody stated it. Diagnosis of the cluster: 🔴 CONFIRMED · An image cannot be pulled · "
    "Pod shop/api-7d9f-x2x4z — diagnosis, 12:06 UTC ↗",
    "Who: Commander: Alice ↗ · Alice “rolling back shop/api to v1 now, 陈工 watches the error rate” ↗",
    "Next: “next I will raise the pool size of ledger-db” — 陈工 ↗",
]


def lines_of(message: Message) -> list[str]:
    return [line for line in read(message).replace("`", "").split("\n") if line]


def test_what_was_missed_begins_with_five_lines() -> None:
    first, again, none = (lines_of(READERS.missed(chronicles.news(since))) for since in (None, 9.5, 20))

    assert first[:6] == [*BRIEF, "What happened so far"]
    assert sum(line.startswith("- ") for line in first) == 8
    assert "more: /diagnose incident timeline" in first[-1]
    assert again[:6] == [*BRIEF, "Since you last read this channel (12:09 UTC)"]
    assert none == [*BRIEF, "Since you last read this channel (12:20 UTC)", "Nothing new."]


def test_who_joins_late_gets_five_lines_and_the_three_newest_others() -> None:
    shown = lines_of(READERS.welcome(FACTS))

    assert shown[:6] == [*BRIEF, "Newest"]
    assert shown[6:9] == [
        "- 12:14 UTC ❓ “is the ledger affected too?” — @U0DANA004 ↗",
        "- 12:15 UTC 📌 “customers in EU saw this from 11:48 on” — @U0DANA004 ↗",
        "- 12:17 UTC ☑️ done: “restarted the registry cache” — Bob ↗",
    ]
    assert lines_of(ReaderMessages(summary=chronicles.summary(()), **TOLD).welcome(())) == [
        "Impact: (not stated yet)",
        "Status: 🔎 Investigating · since 11:58 UTC",
        "Cause: The cause is not known yet.",
        "Who: no commander yet",
        "Next: (not stated yet)",
    ]


def test_what_happened_since_a_time_has_the_status_and_that_time_alone() -> None:
    status, title, *lines = lines_of(READERS.happened(chronicles.news(15.5)))

    assert status == BRIEF[1]
    assert title == "What happened in the last 6 min (12:15 UTC)"
    assert [line.split()[1] for line in lines] == ["12:16", "12:17", "12:18", "12:20"]


def test_the_commander_sees_what_waits_and_for_how_long() -> None:
    quiet = ReaderMessages(summary=chronicles.summary(minute=52), **TOLD)

    assert lines_of(quiet.for_commander())[2:] == [
        "Open questions",
        "- “did anybody delete tags in the registry last night?” — 陈工, 12:08 UTC ↗",
        "- “is the ledger affected too?” — @U0DANA004, 12:14 UTC ↗",
        "Actions without owner",
        "- “somebody should ask the registry team for their audit log” — Bob, 12:11 UTC"
        " · ⏰ nothing heard for 41 min ↗",
        "Actions gone quiet",
        "- Alice “rolling back shop/api to v1 now, 陈工 watches the error rate” · ⏰ nothing heard for 42 min ↗",
        "- 陈工 “next I will raise the pool size of ledger-db” · ⏰ nothing heard for 34 min ↗",
        "Decisions",
        "- “no deploys until the registry is checked” — Alice, 12:10 UTC ↗",
    ]
    assert "Actions gone quiet" not in read(READERS.for_commander())
    assert "Nothing waits" in read(ReaderMessages(summary=chronicles.summary(()), **TOLD).for_commander())


def test_the_update_for_the_status_page_stands_in_a_block_to_copy() -> None:
    message = READERS.for_status_page(FACTS, NAMES)

    (block,) = leaves(message.blocks, "rich_text_preformatted")
    assert "".join(visible_texts(block)).split("\n") == [
        "Monitoring — 2026-03-02 12:22 UTC",
        "Impact: … writes are slow as well",
        "Status: Service has recovered. We keep watching it.",
        "Next update: (not stated yet)",
    ]
    assert "Check it before you paste it" in read(message)


def test_no_fact_is_told_twice_in_the_summary() -> None:
    page = read(summary_message(chronicles.summary(minute=52), **TOLD))

    assert [fact.says for fact in FACTS if page.count(f"“{fact.says}”") > 1] == []
    assert page.count("An image cannot be pulled") == 1
    assert "☑️ done · Bob: “restarted the registry cache”, 12:17 UTC ↗" in page
    assert page.count("⏰ nothing heard for") == 3


def test_final_summary_shows_the_duration_and_attaches_the_draft() -> None:
    over = chronicles.summary(chronicles.OVER, minute=80)
    draft = postmortem(over, chronicles.moments(chronicles.OVER), **TOLD)

    message = resolved(over, draft=draft, **TOLD)

    page = read(message)
    assert "- First report: 11:56 UTC — Alertmanager ↗" in page
    # Somebody said "monitoring", nobody "mitigated".
    assert "- Mitigated: not reported in the channel" in page
    assert "- Resolved: 13:12 UTC · 1 h 16 min after the first report — Bob ↗" in page
    assert "🔴 CONFIRMED · An image cannot be pulled" in page
    assert message.overflow == draft
    archived = read(resolved(chronicles.summary(FACTS[:2]), archived=True, **TOLD))
    assert archived.startswith("# 🗄 Archived · #inc-42-checkout")
    assert "- Resolved: not reported in the channel" in archived


def test_similar_incident_channel_is_named() -> None:
    address = "https://example.slack.com/archives/C1/p1"
    message = looks_like(
        chronicles.PULL_FAILED,
        where="#inc-42",
        address=address,
        ago=chronicles.summary().now - NOON,
        language=Language.EN,
    )

    assert "This looks like #inc-42, started 22 min ago: An image cannot be pulled ↗" in read(message)
    assert address in as_text(message.blocks)
    assert "nothing more is recorded" in read(dismissed(ALICE, language=Language.EN))


KINDS = st.sampled_from(list(FactKind))
STATES = st.sampled_from([
    "", "x", *map(str, (*IncidentStatus, *Verdict, *ActionState)), *incident_words.REMEDIES, *incident_words.FIRINGS,
    *incident_words.SHIPPINGS,
])  # fmt: skip
USERS = st.sampled_from(["", ALICE, "U1", "<!channel>", "not an id"])


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    kind = draw(KINDS)
    state = draw(STATES) if kind is not FactKind.HYPOTHESIS else draw(st.sampled_from(list(map(str, Verdict))))
    says, bot, name, url, title = (draw(TEXTS)[0] for _ in range(5))
    fact = said(
        draw(st.integers(-3, 3000)), kind, says, draw(USERS),
        bot=bot, state=state, role=draw(st.sampled_from(["", *map(str, Role)])), of=draw(USERS), cluster=name,
        about=draw(st.sampled_from(["", "a", "b"])), incident=draw(st.sampled_from(["", "image-pull-failed"])),
        title=draw(st.sampled_from([None, Text.same(title)])), reproduce=draw(st.sampled_from(["", name])),
        objects=(ObjectRef(kind=name or "Pod", namespace=name, name=says),) * draw(st.integers(0, 5)),
        links=(
            MessageLink(url=url, what=LinkKind.GRAPH), MessageLink(url=f"https://x.example/{url}", what=LinkKind.PR),
        ),
        by_hand=draw(st.booleans()), offers=draw(st.sampled_from([None, Text.same(says)])),
    )  # fmt: skip
    return replace(fact, key=f"{fact.key}:{draw(st.integers(0, 3))}")


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(known=st.lists(facts(), max_size=25), language=LANGUAGES, texts=TEXTS)
def test_any_chronicle_is_safe_to_send(known: list[Fact], language: Language, texts: list[str]) -> None:
    now = NOON.replace(hour=20)
    told: dict[str, Any] = {"language": language, "permalink": chronicles.permalink, "names": {ALICE: texts[-1]}}
    summary = summary_of(known, name=texts[0], opened=NOON, now=now)
    moments = timeline_of(known)
    readers = ReaderMessages(summary=summary, **told)
    draft = postmortem(summary, moments, **told)

    for said_ in (
        summary_message(summary, **told),
        timeline_message(moments, name=texts[0], now=now, **told),
        readers.missed(news_since(known, None)),
        readers.happened(news_since(known, NOON)),
        readers.welcome(known),
        readers.for_commander(),
        readers.for_status_page(known, {ALICE: texts[-1]}),
        resolved(summary, draft=draft, **told),
        looks_like(planted(Text.same(""), texts), where=texts[0], address=texts[-1], ago=now - NOON, language=language),
    ):
        is_safe_to_send(said_)
    assert "hunter2" not in canvas(summary, moments, **told)


def test_objects_name_their_cluster_if_there_are_several() -> None:
    elsewhere = tuple(
        replace(fact, key=f"{fact.key}-eu", cluster="prod-eu") if fact.objects and fact.cluster else fact
        for fact in FACTS[-6:]
    )
    alone, both = chronicles.summary(), chronicles.summary((*FACTS, *elsewhere))
    assert "Pod shop/api-0` · `prod" not in read(summary_message(alone, **TOLD))
    assert len(both.impact.clusters) == 2
    shown = read(summary_message(both, **TOLD))
    assert "· prod-eu" in shown.replace("`", "")
    assert "· prod\n" in f"{shown}\n".replace("`", "").replace(" ↗", "")
