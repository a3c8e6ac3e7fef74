"""Test the postmortem draft and the canvas: their content, and that pasted text never becomes markup."""

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from intents.chronicle.channel_reader import ChannelMessage, facts_of_channel
from intents.chronicle.facts import Fact, FactKind, LinkKind, MessageLink
from intents.chronicle.summary import summary_of
from intents.chronicle.timeline import timeline_of
from intents.domain import Language, ObjectRef, Text
from responses.chronicle import incident_words
from responses.postmortem import canvas, postmortem
from responses.slack.message import Snippet
from tests.responses import chronicles
from tests.responses.chronicles import ALICE, BOB, CHEN, FACTS, NAMES, NOON, OVER, judged, pressed, said

GOLDEN = Path(__file__).parent / "golden"
REGENERATE = os.environ.get("REGENERATE_GOLDEN") == "1"
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TOLD: dict[str, Any] = {"permalink": chronicles.permalink, "names": NAMES}
SECRET = "hunter2hunter2"
HEADINGS = {
    Language.EN: [
        "Summary", "Impact", "Times", "Root cause", "Suspicions", "Actions taken", "Decisions", "Told to others",
        "Changes", "Follow-ups", "Open questions", "What nobody stated", "Timeline", "Links",
    ],
    Language.ZH: [
        "概述", "影响", "时间", "根本原因", "怀疑过的原因", "采取的措施", "决定", "对外沟通", "变更", "后续事项",
        "待解答的问题", "频道中未说明的内容", "时间线", "链接",
    ],
}  # fmt: skip
SUBHEADINGS = {
    title.in_(language)
    for language in Language
    for title in (
        incident_words.STATED_BY_PEOPLE, incident_words.ALSO_STATED, incident_words.PROVEN_BY_DIAGNOSIS,
        incident_words.REPRODUCE, incident_words.HELPED, incident_words.NO_HELP, incident_words.OUTCOME_NOT_STATED,
        incident_words.CALLED_OFF, incident_words.OPEN_ACTIONS, incident_words.CHANGES_BEFORE,
        incident_words.CHANGES_DURING,
    )
}  # fmt: skip


def draft(facts: tuple[Fact, ...] = OVER, language: Language = Language.EN) -> Snippet:
    return postmortem(chronicles.summary(facts, minute=80), timeline_of(facts), language=language, **TOLD)


def board(facts: tuple[Fact, ...] = FACTS, language: Language = Language.EN) -> str:
    return canvas(chronicles.summary(facts), timeline_of(facts), language=language, **TOLD)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n\n")[1].split("\n\n## ", maxsplit=1)[0]


@pytest.mark.parametrize("language", list(Language))
def test_recorded_incident_matches_its_golden_file(language: Language) -> None:
    for name, text in {"postmortem": draft(language=language).content, "canvas": board(language=language)}.items():
        path = GOLDEN / f"{name}-{language}.md"
        if REGENERATE:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text("utf-8")


def test_draft_has_the_usual_sections() -> None:
    for language, expected in HEADINGS.items():
        for facts in (OVER, ()):
            text = draft(facts, language).content
            assert re.findall(r"(?m)^## (.+)$", text) == expected
    made = draft()
    assert made.name == "postmortem-inc-42-checkout.md"
    assert "| First report | 2026-03-02 11:56 | – | – | 🔔 alert: “\\[FIRING:1\\] CheckoutErrorRate" in made.content
    # Somebody said "monitoring", nobody "mitigated".
    assert "| Mitigated | *not reported in the channel* | – | – | – |" in made.content
    assert "| Resolved | 2026-03-02 13:12 | 1 h 3 min | 1 h 16 min | ✅ Resolved: “all good" in made.content
    assert "```sh\nkubectl -n shop describe pod api-7d9f-x2x4z\n```" in section(made.content, "Root cause")
    assert "| fixed it — 3 of 3 pods are Ready |" in group(made.content, "Helped")
    assert "| Begin, as stated | 03-02 12:15 | 📌 “customers in EU saw this from 11:48 on”" in made.content
    assert "None recorded." in section(draft(()).content, "Root cause")


def group(text: str, title: str) -> str:
    """Return what stands below a heading of the third level, "" without one."""
    return text.partition(f"### {title}\n\n")[2].partition("\n#")[0]


def test_steps_are_listed_as_they_were_stated_with_the_time_between_them() -> None:
    facts = (
        FACTS[1],
        said(6, FactKind.STATUS, "errors are gone", ALICE, state="mitigated"),
        said(30, FactKind.HYPOTHESIS, "root cause: the pool", BOB, state="confirmed", about="pool"),
        said(41, FactKind.STATUS, "closing", BOB, state="resolved"),
    )

    rows = section(draft(facts).content, "Times").splitlines()[2:]

    assert [[cell.strip() for cell in row.split("|")[1:5]] for row in rows] == [
        ["First report", "2026-03-02 12:00", "–", "–"],
        ["Mitigated", "2026-03-02 12:06", "6 min", "6 min"],
        ["Cause identified", "2026-03-02 12:30", "24 min", "30 min"],
        ["Resolved", "2026-03-02 12:41", "11 min", "41 min"],
    ]


def did(minute: float, says: str, state: str, about: str, user: str = ALICE) -> Fact:
    return said(minute, FactKind.ACTION, says, user, state=state, about=about, of=user)


MITIGATED = said(20, FactKind.STATUS, "looks mitigated", BOB, state="mitigated")
ACTED = (
    did(1, "restarting the api", "done", "restart"),
    did(3, "rolled back, no change at all", "done", "roll back"),
    did(4, "raising the limit did not work", "failed", "limit"),
    did(5, "purging the queue", "planned", "purge"),
    did(6, "leave the queue alone", "called off", "purge"),
    did(8, "switched the flag off", "done", "flag"),
    did(10, "checked the dashboards", "done", "look"),
    did(11, "paging the vendor later", "planned", "page"),
)


def test_action_helped_only_if_it_was_the_last_before_it_got_better() -> None:
    text = draft((*ACTED, MITIGATED)).content

    assert re.findall("“(.*?)”", group(text, "Helped")) == ["switched the flag off", "looks mitigated"]
    assert re.findall("“(.*?)”", group(text, "Did not help")) == [
        "rolled back, no change at all",
        "raising the limit did not work",
    ]
    assert re.findall("“(.*?)”", group(text, "Outcome not stated")) == ["restarting the api", "checked the dashboards"]
    assert "leave the queue alone" in group(text, "Called off")
    assert "paging the vendor later" in group(text, "Open: not reported as done")
    assert "Which change ended it?" not in text
    for nobody_said in (ACTED, (*ACTED, said(15, FactKind.REPORT, "checkout is still failing", CHEN), MITIGATED)):
        text = draft(nobody_said).content
        assert "### Helped" not in text
        assert "**Which change ended it?** Not stated in the channel." in text


@pytest.mark.parametrize(
    ("says", "falls"),
    [
        ("error rate is coming down", True), ("lag 从 48 万掉到 30 万", True), ("pods are recovering", True),
        ("orders are dropping", False), ("success rate down to 60%", False), ("成功率掉到 62%", False),
        ("checkout has not recovered", False), ("the queue is dropping messages", False),
    ],
)  # fmt: skip
def test_falling_impact_shows_what_helped(says: str, falls: bool) -> None:
    text = draft((did(1, "switched the flag off", "done", "flag"), said(3, FactKind.REPORT, says, BOB))).content

    assert ("### Helped" in text) is falls


def test_what_people_state_and_what_we_prove_stand_apart() -> None:
    stated = said(30, FactKind.HYPOTHESIS, "root cause: the pool is too small", BOB, state="confirmed", about="pool")

    both = section(draft((*OVER, stated)).content, "Root cause")
    ours = draft(OVER).content

    assert "the pool is too small" in group(both, "Stated by people")
    assert "An image cannot be pulled" not in group(both, "Stated by people")
    assert "An image cannot be pulled" in group(both, "Shown by the diagnosis of the cluster")
    assert "the pool" not in group(both, "Shown by the diagnosis of the cluster")
    assert "Not stated in the channel." in group(ours, "Stated by people")
    assert "**Is what the diagnosis confirmed the root cause?** Not stated in the channel." in ours
    unproven = draft((stated,)).content
    assert "No diagnosis of the cluster" in group(unproven, "Shown by the diagnosis of the cluster")
    assert "**Was the cause proven?**" in unproven
    assert "**What was the cause?**" not in unproven


def test_suspicions_stand_beside_what_ruled_them_out() -> None:
    facts = (
        said(1, FactKind.HYPOTHESIS, "is it the CDN?", ALICE, state="possible", about="cdn"),
        said(2, FactKind.HYPOTHESIS, "maybe DNS", BOB, state="possible", about="dns"),
        said(5, FactKind.HYPOTHESIS, "CDN is green, so no", CHEN, state="ruled out", about="cdn"),
    )

    rows = section(draft(facts).content, "Suspicions").splitlines()[2:]

    assert [re.findall("“(.*?)”", row) for row in rows] == [["is it the CDN?", "CDN is green, so no"], ["maybe DNS"]]
    assert "neither confirmed nor ruled out" in rows[1]


@pytest.mark.parametrize(
    ("says", "owner"),
    [
        ("Bob: alert on the queue", "Bob"), ("alert on the queue, Bob will", "Bob"), ("I'll write the test", "Alice"),
        ("给队列加告警，陈工负责", "陈工"), ("ask Bob about the queue", ""), ("alert on the queue", ""),
    ],
)  # fmt: skip
def test_follow_up_names_its_owner_if_stated(says: str, owner: str) -> None:
    text = draft((said(1, FactKind.FOLLOWUP, says, ALICE),)).content

    listed = section(text, "Follow-ups")
    assert listed.startswith("- [ ] “")
    assert re.findall("Owner: (.+?) — ", listed) == ([owner] if owner else [])
    assert ("Who owns the follow-ups" in text) is not bool(owner)


def test_changes_are_told_apart_by_the_first_report() -> None:
    early = said(-9, FactKind.DEPLOY, "api v2 is live", bot="Argo CD", state="succeeded")

    changes = section(draft((early, *FACTS[1:])).content, "Changes")

    assert "api v2 is live" in group(changes, "Announced before the first report")
    assert "Deployed shop/api v1" in group(changes, "Announced after the first report")


def test_nothing_known_is_only_questions() -> None:
    questions = re.findall(r"(?m)^- \*\*(.+?)\*\* ", section(draft(()).content, "What nobody stated"))

    assert questions == [
        "When did users first notice?", "Who was affected, and how?", "When was the impact over?",
        "What was the cause?", "Was the cause proven?", "Which change ended it?", "Did a change precede it?",
        "Who led the response?", "Were customers told, and when?", "What keeps it from happening again?",
    ]  # fmt: skip


def test_unknown_times_are_reported_as_unknown() -> None:
    times = section(draft(FACTS[1:2]).content, "Times")

    assert (
        "| First report | 2026-03-02 12:00 | – | – | 📣 “checkout returns 503 for about 10% of users” — Alice, "
        in times
    )
    for step in ("Cause identified", "Mitigated", "Resolved"):
        assert f"| {step} | *not reported in the channel* | – | – | – |" in times


def test_events_before_detection_have_no_duration() -> None:
    early = said(-30, FactKind.STATUS, "all good", ALICE, state="resolved")

    assert "| Resolved | 2026-03-02 11:30 | – | – | ✅ Resolved: “all good”" in draft((early, FACTS[1])).content


def test_commands_are_listed_once_in_their_own_fence() -> None:
    title = Text.same("t")
    twice = "kubectl get pods"
    facts = (
        judged(1, "a", title, "confirmed", "says", reproduce=twice),
        judged(2, "b", title, "likely", "says", reproduce=twice),
        judged(3, "c", title, "likely", "says", reproduce="echo ``` | cat"),
        judged(4, "d", title, "ruled out", "says", reproduce="never"),
    )

    cause = section(draft(facts).content, "Root cause")

    assert "````sh\nkubectl get pods\necho ``` | cat\n````" in cause
    assert "never" not in cause


def test_long_chronicle_keeps_the_newest_and_counts_the_rest() -> None:
    facts = tuple(said(n, FactKind.DECISION, f"step {n} {'x' * 250}", ALICE, state="done") for n in range(1_700))

    text = draft(facts).content
    page = board(facts)

    assert len(text.encode()) < 1_000_000
    assert "step 1699 " in text
    assert re.search(r"… and \d+ more, left out for size", text)
    assert len(page) < 100_000
    assert "step 1699 " in page
    assert "more in the export: /diagnose incident export" in page


def test_canvas_uses_only_markdown_that_slack_accepts() -> None:
    page = board(OVER)
    is_accepted_by_canvases(page)
    is_accepted_by_canvases(board())
    assert "First report · 2026-03-02 11:56" in page
    assert "After the first report: 1 h 16 min" in page
    assert "## What nobody stated" in page
    assert "## What nobody stated" not in board()


def is_accepted_by_canvases(page: str) -> None:
    kinds = {token.type for token in READER.parse(page)}
    assert not {kind for kind in kinds if kind.startswith(("table", "blockquote", "fence", "html", "ordered_list"))}
    assert {token.tag for token in READER.parse(page) if token.type == "heading_open"} <= {"h1", "h2", "h3"}
    assert max(token.level for token in READER.parse(page)) < 4


HOSTILE = st.one_of(
    st.sampled_from([
        "<!channel>", "@channel look", "@here", "<script>alert(1)</script>", "![x](https://evil.example/p.png)",
        "# heading", "[x](javascript:alert(1))", "[x]: https://evil.example", "![](@U0ALICE01)", "| a | b |", "a\\|b",
        "``` ```", "`x`", "- [x] done", "1. one", "---", "===", "> quote", "**bold** _it_ ~~no~~", "&lt;b&gt; &copy;",
        "</td></table>", "$$x$$", "\n\n# new\n\n", "*", "\\", "![", "](", "<https://evil.example>", "x" * 400,
        f"password={SECRET}", "\u202e\x1b[31m", "+ plus", "10) ten", "https://evil.example/)](x", "a|b|c",
        "\t    code", "``", "`", "_ _", "[ ] x", "中文|中文", "",
    ]),
    st.text(st.sampled_from("<>&!@#|`*_~[]()\\-+=1.:$ \na中"), max_size=40),
)  # fmt: skip


def hostile_facts(texts: list[str]) -> tuple[Fact, ...]:
    """Return a fact of many kinds, with these texts in every place."""
    drawn = iter(range(10_000))

    def text() -> str:
        return texts[next(drawn) % len(texts)]

    subject = ObjectRef(kind=text() or "Pod", namespace=text(), name=text())
    link = MessageLink(url=text(), what=LinkKind.GRAPH)
    web = MessageLink(url=f"https://x.example/{text()}", what=LinkKind.PR)
    states = {
        FactKind.ALERT: "firing",
        FactKind.DEPLOY: "failed",
        FactKind.DECISION: "done",
        FactKind.STATUS: "resolved",
    }
    facts = [
        said(number, kind, text(), ALICE if number % 2 else "", bot=text(), state=states.get(kind, "likely"),
             about=f"t-{number}", objects=(subject,), cluster=text(), links=(link, web), role="ops", of=text())
        for number, kind in enumerate(FactKind)
    ]  # fmt: skip
    title = Text.same(text())
    ours = judged(30, "image-pull-failed", title, "confirmed", text(), reproduce=text(), objects=(subject,))
    out = replace(ours, key="a:x", state="ruled out", incident="x")
    more = said(31, FactKind.STATUS, text(), text(), state=text())
    return (*facts, ours, out, pressed(32, title, text(), text(), ALICE), more)


def headings(tokens: list[Token]) -> list[tuple[str, str]]:
    return [
        (token.tag, tokens[number + 1].content) for number, token in enumerate(tokens) if token.type == "heading_open"
    ]


def cells(tokens: list[Token]) -> set[int]:
    """Return the numbers of cells that the rows of tables have."""
    rows: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append(0)
        elif token.type in ("td_open", "th_open"):
            rows[-1] += 1
    return set(rows)


def has_no_mention_and_no_foreign_link(text: str, texts: list[str]) -> None:
    children = [child for token in READER.parse(text) for child in token.children or ()]
    kinds = {child.type for child in children} | {token.type for token in READER.parse(text)}
    assert kinds & {"html_inline", "html_block", "image", "s_open", "hr", "code_block", "ordered_list_open"} == set()
    assert {token.level for token in READER.parse(text) if token.type == "bullet_list_open"} <= {0}
    addresses = {str(child.attrs["href"]) for child in children if child.type == "link_open"}
    ours = ("https://example.slack.com/", "https://x.example/")
    pasted = tuple(each.strip()[:20] for each in texts if each.strip().startswith("https://"))
    assert {address for address in addresses if not address.startswith((*ours, *pasted))} == set()
    # A name in a fixed-width font mentions nobody.
    assert "@" not in "".join(child.content for child in children if child.type == "text")
    assert SECRET not in text
    assert "\x1b" not in text


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(texts=st.lists(HOSTILE, min_size=1, max_size=7), language=st.sampled_from(list(Language)))
def test_pasted_text_never_becomes_markup(texts: list[str], language: Language) -> None:
    told: dict[str, Any] = {"language": language, "permalink": chronicles.permalink, "names": {ALICE: texts[0]}}
    facts = hostile_facts(texts)
    summary = summary_of(facts, name=texts[0], opened=NOON, now=NOON.replace(hour=20))
    file, page = postmortem(summary, timeline_of(facts), **told), canvas(summary, timeline_of(facts), **told)

    tokens = READER.parse(file.content)
    assert [title for tag, title in headings(tokens) if tag == "h2"] == HEADINGS[language]
    assert {title for tag, title in headings(tokens) if tag not in ("h1", "h2")} <= SUBHEADINGS
    assert cells(tokens) <= {2, 3, 4, 5}
    has_no_mention_and_no_foreign_link(file.content, texts)
    of_page = READER.parse(page)
    assert {title for tag, title in headings(of_page) if tag != "h1"} <= {*HEADINGS[language], *SUBHEADINGS}
    assert cells(of_page) == set()
    has_no_mention_and_no_foreign_link(page, texts)
    assert re.fullmatch(r"postmortem-[\w-]+\.md", file.name)


def test_pasted_words_are_rendered_unchanged() -> None:
    """Escapes are for the Markdown parser: the reader of the page sees the original words."""
    says = r"# *a* _b_ ~c~ [d](e) <f> `g` | h \ &amp; 1. $i$"
    report = said(0, FactKind.REPORT, says, ALICE)
    for text in (draft((report,)).content, board((report,))):
        lines = [
            "".join(child.content for child in token.children or () if child.type in ("text", "text_special"))
            for token in READER.parse(text)
        ]
        assert any(says in line for line in lines)


def test_line_start_never_becomes_a_heading_or_list() -> None:
    shard = ObjectRef(kind="1. `Pod", name="api")
    facts = (judged(1, "a", Text.same("t"), "confirmed", "# heading", objects=(shard,)),)

    tokens = READER.parse(draft(facts).content)

    assert [title for tag, title in headings(tokens) if tag == "h2"] == HEADINGS[Language.EN]
    assert not [token for token in tokens if token.type == "ordered_list_open"]


def test_address_with_brackets_stays_one_link() -> None:
    url = "https://x.example/a)](b|c"
    fact = said(1, FactKind.LINK, "look", ALICE, links=(MessageLink(url=url, what=LinkKind.GRAPH),))

    text = draft((fact,)).content

    assert text.count("(https://x.example/a%29%5D%28b%7Cc)") == 2
    assert cells(READER.parse(text)) == {3, 5}


def test_file_name_is_valid_for_any_channel_name() -> None:
    named = {"事故-支付": "postmortem-事故-支付.md", "../../etc": "postmortem-etc.md", "": "postmortem-incident.md"}
    for name, expected in named.items():
        shown = replace(chronicles.summary(), name=name)
        assert postmortem(shown, (), language=Language.ZH, **TOLD).name == expected


JUDGED = sorted((Path(__file__).parents[1] / "chronicle" / "judge").glob("?.txt"))
WRITTEN = {
    file: [tuple(line.split(" | ")[:2]) for line in file.read_text("utf-8").splitlines() if " | " in line]
    for file in JUDGED
}
_QUOTED = re.compile("“([^“”]*)”")
_CLOCK = re.compile(r"(?<![\d-])(?:\d{4}-)?(\d{2}-\d{2} \d{2}:\d{2})(?!\d)")


def shown_texts(text: str) -> list[str]:
    """Return what a reader sees, a string for each line."""
    tokens = (token for token in READER.parse(text) if token.type == "inline")
    return ["".join(child.content for child in token.children or ()) for token in tokens]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), language=st.sampled_from(list(Language)))
def test_every_quotation_and_every_time_is_of_a_message(data: st.DataObject, language: Language) -> None:
    lines = WRITTEN[data.draw(st.sampled_from(JUDGED))]
    left_out = data.draw(st.sets(st.integers(0, len(lines) - 1), max_size=10))
    messages = [
        ChannelMessage(
            ts=f"{(NOON + timedelta(minutes=3 * number)).timestamp():.6f}",
            at=NOON + timedelta(minutes=3 * number),
            text=text,
            user="" if who.endswith("bot") else who,
            bot=who if who.endswith("bot") else "",
        )
        for number, (who, text) in enumerate(lines)
        if number not in left_out
    ]
    facts = facts_of_channel(messages)
    summary = summary_of(facts, name="inc", opened=messages[0].at, now=messages[-1].at)
    told: dict[str, Any] = {"language": language, "permalink": lambda _: ""}
    said_there = [plain_words(message.text) for message in messages]
    clocks = {f"{message.at:%m-%d %H:%M}" for message in messages}

    for page in (
        postmortem(summary, timeline_of(facts), **told).content,
        canvas(summary, timeline_of(facts), **told),
    ):
        for shown in shown_texts(page):
            for quotation in filter(str.strip, _QUOTED.findall(shown)):
                assert any(plain_words(quotation) in text for text in said_there), quotation
            assert set(_CLOCK.findall(_QUOTED.sub("", shown))) <= clocks


def plain_words(text: str) -> str:
    """Return letters and digits alone: markup, emoji and quotation marks are written in another form."""
    return "".join(char for char in text.lower() if char.isalnum())
