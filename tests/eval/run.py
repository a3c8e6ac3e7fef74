"""`make eval`: how well pasted texts find their incident.

    run.py [CASES.jsonl] [--errors]

A case is {"id", "text", "label", "also": […]}; only id and text reach the matcher. "none" labels a text that nothing
explains; labels that the catalog does not have are counted apart: for them no answer is the right one. Without a file
the cases are `pastes.jsonl` beside this, and the examples of the catalog: `match` is labelled with its incident,
`other` must not come first.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from intents.background import ordinary_lines
from intents.catalog.loader import Catalog, builtin_directory, load
from intents.matching import Matcher
from intents.symptoms import read_symptoms

NONE: Final = "none"
PASTES: Final = Path(__file__).with_name("pastes.jsonl")


@dataclass(frozen=True, slots=True)
class Case:
    """`right` are the incidents that may come first; empty: none may."""

    id: str
    text: str
    right: frozenset[str]
    wrong: frozenset[str] = frozenset()  # where only these must not come first


@dataclass(frozen=True, slots=True)
class Answer:
    case: Case
    ranked: tuple[str, ...]

    @property
    def first(self) -> str:
        return self.ranked[0] if self.ranked else NONE


def cases_in(path: Path) -> list[Case]:
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [Case(str(row["id"]), row["text"], frozenset({row["label"], *row.get("also", ())}) - {NONE}) for row in rows]


def cases_of(catalog: Catalog) -> list[Case]:
    matching = [
        Case(f"{incident.id}/match/{number}", text, frozenset({incident.id}))
        for incident in catalog
        for number, text in enumerate(incident.examples.match)
    ]
    others = [
        Case(f"{incident.id}/other/{number}", text, frozenset(), frozenset({incident.id}))
        for incident in catalog
        for number, text in enumerate(incident.examples.other)
    ]
    ordinary = [Case(f"ordinary/{number}", text, frozenset()) for number, text in enumerate(ordinary_lines())]
    return matching + others + ordinary


def answers_to(cases: Iterable[Case], catalog: Catalog) -> list[Answer]:
    matcher = Matcher(catalog)
    return [
        Answer(case, tuple(hypothesis.incident for hypothesis in matcher.match(read_symptoms(case.text)).hypotheses))
        for case in cases
    ]


def show(answers: list[Answer], known: frozenset[str], *, errors: bool) -> None:
    """Print the figures; a confusion list where something was wrong."""
    covered = [answer for answer in answers if answer.case.right & known]
    uncovered = [answer for answer in answers if answer.case.right and not answer.case.right & known]
    negative = [answer for answer in answers if not answer.case.right]
    hits = [answer for answer in covered if answer.first in answer.case.right]
    in_three = [answer for answer in covered if set(answer.ranked[:3]) & answer.case.right]
    alarms = [answer for answer in negative if _is_wrong(answer)]
    astray = [answer for answer in uncovered if answer.ranked]
    answered = sum(1 for answer in covered if answer.ranked) + len(alarms) + len(astray)
    confused = Counter(
        (", ".join(sorted(answer.case.right)) or NONE, answer.first)
        for answer in [*covered, *uncovered, *negative]
        if (answer in covered and answer not in hits) or answer in alarms or answer in astray
    )
    for (wanted, said), times in sorted(confused.items()):
        print(f"{times:4} × wanted {wanted:50} said {said}")
    if errors:
        for answer in answers:
            if (answer in covered and answer not in hits) or answer in alarms or answer in astray:
                print(f"{answer.case.id:40} said {answer.first:36} {answer.case.text[:100]!r}")
    print(f"cases {len(answers)}  covered {len(covered)}  not covered {len(uncovered)}  negatives {len(negative)}")
    print(
        f"recall@1 {_share(len(hits), len(covered))}  recall@3 {_share(len(in_three), len(covered))}  "
        f"precision {_share(len(hits), answered)}  false alarms {len(alarms)}  "
        f"answers to what is not covered {len(astray)}"
    )


def _is_wrong(answer: Answer) -> bool:
    return answer.first in answer.case.wrong if answer.case.wrong else bool(answer.ranked)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "cases", nargs="?", type=Path, help="JSON lines; default: pastes.jsonl and the catalog's examples"
    )
    parser.add_argument("--errors", action="store_true", help="list every wrong answer")
    args = parser.parse_args()
    catalog = load([builtin_directory()]).catalog
    known = frozenset(incident.id for incident in catalog)
    cases = {str(args.cases): cases_in(args.cases)} if args.cases else {}
    for name, given in (cases or {"pastes": cases_in(PASTES), "the catalog's own examples": cases_of(catalog)}).items():
        print(f"{name}:")
        show(answers_to(given, catalog), known, errors=args.errors)


if __name__ == "__main__":
    main()
