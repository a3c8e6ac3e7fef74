from __future__ import annotations

from collections import Counter

import pytest

from bot.cluster.resources import WELL_KNOWN
from intents.alerts.objects import KINDS as LABELLED
from intents.kinds import KINDS, NAMED, SPELLINGS, TABLE, Kind
from intents.symptoms import VOCABULARY, read_symptoms

RESOURCES = {resource.kind: resource for resource in WELL_KNOWN}
# Their words are everyday words or rare: a sentence never names such an object without a slash or quotes.
NOT_SAID = {
    "resourcequota",
    "limitrange",
    "ingress",
    "configmap",
    "crd",
    "namespace",
    "secret",
    "application",
    "webhook",
}
# The place of others; never read; no kind of Kubernetes itself; two kinds with one word.
NOT_ABOUT = {"namespace", "secret", "application", "webhook"}


def ids(kind: Kind) -> str:
    return kind.kind


@pytest.mark.parametrize("kind", [kind for kind in TABLE if kind.kind in RESOURCES], ids=ids)
def test_a_kind_is_as_the_api_server_has_it(kind: Kind) -> None:
    resource = RESOURCES[kind.kind]

    assert kind.namespaced == resource.namespaced
    assert kind.plural == resource.plural
    if kind.word:
        assert tuple(kind.short.split()) == resource.short_names
        assert set(kind.spellings) <= set(resource.names())


@pytest.mark.parametrize("kind", NAMED, ids=ids)
def test_a_kind_is_known_wherever_names_are_read_or_is_declared_not_to_be(kind: Kind) -> None:
    assert kind.word in VOCABULARY
    assert bool(kind.said) == (kind.word not in NOT_SAID)
    assert kind.about == (kind.word not in NOT_ABOUT) == (kind.word in KINDS)
    assert kind.kind.lower() in SPELLINGS


@pytest.mark.parametrize("kind", NAMED, ids=ids)
def test_every_spelling_names_an_object_in_a_command_and_before_a_slash(kind: Kind) -> None:
    for spelling in kind.spellings:
        (command,) = read_symptoms(f"kubectl -n shop get {spelling} web-7x2")
        (slashed,) = read_symptoms(f"error at {spelling}/web-7x2")

        home = "shop" if kind.namespaced else ""
        assert (kind.word, "web-7x2", home) in [(one.kind, one.value, one.namespace) for one in command.entities]
        assert (kind.word, "web-7x2") in [(one.kind, one.value) for one in slashed.entities]


@pytest.mark.parametrize("kind", [kind for kind in NAMED if kind.said], ids=ids)
def test_every_word_of_a_sentence_names_an_object(kind: Kind) -> None:
    for said in (kind.kind, *kind.said.split()):
        (symptom,) = read_symptoms(f'look at {said} "web-7x2" please')

        assert (kind.word, "web-7x2", True) in [(one.kind, one.value, one.certain) for one in symptom.entities]


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in NAMED for field in kind.fields.split()], ids=str)
def test_every_field_names_an_object(kind: Kind, field: str) -> None:
    (symptom,) = read_symptoms(f'msg="it failed" {field}="web-7x2"')

    assert (kind.word, "web-7x2") in [(one.kind, one.value) for one in symptom.entities]


def test_words_fields_and_rows_mean_one_kind() -> None:
    for per_kind in (
        [(kind.said, kind.han) for kind in NAMED],
        [(kind.fields,) for kind in NAMED],
        [(kind.rows,) for kind in TABLE],
    ):
        words = Counter(word for texts in per_kind for text in texts for word in text.split())
        assert max(words.values()) == 1, words.most_common(1)


def test_labels_of_alerts_name_kinds_of_the_table() -> None:
    assert set(LABELLED.values()) <= set(KINDS.values())
