"""Terms lead to their entry by id, signature or nearness; clusters are spoken of by name or by a part of it."""

from __future__ import annotations

import pytest

from bot.diagnosing import build_engine
from intents.cluster_choice import spoken
from intents.slash import TextQuery, parse_command
from intents.symptoms import read_symptoms
from intents.talk.mentions import named_by_kind
from intents.talk.terms import entry_meant


@pytest.fixture(scope="module")
def engine():
    return build_engine()[0]


@pytest.mark.parametrize(
    ("text", "entry", "near"),
    [
        ("what does OOMKilled mean?", "container-oom-killed", ()),
        ("ImagePullBackOff 是什么意思", "image-pull-failed", ()),
        ("what is namespace-stuck-terminating?", "namespace-stuck-terminating", ()),
        ("what is a PDB", "", ("pdb-blocks-eviction",)),
        ("whats hpa", "", ("hpa-at-maximum", "hpa-target-missing", "hpa-without-metrics")),
        ("what is a banana", "", ()),
    ],
)
def test_term_leads_to_its_entry_or_what_is_near(engine, text, entry, near):
    meant = entry_meant(text, engine.matcher.match(read_symptoms(text)), engine.catalog)
    assert (meant.entry.id if meant.entry else "") == entry
    assert tuple(one.id for one in meant.near) == near


def test_clusters_are_spoken_of_as_words_of_their_own():
    clusters = ("prod-eu", "staging-eu", "prod")
    assert spoken("does staging-eu have it too?", clusters) == ("staging-eu",)
    assert spoken("is prod/api or prod-db there?", clusters) == ()
    assert spoken("staging 也有吗", clusters, in_parts=True) == ("staging-eu",)
    assert spoken("diff prod and staging", clusters, in_parts=True) == ("prod", "staging-eu")
    assert spoken("all of eu", clusters, in_parts=True) == ()


def test_cluster_behind_a_question_is_its_flag():
    assert parse_command("logs deployment shop/api --context prod") == TextQuery(
        text="logs deployment shop/api", cluster="prod"
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("callers configmap desk/urls", "ConfigMap desk/urls"),
        ("谁引用了 secret shop/stripe", "Secret shop/stripe"),
        ("who calls api", "None"),
    ],
)
def test_objects_that_nothing_lists_are_named_by_their_kind(text, named):
    assert str(named_by_kind(text)) == named
