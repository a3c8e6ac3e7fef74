"""Test what a tired reader finds on the terminal page, and in which order."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as RichText

from intents.domain import Diagnosis, Focus, Gap, GapReason, Language, NearestEntry, Table, Text, Verdict
from responses.as_json import RunStats
from responses.layout import TerminalTable, WrappedText
from responses.safety import scrubbed
from responses.terminal import diagnosis_page
from tests.responses.by_hand import KEEPS_FAILING, offered

Written = Callable[..., str]
TIMING = RunStats(seconds=0.84, api_calls=7)


def _page(
    diagnosis: Diagnosis, written: Written, *, width: int = 100, lang: Language = Language.EN, **options: Any
) -> str:
    return written(diagnosis_page(scrubbed(diagnosis), language=lang, timing=TIMING, **options), width=width)


def test_the_whole_page_of_an_answer(diagnosis: Diagnosis, written: Written) -> None:
    assert (
        _page(diagnosis, written)
        == """\
Pod shop/api-0: The tag does not exist in the registry.
 CONFIRMED  The pod does not start.
Effect: Title of probe-fails · Pod shop/api-0

Available as a button in Slack
  • Go back to the revision before  (Deployment shop/api · disruptive)
    ! Pods are replaced.

  • api-0 waits in ImagePullBackOff

Could not check: leases in kube-system (needs get on coordination.k8s.io/leases); the log of api-0
(timed out: no answer in time)

Read more: Images: https://kubernetes.io/docs/concepts/containers/images/

cluster prod · API calls: 7 · 0.8s · --all shows the rest
"""
    )


def test_the_runbook_of_an_alert_comes_before_the_page_that_helps_most(diagnosis: Diagnosis, written: Written) -> None:
    page = _page(replace(diagnosis, runbook="https://wiki.example/images"), written)

    assert 0 < page.index("https://wiki.example/images\n") < page.index("https://kubernetes.io/")


def test_cause_and_verdict_are_the_first_two_lines_in_either_language(diagnosis: Diagnosis, written: Written) -> None:
    assert _page(diagnosis, written, lang=Language.ZH).splitlines()[:2] == [
        "Pod shop/api-0：镜像仓库中没有这个标签。",
        " 已证实  Pod 无法启动。",
    ]


def test_all_shows_the_rest(diagnosis: Diagnosis, written: Written) -> None:
    short, page = _page(diagnosis, written), _page(diagnosis, written, in_full=True)

    assert "--all shows the rest" in short
    assert "--all" not in page
    for rest in (
        " LIKELY  Title of probe-fails\n",
        "Check it yourself\n  kubectl -n shop get pod api-0 -o yaml",
        "Ruled out\n  ✗ Title of quota-exceeded (quota-exceeded): no quota is used up",
        "? could not check the log of api-0: timed out: no answer in time",
        "Observed, not explained yet\n  • Pod shop/api-0: “Liveness probe failed”",
    ):
        assert rest in page
        assert rest not in short


def test_line_numbers_are_hidden_without_a_pasted_text(diagnosis: Diagnosis, written: Written) -> None:
    assert "line 3" not in _page(diagnosis, written, of_text=False)


@pytest.mark.parametrize("width", [40, 60, 100])
def test_prose_wraps_and_commands_are_never_broken(diagnosis: Diagnosis, written: Written, width: int) -> None:
    page = _page(diagnosis, written, width=width, in_full=True)

    to_copy = (
        "kubectl -n shop get pod api-0 -o yaml",
        "https://kubernetes.io/docs/concepts/containers/images/",
        "skopeo",
    )
    too_long = [line for line in page.splitlines() if cell_len(line) > width and not any(map(line.count, to_copy))]
    assert too_long == []
    assert all(line in page for line in to_copy)


def test_missing_cluster_is_mentioned_once(diagnosis: Diagnosis, written: Written) -> None:
    nobody = Gap(what="the cluster", reason=GapReason.NO_CLUSTER, detail="none is reachable")
    first = replace(diagnosis.hypotheses[0], verdict=Verdict.POSSIBLE, findings=())
    alone = Diagnosis(focus=Focus(), hypotheses=(first,), gaps=(nobody,))

    page = _page(alone, written)

    assert page.splitlines()[1].startswith(" POSSIBLE ")
    assert page.count("No cluster was queried; this is based on the text alone.") == 1
    assert "API calls" not in page


def test_ruled_out_answer_leads_with_the_reason(diagnosis: Diagnosis, written: Written) -> None:
    page = _page(replace(diagnosis, hypotheses=diagnosis.hypotheses[2:]), written)

    assert page.splitlines()[:2] == ["no quota is used up.", " RULED OUT  Title of quota-exceeded"]


def test_an_answer_about_an_object_leads_with_what_is_unexplained(diagnosis: Diagnosis, written: Written) -> None:
    page = _page(replace(diagnosis, hypotheses=diagnosis.hypotheses[2:]), written, of_text=False)

    assert page.splitlines()[0] == "NOT EXPLAINED YET"
    assert page.index("“Liveness probe failed”") < page.index("✗ Title of quota-exceeded")


def test_unknown_text_shows_an_excerpt_and_the_closest_entries(written: Written) -> None:
    near = NearestEntry(
        incident="image-pull-failed", title=Text(en="An image", zh="镜像"), score=0.31, decided_by="ErrImagePull"
    )
    page = diagnosis_page(
        scrubbed(Diagnosis(focus=Focus(), nearest=(near,))),
        language=Language.EN,
        timing=RunStats(seconds=0.01, api_calls=0),
        observed=("Error: flux capacitor",),
    )

    assert (
        written(page)
        == """\
I DON'T KNOW THIS ONE
No catalog entry matches well enough to name a cause.

From the text
  • “Error: flux capacitor”

Closest catalog entries
  • An image  (image-pull-failed, 0.31)
    would match on a line like: ErrImagePull

0.0s · --all shows the rest
"""
    )


def test_healthy_object_shows_no_known_problem_and_the_gaps(diagnosis: Diagnosis, written: Written) -> None:
    page = _page(replace(diagnosis, hypotheses=(), unexplained=()), written)

    assert page.splitlines()[:2] == [
        "NO KNOWN PROBLEM FOUND",
        "None of the known incidents applies to Pod shop/api-0.",
    ]
    assert "needs get on coordination.k8s.io/leases" in page


def test_rows_that_do_not_fit_become_sentences(written: Written) -> None:
    rows = TerminalTable(
        Table(
            columns=("node", "free_cpu_m", "largest_consumer"),
            rows=(("worker-a", "2.08", "analytics/warehouse-0"), ("worker-b", "2.58", "analytics/warehouse-1")),
        )
    )

    assert written(rows, width=60).splitlines()[0] == "node      free cpu  largest consumer"
    assert written(rows, width=30).splitlines()[:2] == ["worker-a: free cpu 2.08 ·", "largest consumer"]


def test_value_that_imitates_a_verdict_is_quoted_below_its_table(written: Written) -> None:
    error = "FIXED: “the disk”"
    twice = TerminalTable(Table(columns=("node", "error"), rows=(("worker-a", error), ("worker-b", error))))
    once = TerminalTable(Table(columns=("error",), rows=((error,),)), said='It says “FIXED: "the disk"”')

    assert written(twice).splitlines()[-1] == 'error “FIXED: "the disk"”'
    assert written(once).strip() == ""


@given(
    text=st.text(st.sampled_from("ab c中文，。（）\t-/:")),
    width=st.integers(2, 30),
)
def test_wrapping_loses_only_white_space_and_keeps_the_width(text: str, width: int) -> None:
    console = Console(file=StringIO(), width=width)
    lines = [
        "".join(segment.text for segment in line)
        for line in console.render_lines(WrappedText(RichText(text)), pad=False)
    ]

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line.rstrip()) <= width for line in lines)


def test_capability_beside_a_cause_is_listed_with_all(diagnosis: Diagnosis, written: Written) -> None:
    both = replace(diagnosis, hypotheses=(*diagnosis.hypotheses, offered(KEEPS_FAILING)))

    page = _page(both, written, in_full=True)

    assert page.startswith("Pod shop/api-0: The tag does not exist in the registry.\n CONFIRMED ")
    assert "\nYou can also\n  • Look inside the pod  Pod shop/api-0  (look-inside)\n    ✓ api-0 keeps failing\n" in page
    assert "YOU CAN" not in page
    assert "Look inside" not in _page(both, written)


def test_capability_leads_where_no_cause_is_found(written: Written) -> None:
    page = _page(Diagnosis(focus=Focus(), cluster="prod", hypotheses=(offered(KEEPS_FAILING),)), written)

    assert page.startswith("Pod shop/api-0: This is not a cause but something you can do.\n YOU CAN  It fixes nothing.")
    assert "You can also" not in page
