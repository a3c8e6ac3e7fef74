"""Run `make eval`: measure how well pasted texts match their incident, against three baselines.

    run.py [CASES.jsonl] [--errors] [--predictions FILE] [--quick]

A case is {"id", "text", "label", "also": […]}; only its text reaches a matcher. "none" labels a text that is no
incident. A label outside the catalog counts as "none", so that files may name incidents that have no entry yet. Without
a file the cases are the `.jsonl` files beside this, the examples of the catalog, the background, and two
cross-validations over the examples.

For the held half only the figures are shown, so that nobody tunes to its texts.

A baseline always has an answer, so each gets its best threshold: chosen on four fifths of the cases and applied to the
last fifth, five times. Casebook's threshold is the one it runs with.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Incident
from intents.scores import THRESHOLD
from tests.eval.cases import (
    BLIND,
    EVERYDAY,
    FORMERLY_ORDINARY,
    PASTES,
    THREADS,
    TOLD,
    Case,
    cases_in,
    cases_of,
    ordinary_cases,
)
from tests.eval.contestants import BASELINES, casebook
from tests.eval.cross_validation import examples_left_out, signatures_left_out
from tests.eval.figures import Answer, Figures, columns, figures_of, row_of
from tests.eval.folds import abstaining, answers_of, cross_validated

# The baselines take a tenth of a second per text.
_MOST_FOR_BASELINES: Final = 700


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", type=Path, help="JSON lines; default: all that is described above")
    parser.add_argument("--errors", action="store_true", help="list every mistake, with its text")
    parser.add_argument("--predictions", type=Path, help="write {id, incident, ranked} lines for the cases given")
    parser.add_argument("--quick", action="store_true", help="casebook alone: no baselines, no cross-validation")
    args = parser.parse_args()
    console = Console(width=150)
    catalog = tuple(load([builtin_directory()]).catalog)
    known = frozenset(incident.id for incident in catalog)
    sets = {str(args.cases): cases_in(args.cases, known=known)} if args.cases else _default_sets(catalog, known)
    table = Table(title=f"{len(catalog)} entries", title_justify="left")
    for column in ("texts", "by", *columns(), "threshold"):
        table.add_column(column, justify="left" if column in ("texts", "by") else "right")
    for name, cases in sets.items():
        figures = _add_contestants(
            table, name, cases, catalog, baselines=not args.quick and len(cases) <= _MOST_FOR_BASELINES
        )
        if "held" not in name:
            _show_confusion(console, name, figures, errors=args.errors)
    if not args.cases and not args.quick:
        _add_cross_validations(console, table, catalog, errors=args.errors)
    console.print(table)
    if args.cases and args.predictions:
        _write_predictions(args.predictions, sets[str(args.cases)], catalog)


def _default_sets(catalog: Sequence[Incident], known: frozenset[str]) -> dict[str, list[Case]]:
    return {
        "pastes (looked at)": cases_in(PASTES, known=known),
        "told (looked at)": cases_in(TOLD, known=known),
        "threads (half looked at)": cases_in(THREADS, known=known),
        "everyday (half looked at)": cases_in(EVERYDAY, known=known),
        "formerly ordinary": cases_in(FORMERLY_ORDINARY, known=known),
        "blind, open half": cases_in(BLIND, half="open", known=known),
        "blind, held half": cases_in(BLIND, half="held", known=known),
        "own examples, background": cases_of(catalog) + ordinary_cases(),
    }


def answers_to(cases: Sequence[Case], catalog: Iterable[Incident]) -> list[Answer]:
    """Return Casebook's answers."""
    return list(abstaining(answers_of(casebook(catalog), cases), THRESHOLD))


def _add_contestants(
    table: Table, name: str, cases: Sequence[Case], catalog: Sequence[Incident], *, baselines: bool
) -> Figures:
    known = frozenset(incident.id for incident in catalog)
    ours = figures_of(answers_to(cases, catalog), known)
    table.add_row(name, "casebook", *row_of(ours), f"{THRESHOLD:.2f}", end_section=not baselines)
    for number, (baseline, contestant) in enumerate(BASELINES.items() if baselines else (), start=1):
        said, thresholds = cross_validated(answers_of(contestant(catalog), cases), known)
        table.add_row(
            "",
            baseline,
            *row_of(figures_of(said, known)),
            f"{min(thresholds):.3g} to {max(thresholds):.3g}",
            end_section=number == len(BASELINES),
        )
    return ours


def _add_cross_validations(console: Console, table: Table, catalog: Sequence[Incident], *, errors: bool) -> None:
    ways: dict[str, Callable[[Sequence[Incident]], list[Answer]]] = {
        "examples left out": examples_left_out,
        "signatures left out": signatures_left_out,
    }
    for name, way in ways.items():
        figures = figures_of(way(catalog), (incident.id for incident in catalog))
        table.add_row(name, "casebook", *row_of(figures), f"{THRESHOLD:.2f}", end_section=True)
        _show_confusion(console, name, figures, errors=errors)


def _show_confusion(console: Console, name: str, figures: Figures, *, errors: bool) -> None:
    if not figures.mistakes:
        return
    console.print(f"{name}:", style="bold")
    for wanted, said, times in figures.confusion():
        console.print(f"{times:4} × wanted {wanted:60} said {said}", highlight=False)
    for answer in figures.mistakes if errors else ():
        line = f"{answer.case.id:44} said {answer.first:36} {answer.case.text[:140]!r}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _write_predictions(path: Path, cases: Sequence[Case], catalog: Sequence[Incident]) -> None:
    rows = (
        {
            "id": answer.case.id,
            "incident": answer.ranked[0] if answer.ranked else None,
            "ranked": list(answer.ranked),
        }
        for answer in answers_to(cases, catalog)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
