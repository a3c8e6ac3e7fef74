"""Test what a tired reader finds in an answer, in which order, and what can be pressed."""

from dataclasses import replace
from typing import Any

import pytest

from intents.domain import Diagnosis, Finding, FindingOutcome, Focus, Language, Table, Text, Verdict
from responses.safety import scrubbed
from responses.slack import blocks
from responses.slack.as_text import as_text
from responses.slack.details import details_view
from responses.slack.diagnosis import answer_message
from responses.slack.message import Block, Message
from responses.slack.presses import Press, action_id, choice_value, parse_choice, parse_press
from responses.slack.remedy_dialogs import confirmation_dialog
from responses.slack.remedy_states import RemedyShown, RemedyState
from tests.responses.by_hand import KEEPS_FAILING, SUPPORTS, judged, offered
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
    return answer_message(scrubbed(diagnosis), **{**given, **options})


def read(message: Message) -> str:
    return as_text(message.blocks)


def pressable(message: Message) -> list[dict[str, Any]]:
    return [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]


def test_the_whole_answer_as_it_reads() -> None:
    assert (
        read(say(buttons=BUTTONS, count=20))
        == """\
# 🔴 CONFIRMED · Title of image-pull-failed

The tag does not exist in the registry.
Pod shop/api-0 ← Deployment api · The pod does not start.
↳ Effect: Title of probe-fails · Pod shop/api-0

≈ “Back-off pulling image "shop/api:v2"”  line 3, match 0.90
✓ api-0 waits in ImagePullBackOff
> “manifest unknown: tag v2”
✓ the kubelet tried 12 times
> Pod shop/api-0: “Failed to pull image”
> pod api-0 · times 12
? could not check leases in kube-system: needs get on coordination.k8s.io/leases
· it belongs to Deployment api

pod | age
api-0 | 5m
api-1 | 6m

> node worker-a

Could not check
? could not check the log of api-0: timed out: no answer in time

What to do
1. Look at the tag.
    skopeo list-tags docker://shop/api
2. Go back to the revision before.
    kubectl -n shop rollout undo deployment api
⚠ Pods are replaced.
3. Push the tag again.
+1 more under “Show details”

Other hypotheses
🟠 LIKELY · Title of probe-fails · Pod shop/api-0 · explained by image-pull-failed above
🔵 POSSIBLE · Title of node-full · Pod shop/api-0
+1 more under “Show details”
Read more: Images: https://kubernetes.io/docs/concepts/containers/images/

cluster prod · API calls: 7 · 0.8s · seen 20×"""
    )


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (Language.EN, ("🔴 CONFIRMED · Title of image-pull-failed", "The tag does not exist in the registry.")),
        (Language.ZH, ("🔴 已证实 · image-pull-failed 的标题", "镜像仓库中没有这个标签。")),
    ],
)
def test_verdict_and_root_cause_are_the_first_two_lines(language: Language, lines: tuple[str, str]) -> None:
    said = say(language=language)

    assert said.text.splitlines()[:2] == list(lines)
    assert [line for line in read(said).splitlines() if line][:2] == [f"# {lines[0]}", lines[1]]


def test_most_important_findings_are_shown_and_the_rest_counted() -> None:
    neutral = [replace(TOLD.findings[0], rule=f"n{number}", says=Text.same(f"neutral {number}")) for number in range(9)]
    said = read(say(replace(DIAGNOSIS, hypotheses=(replace(TOLD, findings=(*neutral, SUPPORTS)),))))

    assert said.index("✓ api-0 waits") < said.index("· neutral 0")
    assert "neutral 4" not in said
    assert "+5 more under “Show details”" in said


def test_finding_names_object_and_quote_once() -> None:
    again = Finding(
        rule="again",
        outcome=FindingOutcome.SUPPORTS,
        says=Text.same("it says: manifest unknown"),
        quote="manifest unknown",
    )
    said = read(say(replace(DIAGNOSIS, hypotheses=(replace(TOLD, findings=(again,)),))))

    assert said.count("manifest unknown") == 1


def test_reason_for_no_cluster_is_given_once() -> None:
    alone = replace(TOLD, verdict=Verdict.POSSIBLE, findings=(NOBODY, NOBODY))
    diagnosis = Diagnosis(focus=Focus(), hypotheses=(alone,), gaps=(NO_CLUSTER,))

    assert read(say(diagnosis)).count("No cluster was queried") == 1
    said = read(say(diagnosis, text_only_reason=GUESTS))
    assert said.count("guests get answers based on the pasted text only") == 1
    assert "this is based on the text alone" not in said
    assert "API calls" not in said
    unread = replace(diagnosis, hypotheses=(replace(alone, findings=()),), gaps=())
    assert "guests get answers" in read(say(unread, text_only_reason=GUESTS))


def test_ruled_out_answer_gives_the_reason() -> None:
    said = read(say(replace(DIAGNOSIS, hypotheses=(DIAGNOSIS.hypotheses[4],) * 2)))

    assert said.startswith(
        "# ⚪ RULED OUT · Title of quota-exceeded\n\nThe cluster rules out what the text suggested. No quota"
    )
    assert "Ruled out\n✗ Title of quota-exceeded (quota-exceeded): no quota is used up" in said


def test_healthy_object_shows_no_known_problem_and_the_gaps() -> None:
    said = read(say(replace(DIAGNOSIS, hypotheses=(), unexplained=()), of_text=False))

    assert said.startswith("# 🟢 NO KNOWN PROBLEM FOUND\n\nNone of the known incidents applies to Pod shop/api-0.")
    assert "Some reads failed" in said
    assert "needs get on coordination.k8s.io/leases" in said


def test_trouble_without_a_hypothesis_gets_no_green_sign() -> None:
    said = read(say(replace(DIAGNOSIS, hypotheses=()), of_text=False))

    assert said.startswith("# ❔ NOT EXPLAINED YET\n\nPod shop/api-0 is in trouble")
    assert "Observed, not explained yet\n· Pod shop/api-0: “Liveness probe failed”" in said


def test_unknown_text_is_reported_without_buttons() -> None:
    said = say(Diagnosis(focus=Focus()), observed=("Error: flux capacitor", "Bearer abcdefghijklmnop1234"))

    assert read(said).startswith("# ❔ I DON'T KNOW THIS ONE\n\nNo catalog entry matches well enough")
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
    assert "⚠️ Restart pod: applied, but NOT FIXED: the cause is still there · by @U1" in read(said)


def test_fixed_problem_leads_with_fixed() -> None:
    pressed = RemedyShown(plan_id="plan-1", title=BUTTONS[0].label, state=RemedyState.FIXED, who="U1")
    said = say(remedy_states=(pressed,))

    assert said.text.startswith("✅ FIXED · Title of image-pull-failed\nThe tag does not exist")
    assert read(said).startswith("# ✅ FIXED · Title of image-pull-failed")


def test_muted_answer_offers_unmute() -> None:
    said = say(muted_by="U3")

    assert [parse_choice(option["value"]) for option in pressable(said)[-1]["options"]][1] == (Press.UNMUTE, "r-1")
    assert "Muted in this channel by @U3" in read(said)


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


def test_wide_tables_and_second_tables_are_shown_as_text() -> None:
    wide = Table(
        columns=tuple(f"c{number}" for number in range(9)),
        rows=tuple(tuple(f"{row}{number}" for number in range(9)) for row in "ab"),
    )
    one = replace(TOLD, findings=(replace(SUPPORTS, table=wide), replace(SUPPORTS, rule="two")))
    said = say(replace(DIAGNOSIS, hypotheses=(one,)))

    assert "table" not in [block["type"] for block in said.blocks]
    assert "    c0  c1  c2" in read(said)
    assert "    pod    age\n    api-0  5m" in read(said)


def test_first_rows_of_a_long_table_are_shown() -> None:
    rows = tuple((f"pod-{number}", f"{number}m") for number in range(40))
    one = replace(TOLD, findings=(replace(SUPPORTS, table=Table(columns=("pod", "age"), rows=rows)),))
    said = say(replace(DIAGNOSIS, hypotheses=(one,)))

    assert "pod-11 | 11m\n\n+28 more under “Show details”" in read(said)


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


def test_capability_is_listed_below_the_cause_without_a_verdict() -> None:
    told = read(say(replace(DIAGNOSIS, hypotheses=(TOLD, OFFER))))

    assert told.startswith("# 🔴 CONFIRMED · Title of image-pull-failed")
    assert "You can also\n🧰 Look inside the pod · Pod shop/api-0\n> api-0 keeps failing\n" in told
    assert "CAN · Look inside" not in told


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (Verdict.OFFERED, "# 🧰 YOU CAN · Look inside the pod"),
        (Verdict.POSSIBLE, "# 🧰 YOU COULD · Look inside the pod"),
    ],
)
def test_capability_leads_where_no_cause_is_found(verdict: Verdict, says: str) -> None:
    diagnosis = replace(DIAGNOSIS, hypotheses=(offered(KEEPS_FAILING, verdict=verdict), *DIAGNOSIS.hypotheses[4:]))

    told = read(say(diagnosis))

    assert told.startswith(f"{says}\n\nThis is not a cause but something you can do.\n")
    assert "kubectl -n shop exec -it api-0 -- sh" in told
    assert "You can also" not in told
