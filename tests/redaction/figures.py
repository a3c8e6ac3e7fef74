"""Measure what redaction lets through and what it hides without need.

`python -m tests.redaction.figures` prints the figures; `--list` also prints every example that leaks and every harmless
text that changes.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from responses.redaction import redact
from tests.redaction import develop, develop_fourth, develop_more, develop_third, holdout
from tests.redaction.blind import SETS, BlindText, blind_texts
from tests.redaction.harmless import generated
from tests.redaction.shapes import Carrier, Example, Shape, examples, shapes_of

Redact = Callable[[str], str]
_NAMES_EACH: Final = 12
_SECRETS_EACH: Final = 5
_SEED: Final = 20260302
_PARTS: Final = {
    "develop": develop, "second": develop_more, "third": develop_third, "fourth": develop_fourth, "hold-out": holdout,
}  # fmt: skip


@dataclass(frozen=True)
class Count:
    """A count of a total."""

    bad: int
    of: int

    @property
    def percent(self) -> float:
        """Return the share in percent."""
        return 100 * self.bad / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.bad}/{self.of} = {self.percent:.2f} %"


@dataclass(frozen=True)
class Figures:
    """The figures of one set, with what went wrong."""

    leaks: Mapping[str, Count]
    leaked: Count
    over_redacted: Count
    leaking: tuple[Example | BlindText, ...]
    changed: tuple[str, ...]


def measure() -> dict[str, Figures]:
    """Return the figures of every round of development and of the hold-out."""
    return {name: measure_part(name) for name in (*_PARTS, *SETS)}


def measure_part(name: str, redact: Redact = redact) -> Figures:
    """Return the figures of one round, or of a hold-out."""
    if name in SETS:
        return _measure_blind(redact, tuple(blind_texts(name)))
    part = _PARTS[name]
    seed = _SEED + list(_PARTS).index(name)
    return _measure(redact, part.SHAPES, part.CARRIERS, part.NAMES, part.HARMLESS, seed)


def _measure_blind(redact: Redact, texts: tuple[BlindText, ...]) -> Figures:
    leaking = tuple(one for one in texts if one.leaks(redact(one.text)))
    changed = tuple(one.text for one in texts if one.is_ruined(redact(one.text)))
    leaked = Count(len(leaking), sum(bool(one.secrets) for one in texts))
    return Figures(
        leaks={"blind": leaked},
        leaked=leaked,
        over_redacted=Count(len(changed), sum(bool(one.kept) for one in texts)),
        leaking=leaking,
        changed=changed,
    )


def _measure(
    redact: Redact,
    shapes: Iterable[Shape],
    carriers: Iterable[Carrier],
    names: Iterable[str],
    harmless: Iterable[str],
    seed: int,
) -> Figures:
    named = shapes_of(carriers, names, _NAMES_EACH, seed)
    tried: dict[str, list[bool]] = defaultdict(list)
    leaking: list[Example] = []
    for example in examples(chain(shapes, named), _SECRETS_EACH, seed):
        leaks = example.leaks(redact(example.text))
        if leaks:
            leaking.append(example)
        # Shapes without a telling name or prefix are shown, not counted.
        tried[example.shape.family if example.shape.telling else "untelling"].append(leaks)
    texts = [*harmless, *generated(seed)]
    changed = tuple(text for text in texts if redact(text) != text)
    by_family = {family: Count(sum(each), len(each)) for family, each in sorted(tried.items())}
    telling = [count for family, count in by_family.items() if family != "untelling"]
    return Figures(
        leaks=by_family,
        leaked=Count(sum(one.bad for one in telling), sum(one.of for one in telling)),
        over_redacted=Count(len(changed), len(texts)),
        leaking=tuple(leaking),
        changed=changed,
    )


def main(arguments: list[str]) -> None:
    """Print the figures."""
    wanted = [name for name in arguments if not name.startswith("-")]
    for name, figures in measure().items():
        print(f"{name}: leak {figures.leaked}, over-redaction {figures.over_redacted}")
        print("  " + ", ".join(f"{family} {count.percent:.0f} %" for family, count in figures.leaks.items()))
        if "--list" in arguments and (not wanted or name in wanted):
            for form, number in _by_form(figures.leaking).items():
                print(f"  leaks {number}x {form!r}")
            for text in figures.changed:
                print(f"  changes {text!r} to {redact(text)!r}")


def form_of(example: Example | BlindText) -> str:
    """Return the form that an example was made of, or the text that somebody wrote."""
    return example.shape.form if isinstance(example, Example) else example.text


def _by_form(leaking: Iterable[Example | BlindText]) -> dict[str, int]:
    forms: dict[str, int] = defaultdict(int)
    for example in leaking:
        forms[form_of(example)] += 1
    return forms


if __name__ == "__main__":
    main(sys.argv[1:])
