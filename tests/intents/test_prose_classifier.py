"""Test matching of problems described in prose by an entry's texts; chat about the same topics does not match."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intents.background import same_words
from intents.catalog.loader import builtin_directory, load
from intents.domain import ObjectRef
from intents.matcher import Matcher
from intents.prose import CONSTANTS, ProseClassifier, is_prose, likelihood, paragraphs_of, reports_problem
from intents.scores import THRESHOLD
from intents.symptoms import read_symptoms
from intents.tokens import stem_of, terms_of

CATALOG = sorted(load([builtin_directory()]).catalog, key=lambda incident: incident.id)
CLASSIFIER = ProseClassifier(CATALOG)
# In words that stand in no signature one after the other.
SLOW_ETCD = (
    "the etcd members keep electing new leaders all night, commits are slow on the disks of the control plane "
    "and half of our operators restart because of it"
)


def described(text: str) -> str | None:
    description = CLASSIFIER.classify(read_symptoms(text))
    return CATALOG[description.incident].id if description and description.score >= THRESHOLD else None


@pytest.mark.parametrize(
    "words",
    [
        "restart restarts restarted restarting",
        "node nodes",
        "image images",
        "crash crashes crashed crashing",
        "resolve resolves resolved resolving",
        "stop stops stopped stopping",
        "policy policies",
        "class classes",
    ],
)
def test_inflected_words_are_one_term(words: str) -> None:
    assert len({stem_of(word) for word in words.split()}) == 1


def test_names_numbers_and_small_words_are_no_terms() -> None:
    assert terms_of("so what is it with web-7c5f9d-x2x9k and 10.0.0.7, we have 3 of them") == frozenset()


def test_a_compound_is_a_term_and_so_are_its_parts() -> None:
    assert terms_of("additionalContainers") == {"additionalcontainer", "additional", "container"}


def test_chinese_is_parted_into_pairs_without_the_small_characters() -> None:
    assert terms_of("空间占用得很多") >= {"空间", "占用"}
    assert not any("的" in term for term in terms_of("节点的磁盘"))


def test_the_same_thing_is_one_term_in_either_language() -> None:
    assert terms_of("节点 重启") == terms_of("nodes restarted") == terms_of("the worker reboots")


def test_no_word_has_two_notions() -> None:
    words = [stem_of(word) for line in same_words() for word in line]

    assert sorted(word for word in set(words) if words.count(word) > 1) == []
    assert all(len(line) > 1 for line in same_words())


@pytest.mark.parametrize(
    "line",
    [
        "why do the pods on that node never start?",
        "our nodes stay around forever although nothing runs on them",
        "节点上的 Pod 一直起不来",
    ],
)
def test_sentence_is_prose(line: str) -> None:
    assert is_prose(line)
    assert reports_problem(line)


@pytest.mark.parametrize(
    "line",
    [
        "$ kubectl get pods -n shop that are not running",
        "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}",
        "Error from server (NotFound): the server could not find the requested resource",
        '{"level":"error","msg":"it is not as it should be"}',
        "Warning  FailedMount  3s  kubelet  that volume is not there",
        "web-0   0/1   CrashLoopBackOff   7   3m",
        "",
    ],
)
def test_program_output_is_not_prose(line: str) -> None:
    assert not is_prose(line)


def test_adjacent_lines_are_one_paragraph() -> None:
    said = "this is what we have seen since then"
    symptoms = read_symptoms("\n".join([said, f"{said} again", "", f"and {said}", *["x" * 9] * 4, f"so {said}"]))

    assert [len(paragraph) for paragraph in paragraphs_of(symptoms)] == [3, 1]


def test_cluster_text_is_not_prose() -> None:
    pod = ObjectRef(kind="Pod", namespace="shop", name="web-0")
    symptoms = [replace(symptom, subject=pod) for symptom in read_symptoms(SLOW_ETCD)]

    assert list(paragraphs_of(read_symptoms(SLOW_ETCD))) == [(0,)]
    assert list(paragraphs_of(symptoms)) == []


def test_description_matches_with_an_explanation() -> None:
    matching = Matcher(CATALOG).match(read_symptoms(f"hi\n\n{SLOW_ETCD}"))

    assert described(SLOW_ETCD) == "etcd-slow-disk"
    assert matching.hypotheses[0].incident == "etcd-slow-disk"
    assert matching.hypotheses[0].matches


@pytest.mark.parametrize("text", ["", "hi all", "what do you think of it?", "etcd", "大家好", "x " * 5000])
def test_vague_text_matches_nothing(text: str) -> None:
    assert described(text) is None


def test_near_miss_does_not_match_by_description() -> None:
    for number, incident in enumerate(CATALOG):
        for text in incident.examples.other:
            description = CLASSIFIER.classify(read_symptoms(text))
            assert description is None or description.incident != number or description.score < THRESHOLD, text


def test_each_notion_in_a_question_raises_the_score() -> None:
    least = (1.0, 2.0, 1.0, 0.3, 1.0, 1.0, 0.2)
    for index, more in ((1, 4.0), (2, 3.0), (3, 0.9), (4, 0.0), (5, 0.0), (6, 0.9)):
        features = (*least[:index], more, *least[index + 1 :])

        assert likelihood(features) > likelihood(least)
    assert len(CONSTANTS) == len(least)
