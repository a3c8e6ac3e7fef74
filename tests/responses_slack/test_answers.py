"""Test what a tired reader finds in an answer, in which order, and what can be pressed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intents.domain import (
    Diagnosis,
    Existence,
    Finding,
    FindingOutcome,
    Focus,
    Language,
    Link,
    NamedObject,
    Observation,
    Row,
    Table,
    Text,
    Verdict,
)
from responses.safety import scrubbed
from responses.slack import blocks
from responses.slack.as_text import as_text
from responses.slack.controls import AnswerView, labelled
from responses.slack.details import details_view
from responses.slack.diagnosis import answer_message
from responses.slack.message import Block, Message
from responses.slack.presses import Press, action_id, choice_value, parse_choice, parse_press
from responses.slack.remedy_dialogs import confirmation_dialog
from responses.slack.remedy_states import RemedyShown, RemedyState
from tests.responses.by_hand import KEEPS_FAILING, POD, SUPPORTS, judged, offered
from tests.responses_slack.specimens import (
    BUTTONS,
    DIAGNOSIS,
    DIALOG,
    GUESTS,
    NO_CLUSTER,
    NOBODY,
    OFFER,
    TOLD,
)


def say(diagnosis: Diagnosis = DIAGNOSIS, **options: Any) -> Message:
    given = {"language": Language.EN, "request_id": "r-1", "seconds": 0.84, "of_text": True, "details_value": "r-1"}
    return answer_message(AnswerView(diagnosis=scrubbed(diagnosis), **{**given, **options}))


def read(message: Message) -> str:
    return as_text(message.blocks)


def pressable(message: Message) -> list[dict[str, Any]]:
    return [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]


def test_the_whole_answer_as_it_reads() -> None:
    assert (
        read(say(buttons=BUTTONS, count=20))
        == """\
Pod shop/api-0: The tag does not exist in the registry.
🔴 CONFIRMED · The pod does not start.
Effect: Title of probe-fails · Pod shop/api-0

- api-0 waits in ImagePullBackOff
- Pod shop/api-0: the kubelet tried 12 times

Could not check: leases in kube-system (needs get on coordination.k8s.io/leases); \
the log of api-0 (timed out: no answer in time)

Read more: Images: https://kubernetes.io/docs/concepts/containers/images/

cluster prod · 0.8s · seen 20×"""
    )


HELPS = Link(title="Images", url="https://kubernetes.io/docs/concepts/containers/images/")
MORE = Link(title="More", url="https://kubernetes.io/more")
OWN = Link(title="Runbook: images of the shop", url="https://wiki.example/images")
OF_ALERT = "https://wiki.example/alerts/KubePodNotReady"


def linked(message: Message) -> list[dict[str, str]]:
    """Return the links of a message in their order."""
    sections = [each for block in message.blocks if block["type"] == "rich_text" for each in block["elements"]]
    return [leaf for each in sections for leaf in each["elements"] if leaf["type"] == "link"]


@pytest.mark.parametrize(
    ("links", "alert", "shown"),
    [
        ((HELPS, MORE), "", [HELPS]),
        ((HELPS, MORE, OWN), "", [OWN, HELPS]),
        ((OWN, HELPS), "", [OWN]),
        ((HELPS, OWN), OF_ALERT, [Link(title="", url=OF_ALERT), HELPS]),
        ((HELPS,), HELPS.url, [Link(title="", url=HELPS.url)]),
        ((), "", []),
    ],
)
def test_the_runbook_and_the_page_that_helps_most_are_shown(
    links: tuple[Link, ...], alert: str, shown: list[Link]
) -> None:
    found = linked(say(replace(DIAGNOSIS, runbook=alert, hypotheses=(replace(TOLD, links=links),))))

    assert [(each["url"], each.get("text", "")) for each in found] == [(each.url, each.title) for each in shown]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://", "ftp://wiki.example/x", "https://a b/", "x"])
def test_an_address_of_an_alert_that_is_no_web_page_is_no_link(address: str) -> None:
    assert linked(say(replace(DIAGNOSIS, runbook=address, hypotheses=(replace(TOLD, links=()),)))) == []


def test_no_link_is_shown_for_what_is_ruled_out_unexplained_or_over() -> None:
    out = replace(DIAGNOSIS.hypotheses[4], links=(HELPS,))

    assert linked(say(replace(DIAGNOSIS, runbook=OF_ALERT, hypotheses=(out,)))) == []
    assert linked(say(replace(DIAGNOSIS, runbook=OF_ALERT, hypotheses=()), of_text=False)) == []
    assert linked(say(replace(DIAGNOSIS, runbook=OF_ALERT), ended=Text.same("The alert is over"))) == []


def test_a_long_title_of_a_link_is_cut() -> None:
    long = replace(HELPS, title="Kubernetes: " + "how images are pulled from registries " * 9)

    assert len(linked(say(replace(DIAGNOSIS, hypotheses=(replace(TOLD, links=(long,)),))))[0]["text"].split()) <= 10


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (Language.EN, ("Pod shop/api-0: The tag does not exist in the registry.", "🔴 CONFIRMED")),
        (Language.ZH, ("Pod shop/api-0：镜像仓库中没有这个标签。", "🔴 已证实")),
    ],
)
def test_cause_with_object_and_verdict_are_the_first_two_lines(language: Language, lines: tuple[str, str]) -> None:
    said = say(language=language)
    shown = [line for line in read(said).splitlines() if line]

    assert said.text.splitlines() == list(lines)
    assert shown[0] == lines[0]
    assert shown[1].startswith(f"{lines[1]} · ")


def test_summary_of_the_entry_is_the_first_line() -> None:
    told = replace(TOLD, summary=Text(en="api-0 cannot pull shop/api:v2", zh="api-0 无法拉取 shop/api:v2"))

    assert read(say(replace(DIAGNOSIS, hypotheses=(told,)))).startswith("api-0 cannot pull shop/api:v2.\n🔴 CONFIRMED")


def test_at_most_three_proofs_are_shown_and_information_fills_two() -> None:
    says = ("disk full", "inodes used up", "kubelet evicts", "image garbage stays")
    informs = [replace(TOLD.findings[0], rule=f"n{at}", says=Text.same(f"informs {at}"), table=None) for at in range(9)]
    proves = [replace(SUPPORTS, rule=f"s{at}", says=Text.same(each), quote="") for at, each in enumerate(says)]

    many = read(say(replace(DIAGNOSIS, hypotheses=(replace(TOLD, findings=(*informs, *proves)),))))
    assert [line for line in many.splitlines() if line.startswith("- ")] == [
        f"- Pod shop/api-0: {each}" for each in says[:3]
    ]
    one = read(say(replace(DIAGNOSIS, hypotheses=(replace(TOLD, findings=(*informs, SUPPORTS)),))))
    assert len([line for line in one.splitlines() if line.startswith("- ")]) == 2


def test_proof_has_the_age_of_its_newest_row_or_of_a_lasting_state() -> None:
    now = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    rows = tuple(Row(values={}, subject=POD, at=now - timedelta(minutes=at)) for at in (9, 4))
    dated = replace(SUPPORTS, rows=rows)
    lasting = replace(dated, rule="lasts", says=Text.same("api-0 is not ready"), rows=(replace(rows[0], lasts=True),))
    state = replace(SUPPORTS, rule="state", says=Text.same("api-0 has no volume"))

    findings = (dated, lasting, state)
    said = read(say(replace(DIAGNOSIS, observed_at=now, hypotheses=(replace(TOLD, findings=findings),))))

    assert (
        "- api-0 waits in ImagePullBackOff · 4m ago\n- api-0 is not ready · for 9m\n- api-0 has no volume · now" in said
    )
    assert "cluster prod · as of 03:00 UTC" in said


def test_finding_says_a_quote_once() -> None:
    again = Finding(
        rule="again",
        outcome=FindingOutcome.SUPPORTS,
        says=Text.same("it says: manifest unknown"),
        quote="manifest unknown",
    )
    diagnosis = replace(DIAGNOSIS, hypotheses=(replace(TOLD, findings=(again,)),))

    assert read(say(diagnosis)).count("manifest unknown") == 1
    assert as_text(details_view(scrubbed(diagnosis), language=Language.EN)["blocks"]).count("manifest unknown") == 1


def test_reason_for_no_cluster_is_given_once() -> None:
    alone = replace(TOLD, verdict=Verdict.POSSIBLE, findings=(NOBODY, NOBODY))
    diagnosis = Diagnosis(focus=Focus(), hypotheses=(alone,), gaps=(NO_CLUSTER,))

    assert read(say(diagnosis)).count("No cluster was queried") == 1
    said = read(say(diagnosis, text_only_reason=GUESTS))
    assert said.count("Guests get answers based on the pasted text only") == 1
    assert "this is based on the text alone" not in said
    assert "API calls" not in said
    unread = replace(diagnosis, hypotheses=(replace(alone, findings=()),), gaps=())
    assert "Guests get answers" in read(say(unread, text_only_reason=GUESTS))


def test_ruled_out_answer_leads_with_what_was_found() -> None:
    said = read(say(replace(DIAGNOSIS, hypotheses=(DIAGNOSIS.hypotheses[4],) * 2)))

    assert said.startswith("no quota is used up.\n⚪ RULED OUT · Title of quota-exceeded\n")


@pytest.mark.parametrize("unexplained", [DIAGNOSIS.unexplained, ()], ids=["trouble", "well"])
def test_a_cause_that_nobody_suspected_does_not_lead_when_it_is_ruled_out(unexplained: tuple[Observation, ...]) -> None:
    out = replace(DIAGNOSIS, hypotheses=(DIAGNOSIS.hypotheses[4],), unexplained=unexplained)
    said = read(say(out, of_text=False))

    assert said.startswith("❓ NOT EXPLAINED YET\n" if unexplained else "🟢 NO KNOWN PROBLEM FOUND\n")
    assert said.index("\nRuled out\n") < said.index("Title of quota-exceeded")


def test_healthy_object_shows_no_known_problem_and_the_gaps() -> None:
    said = read(say(replace(DIAGNOSIS, hypotheses=(), unexplained=()), of_text=False))

    assert said.startswith("🟢 NO KNOWN PROBLEM FOUND\nNone of the known incidents applies to Pod shop/api-0.")
    assert "Could not check: leases in kube-system (needs get on coordination.k8s.io/leases)" in said


def test_trouble_without_a_hypothesis_gets_no_green_sign() -> None:
    said = read(say(replace(DIAGNOSIS, hypotheses=()), of_text=False))

    assert said.startswith(
        "❓ NOT EXPLAINED YET\nNone of the known incidents explains what is reported about Pod shop/api-0."
    )
    assert "Observed, not explained yet\n· Pod shop/api-0: “Liveness probe failed”" in said


def test_unknown_text_is_reported_without_buttons() -> None:
    said = say(Diagnosis(focus=Focus()), observed=("Error: flux capacitor", "Bearer abcdefghijklmnop1234"))

    assert read(said).startswith("❓ I DON'T KNOW THIS ONE\nNo catalog entry matches well enough")
    assert "> “Error: flux capacitor”" in read(said)
    assert "abcdefghijklmnop1234" not in read(said)
    assert pressable(said) == []


def test_buttons_carry_plan_ids_and_the_menu_the_request_id() -> None:
    restart, back, more, menu = pressable(say(buttons=BUTTONS))

    assert (restart["action_id"], restart["value"]) == ("remedy:0", "plan-1")
    assert (back["action_id"], back["style"]) == ("remedy:1", "danger")
    assert back["accessibility_label"] == "Roll back, disruptive"
    assert (more["action_id"], more["value"]) == ("details", "r-1")
    values = [option["value"] for option in menu["options"]]
    assert [parse_choice(value) for value in values] == [(Press.NOT_IT, "r-1"), (Press.MUTE, "r-1")]


def test_pressed_button_becomes_a_line_with_its_result() -> None:
    pressed = RemedyShown(plan_id="plan-1", title=BUTTONS[0].label, state=RemedyState.NOT_FIXED, who="U1")
    said = say(buttons=BUTTONS, remedy_states=(pressed,))

    assert [element.get("value") for element in pressable(said)] == ["plan-2", "r-1", None]
    assert "⚠️ Restart pod: applied, but NOT FIXED · by @U1" in read(said)


def test_fixed_answer_says_what_was_wrong_what_was_done_and_the_state_now() -> None:
    says = Text.same("api-0 is Ready since 12:00:05")
    pressed = RemedyShown(plan_id="plan-1", title=BUTTONS[0].label, state=RemedyState.FIXED, who="U1", says=says)
    said = say(buttons=BUTTONS, remedy_states=(pressed,), details_value="")

    assert said.text == "✅ FIXED\nWas: Pod shop/api-0: The tag does not exist in the registry."
    assert (
        read(said)
        == """\
✅ FIXED
Was: Pod shop/api-0: The tag does not exist in the registry.

✅ Restart pod: FIXED: the cause is gone · by @U1
> Now: api-0 is Ready since 12:00:05

cluster prod · 0.8s"""
    )


def test_the_state_after_a_press_comes_before_notes_about_the_text() -> None:
    quoted = NamedObject(
        target=POD,
        existence=Existence.QUOTED,
        source=Text.same("an event"),
        said_s=60,
    )
    pressed = RemedyShown(plan_id="plan-1", title=BUTTONS[0].label, state=RemedyState.FIXED, who="U1")
    noted = replace(DIAGNOSIS, named=(quoted,))
    said = say(noted, buttons=BUTTONS, remedy_states=(pressed,))

    assert read(say(noted)).startswith("The text quotes an event")
    for shown in (said.text, read(said)):
        assert shown.startswith("✅ FIXED\nWas: ")
        assert "The text quotes an event" in shown


def test_the_state_of_an_object_heads_an_answer_without_a_cause_and_precedes_one_with_a_cause() -> None:
    state, says = Text.same("CronJob shop/report is suspended"), Text.same("spec.suspend is true")
    held = replace(DIAGNOSIS, standing=(state, says))

    assert read(say(held)).startswith(f"{state.en}. {says.en}.\n")
    assert read(say(replace(held, hypotheses=(), unexplained=()))).startswith(f"ℹ️ {state.en}\n{says.en}.\n")
    assert read(say(replace(held, hypotheses=()))).startswith(f"{state.en}. {says.en}.\n❓ NOT EXPLAINED YET")


def test_button_that_can_lose_data_is_named_in_the_answer() -> None:
    rebuild = replace(BUTTONS[1], label=Text.same("Rebuild store"), risk="data-loss")

    assert "⚠️ Rebuild store: data can be lost" in read(say(buttons=(BUTTONS[0], rebuild)))


def test_buttons_of_the_same_label_name_their_objects_and_fit_slacks_clients() -> None:
    named = labelled((BUTTONS[0], BUTTONS[0]), ("api-0", "a-very-long-name-of-a-pod-in-a-shop-0"))
    labels = [each["text"]["text"] for each in pressable(say(buttons=named))[:2]]

    assert labels[0] == "Restart pod api-0"
    assert max(map(len, labels)) <= 30


def test_muted_answer_offers_unmute() -> None:
    said = say(muted_by="U3", muted_why="fixed in 2.4")

    assert [parse_choice(option["value"]) for option in pressable(said)[-1]["options"]][1] == (Press.UNMUTE, "r-1")
    assert "Muted in this channel by @U3: fixed in 2.4" in read(said)


def test_answer_without_controls_has_no_menu() -> None:
    assert [element["type"] for element in pressable(say(controls=False))] == ["button"]
    assert pressable(say(controls=False, details_value="")) == []


def test_press_ids_are_parsed_as_written() -> None:
    assert parse_press(action_id(Press.REMEDY, 3)) is Press.REMEDY
    assert parse_press(action_id(Press.DETAILS)) is Press.DETAILS
    assert parse_press("someone-elses") is None
    assert parse_choice("not_it") is None
    assert parse_choice("delete:r-1") is None
    assert parse_choice(choice_value(Press.MUTE, "a:b")) == (Press.MUTE, "a:b")
    with pytest.raises(ValueError, match="characters, not 150"):
        choice_value(Press.MUTE, "r" * 150)


def test_tables_are_in_the_details_in_full() -> None:
    rows = tuple((f"pod-{number}", f"{number}m") for number in range(40))
    one = replace(TOLD, findings=(replace(SUPPORTS, table=Table(columns=("pod", "age"), rows=rows)),))
    diagnosis = replace(DIAGNOSIS, hypotheses=(one,))

    assert "pod-11" not in read(say(diagnosis))
    assert "    pod-39  39m" in as_text(details_view(scrubbed(diagnosis), language=Language.EN)["blocks"])


def test_table_values_that_all_rows_share_are_words() -> None:
    table = Table(columns=("pod", "ok", "ready", "node"), rows=(("api-0", "false", "true", "worker-a"),) * 2)
    one = replace(TOLD, findings=(replace(SUPPORTS, table=table),))
    said = as_text(details_view(scrubbed(replace(DIAGNOSIS, hypotheses=(one,))), language=Language.EN)["blocks"])

    assert "> not ok · ready · node worker-a" in said


def test_details_show_what_the_answer_leaves_out() -> None:
    said = as_text(details_view(scrubbed(DIAGNOSIS), language=Language.EN)["blocks"])

    for part in (
        "# 🟠 LIKELY · Title of probe-fails",
        "Owner: Pod api-0 ← ReplicaSet api-7d9f ← Deployment api",
        "4. Ask who deletes tags.",
        "# Ruled out\n\n✗ Title of quota-exceeded (quota-exceeded): no quota is used up",
        "# Could not check\n\n? could not check leases in kube-system: needs get on coordination.k8s.io/leases",
        "# Observed, not explained yet",
        "# Check it yourself\n\n    kubectl -n shop describe pod api-0\n    kubectl -n shop get pod api-0 -o yaml",
        "casebook show image-pull-failed",
    ):
        assert part in said


def test_too_long_details_report_what_is_left_out() -> None:
    many = tuple(judged(f"incident-{number}", Verdict.POSSIBLE, *[SUPPORTS] * 9) for number in range(60))
    shown: list[Block] = details_view(scrubbed(replace(DIAGNOSIS, hypotheses=many)), language=Language.EN)["blocks"]

    assert len(shown) <= 100
    assert "more parts are left out" in as_text(shown[-1:])


def test_dialog_cuts_a_long_diff_by_whole_lines_and_counts_the_rest() -> None:
    shown = confirmation_dialog(replace(DIALOG, diff="+line\n" * 500), language=Language.EN)

    said = as_text(shown["blocks"])
    assert said.count("+line") == 80
    assert "420 more lines of the change are not shown." in said
    assert shown["private_metadata"] == "plan-2"
    assert shown["submit"]["text"] == "Roll back"


def test_dialog_shows_undo_before_effects() -> None:
    once, never = (
        as_text(confirmation_dialog(replace(DIALOG, undoable_minutes=minutes), language=Language.EN)["blocks"])
        for minutes in (30, 0)
    )

    assert (
        once.index("Can be undone for 30 minutes")
        < once.index("What happens")
        < once.index("Preview (the API server accepted a dry run)")
    )
    assert "Cannot be undone." in never
    assert "Can be undone" not in never


def test_dialog_with_many_effects_shows_every_warning() -> None:
    effects = [Text.same(f"effect {number}") for number in range(12)]
    warned = replace(DIALOG, effects=effects, warnings=(Text.same("data is lost"), Text.same("nothing serves")))

    said = as_text(confirmation_dialog(warned, language=Language.EN)["blocks"])

    assert said.index("⚠️ data is lost") < said.index("⚠️ nothing serves") < said.index("effect 0")
    assert "effect 9" in said
    assert "effect 10" not in said
    assert "+2 more" in said


def test_empty_text_never_makes_an_empty_piece() -> None:
    assert blocks.text("")["text"] == "–"
    assert blocks.plain(" ")["text"] == "–"
    assert blocks.link("https://x.example") == {"type": "link", "url": "https://x.example"}
    assert blocks.link("javascript:alert(1)", "x")["type"] == "text"


def test_capability_beside_a_cause_is_in_the_details() -> None:
    diagnosis = replace(DIAGNOSIS, hypotheses=(TOLD, OFFER))

    assert read(say(diagnosis)).startswith("Pod shop/api-0: The tag does not exist in the registry.\n🔴 CONFIRMED")
    assert "Look inside" not in read(say(diagnosis))
    assert "# 🧰 YOU CAN · Look inside the pod" in as_text(
        details_view(scrubbed(diagnosis), language=Language.EN)["blocks"]
    )


@pytest.mark.parametrize(("verdict", "says"), [(Verdict.OFFERED, "🧰 YOU CAN"), (Verdict.POSSIBLE, "🧰 YOU COULD")])
def test_capability_leads_where_no_cause_is_found(verdict: Verdict, says: str) -> None:
    diagnosis = replace(DIAGNOSIS, hypotheses=(offered(KEEPS_FAILING, verdict=verdict), *DIAGNOSIS.hypotheses[4:]))

    told = read(say(diagnosis))

    assert told.startswith(f"Pod shop/api-0: This is not a cause but something you can do.\n{says} · It fixes nothing.")
    assert "Next: Go in. kubectl -n shop exec -it api-0 -- sh" in told
