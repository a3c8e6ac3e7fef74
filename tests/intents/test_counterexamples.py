"""Test the list of texts that set the matcher's scales: it is current and used only for its own catalog."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from intents import scales
from intents.background import ordinary_lines
from intents.catalog.schema import Incident
from intents.scales import Scales, decisive, read_list, written_list
from intents.signature_finder import SignatureFinder
from tests.project.counterexample_list import bundled, found_decisive

BUNDLED = bundled()
ALL = tuple(scales.counterexamples(BUNDLED))


def learned_from_all(incidents: Sequence[Incident], patch: pytest.MonkeyPatch) -> SignatureFinder:
    """Return the finder as it is without a list."""
    with patch.context() as without_list:
        without_list.setattr(scales, "read_list", str)
        return SignatureFinder(incidents)


def shown(scales: Scales) -> object:
    return scales.by_anchor, scales.by_choice


@cache
def bundled_scales() -> object:
    return shown(SignatureFinder(BUNDLED).scales)


def with_near_miss(incident: Incident, text: str) -> Incident:
    examples = incident.examples.model_copy(update={"other": (*incident.examples.other, text)})
    return incident.model_copy(update={"examples": examples})


FIRST = BUNDLED[0]
PHRASE = next(str(signature) for signature in FIRST.signatures if signature.text)
# Users' changes: a new entry, an entry that overrides ours by its id, an entry with another near miss.
OWN = {
    "an entry more": (*BUNDLED, BUNDLED[1].model_copy(update={"id": "zz-own", "signatures": FIRST.signatures[:1]})),
    "an entry less": BUNDLED[1:],
    "an entry overridden": (FIRST.model_copy(update={"signatures": FIRST.signatures[1:]}), *BUNDLED[1:]),
    "a near miss more": (with_near_miss(FIRST, PHRASE[: len(PHRASE) * 3 // 4]), *BUNDLED[1:]),
}


def test_list_equals_a_search_of_every_text() -> None:
    assert read_list() == written_list(found_decisive(BUNDLED), BUNDLED), "run `make scales`"


def test_list_gives_the_same_scales_as_all_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(decisive(BUNDLED))) < len(ALL) / 10
    assert bundled_scales() == shown(learned_from_all(BUNDLED, monkeypatch).scales)


@pytest.mark.parametrize("incidents", OWN.values(), ids=OWN)
def test_custom_catalog_reads_every_text(incidents: Sequence[Incident]) -> None:
    assert list(decisive(incidents)) == list(scales.counterexamples(incidents))


def test_scales_of_a_custom_catalog_are_those_of_all_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    incidents = OWN["a near miss more"]

    found = shown(SignatureFinder(incidents).scales)

    assert found == shown(learned_from_all(incidents, monkeypatch).scales)
    assert found != bundled_scales()


@pytest.mark.parametrize("list_", ["", "digest\n", "not a list at all", "digest\t0123456789abcdef"])
def test_unusable_list_falls_back_to_every_text(list_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scales, "read_list", lambda: list_)

    assert list(decisive(BUNDLED)) == list(ALL)


def test_changed_background_falls_back_to_every_text(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (*ordinary_lines(), 'level=info msg="all is well"')
    monkeypatch.setattr(scales, "ordinary_lines", lambda: lines)

    assert len(list(decisive(BUNDLED))) == len(ALL) + 1
