"""Test plots as characters and as pictures, for any numbers and names."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from intents.domain import Diagnosis, Finding, FindingOutcome, Focus, Language, Plot, PlotLine, Text, Unit, Verdict
from responses.plots import leading_plot, png, sparkline
from tests.responses.by_hand import judged

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC).timestamp()


def line(label: str, *values: float) -> PlotLine:
    return PlotLine(label=label, points=tuple((START + 60.0 * index, value) for index, value in enumerate(values)))


def plot(*lines: PlotLine, unit: Unit = Unit.SECONDS, limit: float = 0.25) -> Plot:
    title = Text(en="etcd backend commit", zh="etcd 提交耗时")
    return Plot(title=title, unit=unit, limit=limit, lines=lines or (line("cp-1", 0.03, 0.9, 1.1), line("cp-2", 0.03)))


def finding(outcome: FindingOutcome = FindingOutcome.SUPPORTS, *, has_plot: bool = True) -> Finding:
    return Finding(rule="r", outcome=outcome, says=Text.same("slow"), plot=plot() if has_plot else None)


def test_the_worst_line_is_shown_in_one_row_against_its_limit() -> None:
    assert sparkline(plot(line("cp-1", 0.0, 0.25, 0.5, 1.0)), Language.EN) == "▁▃▅█  cp-1: now 1 s, limit 250 ms"
    assert sparkline(plot(line("cp-1", 2, 4), unit=Unit.COUNT, limit=8), Language.ZH) == "▃▅  cp-1：当前 4，上限 8"


def test_a_spike_is_not_averaged_away() -> None:
    quiet = [0.01] * 60

    assert "█" in sparkline(plot(line("cp-1", *quiet[:30], 1.0, *quiet[31:])), Language.EN)
    assert len(sparkline(plot(line("cp-1", *quiet)), Language.EN).partition(" ")[0]) == 30


def test_only_a_supporting_plot_of_the_leading_hypothesis_is_attached() -> None:
    bare, other = finding(has_plot=False), finding(FindingOutcome.REFUTES)
    first = judged("one", Verdict.CONFIRMED, other, bare, finding(), finding())
    beside = judged("two", Verdict.LIKELY, finding())

    assert leading_plot(Diagnosis(focus=Focus(), hypotheses=(first, beside))) is first.findings[2]
    assert leading_plot(Diagnosis(focus=Focus(), hypotheses=(judged("no", Verdict.LIKELY, bare), beside))) is None
    assert leading_plot(Diagnosis(focus=Focus())) is None


def test_same_plot_gives_the_same_picture() -> None:
    assert png(plot()) == png(plot())


NAMES = st.one_of(st.text(max_size=40), st.sampled_from(["$x^{", "10.0.0.1:2379", "成员", "", "\x1b[31m", "a\nb"]))
VALUES = st.lists(st.floats(0, 1e9, allow_nan=False), min_size=2, max_size=5)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=7), st.sampled_from(Unit), st.floats(0.001, 1e6))
def test_any_numbers_with_any_names_can_be_drawn(lines: list, unit: Unit, limit: float) -> None:
    drawn = png(plot(*(line(name, *values) for name, values in lines), unit=unit, limit=limit))

    assert drawn.startswith(b"\x89PNG")
