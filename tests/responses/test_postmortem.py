"""Test the postmortem draft and the canvas: their content, and that pasted text never becomes markup."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from intents.chronicle.facts import Fact, FactKind, LinkKind, MessageLink
from intents.chronicle.summary import summary_of
from intents.chronicle.timeline import timeline_of
from intents.domain import Language, ObjectRef, Text
from responses.chronicle import incident_words
from responses.postmortem import postmortem
from responses.slack.chronicle.canvas import canvas
from responses.slack.message import Snippet
from tests.responses import chronicles
from tests.responses.chronicles import ALICE, FACTS, NAMES, NOON, OVER, judged, pressed, said

GOLDEN = Path(__file__).parent / "golden"
REGENERATE = os.environ.get("REGENERATE_GOLDEN") == "1"
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
TOLD: dict[str, Any] = {"permalink": chronicles.permalink, "names": NAMES}
SECRET = "hunter2hunter2"
HEADINGS = {
    Language.EN: [
        "Summary", "Impact", "Times", "Root cause", "Actions taken", "Timeline", "What went well", "What went wrong",
        "Action items", "Links",
    ],
    Language.ZH: [
        "概述", "影响", "时间", "根本原因", "采取的措施", "时间线", "做得好的地方", "需要改进的地方", "后续行动",
        "链接",
    ],
}  # fmt: skip
OF_CANVAS = (
    incident_words.IMPACT,
    incident_words.LEADING,
    incident_words.OTHERS,
    incident_words.RULED_OUT,
    incident_words.DONE,
    incident_words.QUESTIONS,
    incident_words.WHO,
)
TITLES = {
    language: {*(title.in_(language) for title in OF_CANVAS), f"{incident_words.TIMELINE.in_(language)} (UTC)"}
    for language in Language
}


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
    assert "| First report | 2026-03-02 11:56 | – | “\\[FIRING:1\\] CheckoutErrorRate" in made.content
    # Somebody said "monitoring", nobody "mitigated".
    assert "| Mitigated | *not reported in the channel* | – | – |" in made.content
    assert "| Resolved | 2026-03-02 13:12 | 1 h 16 min | “all good, closing this” — Bob, 03-02 13:12 [" in made.content
    assert "```sh\nkubectl -n shop describe pod api-7d9f-x2x4z\n```" in section(made.content, "Root cause")
    assert "| ✅ fixed it — 3 of 3 pods are Ready | Alice |" in section(made.content, "Actions taken")
    assert section(made.content, "Action items") == "- [ ]"
    assert "None recorded." in section(draft(()).content, "Root cause")


def test_unknown_times_are_reported_as_unknown() -> None:
    times = section(draft(FACTS[1:2]).content, "Times")

    assert "| First report | 2026-03-02 12:00 | – | “checkout returns 503 for about 10% of users” — Alice, " in times
    assert "| Mitigated | *not reported in the channel* | – | – |" in times
    assert "| Resolved | *not reported in the channel* | – | – |" in times


def test_events_before_detection_have_no_duration() -> None:
    early = said(-30, FactKind.STATUS, "all good", ALICE, state="resolved")

    assert "| Resolved | 2026-03-02 11:30 | – | “all good”" in draft((early, FACTS[1])).content


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
    kinds = {token.type for token in READER.parse(board())}

    assert not {kind for kind in kinds if kind.startswith(("table", "blockquote", "fence", "html", "ordered_list"))}
    assert {token.tag for token in READER.parse(board()) if token.type == "heading_open"} == {"h1", "h2"}
    assert max(token.level for token in READER.parse(board())) < 4


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
             template=f"t-{number}", objects=(subject,), cluster=text(), links=(link, web), role="ops", of=text())
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
    assert [tag for tag, _ in headings(tokens)] == ["h1"] + ["h2"] * 10
    assert [title for _, title in headings(tokens)][1:] == HEADINGS[language]
    assert cells(tokens) == {3, 4}
    has_no_mention_and_no_foreign_link(file.content, texts)
    of_page = READER.parse(page)
    assert {title for tag, title in headings(of_page) if tag != "h1"} <= TITLES[language]
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

    assert [title for _, title in headings(tokens)][1:] == HEADINGS[Language.EN]
    assert not [token for token in tokens if token.type == "ordered_list_open"]
    assert r"> \# heading" in draft(facts).content


def test_address_with_brackets_stays_one_link() -> None:
    url = "https://x.example/a)](b|c"
    fact = said(1, FactKind.LINK, "look", ALICE, links=(MessageLink(url=url, what=LinkKind.GRAPH),))

    text = draft((fact,)).content

    assert text.count("(https://x.example/a%29%5D%28b%7Cc)") == 2
    assert cells(READER.parse(text)) == {3, 4}


def test_file_name_is_valid_for_any_channel_name() -> None:
    named = {"事故-支付": "postmortem-事故-支付.md", "../../etc": "postmortem-etc.md", "": "postmortem-incident.md"}
    for name, expected in named.items():
        shown = replace(chronicles.summary(), name=name)
        assert postmortem(shown, (), language=Language.ZH, **TOLD).name == expected
