"""Test that any text can be sent: it fits, mentions nobody and holds no secret."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intents.domain import Diagnosis, Language, Step, Text
from responses.safety import scrubbed
from responses.slack import limits, notices
from responses.slack.as_text import as_text, split_in_half, text_only
from responses.slack.controls import AnswerView, RemedyButton
from responses.slack.details import details_view, full_text
from responses.slack.diagnosis import answer_message, placeholder_message
from responses.slack.help import misused
from responses.slack.learned import LearnedShown, all_learned, saved_message
from responses.slack.message import Message, Snippet, View, escape, fallback, inert, length, unescape, visible_length
from responses.slack.remedy_dialogs import confirmation_dialog, refusal_dialog
from responses.slack.remedy_states import AuditLine, RemedyShown, RemedyState, audit_message
from tests.responses_slack.pings import pings
from tests.responses_slack.specimens import (
    DIAGNOSIS,
    DIALOG,
    NEAREST,
    NOON,
    PRESSED,
    TOLD,
    every_string,
    is_fit_to_send,
    payload_of,
)

SECRET = "hunter2hunter2"
HOSTILE = st.one_of(
    st.sampled_from([
        "", " ", "\n", "<!channel>", "<!here|x>", "<@U0123456>", "<#C1|general>", "<!subteam^S1>", "@here @channel",
        "<https://evil.example|https://good.example>", "```\n*x* _y_ ~z~", "&amp;<&lt;", "😀" * 80, "中" * 400,
        f"password={SECRET}", f"Authorization: Bearer {SECRET}{SECRET}", "https://x.example/a b", "javascript:alert(1)",
        "http://", "\u202e\u200b\x1b[31m\x00", "\ud800", "x" * 5000, "line\n" * 700, "| a | b |",
    ]),
    st.text(max_size=40),
    st.text(st.sampled_from("<>&!@#|`*_~ \n中😀"), max_size=400),
)  # fmt: skip
TEXTS = st.lists(HOSTILE, min_size=1, max_size=6)
LANGUAGES = st.sampled_from(list(Language))
COUNTS = st.integers(0, 14)


def planted(value: Any, texts: list[str]) -> Any:
    """Return `value` with its strings replaced by these texts in turn."""
    drawn = 0

    def next_text(_: str) -> str:
        nonlocal drawn
        drawn += 1
        return texts[drawn % len(texts)]

    return every_string(value, next_text)


@st.composite
def diagnoses(draw: st.DrawFn) -> Diagnosis:
    told = replace(
        TOLD,
        verdict=draw(st.sampled_from([one.verdict for one in DIAGNOSIS.hypotheses])),
        findings=TOLD.findings * draw(st.integers(0, 4)),
        runbook=TOLD.runbook * draw(st.integers(0, 5)),
        links=TOLD.links * draw(st.integers(0, 4)),
        remedies=(),
    )
    diagnosis = replace(
        DIAGNOSIS,
        hypotheses=(*[told] * draw(st.integers(0, 1)), *DIAGNOSIS.hypotheses[1:][: draw(st.integers(0, 4))]),
        gaps=DIAGNOSIS.gaps * draw(COUNTS),
        unexplained=DIAGNOSIS.unexplained * draw(COUNTS),
        nearest=(NEAREST,) * draw(st.integers(0, 3)),
        owners=DIAGNOSIS.owners[: draw(st.integers(0, 2))],
    )
    shown: Diagnosis = planted(diagnosis, draw(TEXTS))
    return shown


def is_safe_to_send(said: Message | View) -> None:
    is_fit_to_send(said)
    assert SECRET not in str(payload_of(said))
    assert not isinstance(said, Message) or said.overflow is None or SECRET not in said.overflow.content


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(diagnosis=diagnoses(), language=LANGUAGES, states=COUNTS, texts=TEXTS)
def test_any_answer_is_safe_to_send(diagnosis: Diagnosis, language: Language, states: int, texts: list[str]) -> None:
    shown = scrubbed(diagnosis)
    words = planted(Text(en="", zh=""), texts)
    pressed = RemedyShown(plan_id="p", title=words, state=RemedyState.NOT_FIXED, who="U1", at=NOON, says=words)
    said = answer_message(
        AnswerView(
            diagnosis=shown,
            language=language,
            request_id="T1.C1.1772449207.000100",
            seconds=0.84,
            of_text=True,
            buttons=tuple(RemedyButton(plan_id=f"p-{number}", label=words, risk=texts[0]) for number in range(states)),
            details_value="r-1",
            count=states,
            last_seen=NOON,
            observed=tuple(texts),
            text_only_reason=words if states % 2 else None,
            remedy_states=[pressed] * states,
            not_it_by=["U1"] * states,
            muted_by="U2",
        )
    )

    is_safe_to_send(said)
    is_safe_to_send(details_view(shown, language=language))
    is_safe_to_send(text_only(said))
    for half in split_in_half(said):
        is_safe_to_send(half)
    assert SECRET not in full_text(shown, language=language, observed=texts)


LEARNED = LearnedShown(id="learned-a", title="", channel="", by="", version=1, shared=False)


@settings(max_examples=20)
@given(texts=TEXTS, language=LANGUAGES, found=st.integers(0, 5))
def test_any_other_message_or_dialog_is_safe_to_send(texts: list[str], language: Language, found: int) -> None:
    words: Text = planted(Text(en="", zh=""), texts)
    shown = planted(replace(DIALOG, plan_id=""), texts)
    judged = scrubbed(planted(DIAGNOSIS, texts)).hypotheses[:found]
    recorded = planted(AuditLine(shown=PRESSED, cluster="prod", target=DIALOG.target), texts)
    mute = notices.MuteShown(muted=texts[0], title=words, by="U1", until=NOON, reason=texts[-1])
    recorded = replace(recorded, shown=replace(recorded.shown, plan_id="p-1", who="U1", approver="U2", undo=""))
    for said in (
        confirmation_dialog(
            replace(
                shown,
                plan_id="p-1",
                fill="f-1",
                effects=shown.effects * found,
                warnings=shown.effects * found,
                asked_by="U1",
            ),
            language=language,
        ),
        confirmation_dialog(
            replace(
                shown,
                plan_id="p-1",
                fill="f-1",
                typed_name_required="",
                diff="+x\n" * 2000,
                asked_by="",
                needs_approval=True,
            ),
            language=language,
        ),
        audit_message(replace(recorded, link="https://example.slack.com/archives/C1/p1"), language=language),
        refusal_dialog(words, language=language),
        placeholder_message(language=language, done=1, total=2, found=judged, about=texts[0]),
        notices.failed(words, language=language),
        notices.notice(words, language=language),
        notices.answered_before(texts[0], found, language=language),
        notices.muted(mute, language=language),
        notices.unmuted(words, language=language),
        notices.all_muted([mute] * 30, language=language),
        misused(words, texts[0], language=language),
        saved_message(texts[0], "learned-a", 1, texts[-1], language=language),
        all_learned([replace(LEARNED, title=texts[0], by=texts[-1], channel=texts[0])] * 3, language=language),
    ):
        is_safe_to_send(said)


@given(text=HOSTILE, most=st.integers(8, 200))
def test_escaped_text_is_shown_unchanged_and_mentions_nobody(text: str, most: int) -> None:
    shown = inert(text, most_bytes=most)

    assert len(shown.encode()) <= most
    assert pings({"text": shown}) == ()
    assert not any(name in shown.lower() for name in ("@here", "@channel", "@everyone"))
    assert not any(char in shown for char in "<>")
    # No escape is cut: every ampersand begins a complete one.
    assert shown.count("&") == sum(shown.count(entity) for entity in ("&amp;", "&lt;", "&gt;"))


def test_the_ampersand_is_escaped_first() -> None:
    assert escape("<a & b>") == "&lt;a &amp; b&gt;"
    assert escape("&lt;") == "&amp;lt;"
    assert unescape(escape("<a &lt; b>")) == "<a &lt; b>"
    assert fallback("", " ") == "–"


def test_mentions_are_detected() -> None:
    for leaf in ({"type": "broadcast", "range": "here"}, {"type": "usergroup", "usergroup_id": "S1"}):
        section = {"type": "rich_text_section", "elements": [leaf]}
        assert pings({"text": "x", "blocks": [{"type": "rich_text", "elements": [section]}]})
    assert pings({"text": "<!channel>"})
    assert pings({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<@U1>"}}]})
    assert not pings({"text": "x", "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "<@U1>"}}]})


def test_answer_that_does_not_fit_is_attached_in_full() -> None:
    long = replace(TOLD, runbook=(Step(says=Text.same("word " * 700)), *TOLD.runbook))
    said = answer_message(
        AnswerView(
            diagnosis=scrubbed(replace(DIAGNOSIS, hypotheses=(long,))),
            language=Language.EN,
            request_id="r-1",
            seconds=1,
            of_text=True,
        )
    )

    assert said.overflow is not None
    assert "word " * 690 in said.overflow.content
    assert "Go back to the revision before." in said.overflow.content
    assert "Too long for one message" in as_text(said.blocks)
    assert said.text.startswith("Pod shop/api-0: The tag does not exist")


def test_later_changes_of_an_answer_are_not_in_its_file() -> None:
    """Otherwise each edit would attach another file."""
    diagnosis = scrubbed(
        replace(DIAGNOSIS, hypotheses=(replace(TOLD, runbook=(Step(says=Text.same("word " * 700)),)),))
    )
    failed = RemedyShown(plan_id="p", title=Text.same("t"), state=RemedyState.FAILED, who="U1", at=NOON)
    asked: dict[str, Any] = {"language": Language.EN, "request_id": "r-1", "seconds": 1, "of_text": True}

    said = answer_message(AnswerView(diagnosis=diagnosis, **asked))
    edited = answer_message(
        AnswerView(
            diagnosis=diagnosis,
            **asked,
            count=7,
            last_seen=NOON,
            remedy_states=[failed],
            not_it_by=["U1"],
            muted_by="U2",
        )
    )

    assert edited.blocks != said.blocks
    assert edited.overflow == said.overflow is not None


def test_text_only_message_keeps_the_rest_in_a_file() -> None:
    blocks = answer_message(
        AnswerView(
            diagnosis=scrubbed(replace(DIAGNOSIS, gaps=DIAGNOSIS.gaps * 3, hypotheses=DIAGNOSIS.hypotheses * 3)),
            language=Language.EN,
            request_id="r-1",
            seconds=1,
            of_text=True,
        )
    ).blocks
    message = Message(text="CONFIRMED", blocks=blocks * 12)

    alone = text_only(message)

    assert alone.blocks == ()
    assert alone.text.startswith("Pod shop/api-0: The tag does not exist")
    assert alone.text.endswith("…")
    assert alone.overflow is not None
    assert alone.overflow.content == as_text(message.blocks) + "\n"


@given(words=st.text(st.sampled_from("a日&<>;😀 @|"), max_size=50), times=st.sampled_from([1, 100]))
def test_text_only_message_is_cut_between_escapes_and_complete_in_its_file(words: str, times: int) -> None:
    words *= times
    alone = text_only(Message(text=escape(words), overflow=Snippet(name="a.md", title="A", content="the rest")))

    assert len(alone.text.encode()) <= limits.BUDGET_TEXT_BYTES
    assert alone.text.count("&") == sum(alone.text.count(entity) for entity in ("&amp;", "&lt;", "&gt;"))
    told = unescape(alone.text).removesuffix("…")
    assert words.strip().startswith(told) or told == "–"
    assert alone.overflow is not None
    assert alone.overflow.name == "a.md"
    assert alone.overflow.content == ("the rest" if told in (words.strip(), "–") else f"{words}\n\nthe rest")


def test_malformed_block_is_written_as_text() -> None:
    broken = (
        {"type": "section", "text": "one"},
        {"type": "header"},
        {"type": "context", "elements": [{"text": "two"}, 3]},
    )

    assert text_only(Message(text="-", blocks=broken)).text == "one\n\ntwo"


@settings(max_examples=25)
@given(diagnosis=diagnoses())
def test_two_halves_contain_the_whole_message(diagnosis: Diagnosis) -> None:
    whole = answer_message(
        AnswerView(diagnosis=scrubbed(diagnosis), language=Language.EN, request_id="r-1", seconds=1, of_text=True)
    )

    first, second = split_in_half(whole)

    said = as_text(whole.blocks).split()
    assert as_text(first.blocks).split() + as_text(second.blocks).split() == said
    assert max(visible_length(first.blocks), visible_length(second.blocks)) < visible_length(whole.blocks)
    assert second.overflow == whole.overflow
    headline, _, _ = unescape(whole.text).partition("\n")
    assert second.text == fallback(f"… {headline}")


@given(text=HOSTILE)
def test_characters_are_counted_in_utf16_units(text: str) -> None:
    assert len(text) <= length(text) <= 2 * len(text)
