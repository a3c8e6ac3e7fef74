"""The many ways in which messages name one aggregated API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.api_names import Api, parse_api_name

METRICS = Api(group="metrics.k8s.io", version="v1beta1")
CUSTOM_1 = Api(group="custom.metrics.k8s.io", version="v1beta1")
CUSTOM_2 = Api(group="custom.metrics.k8s.io", version="v1beta2")
APPS = Api(group="apps", version="v1")
ALL = (METRICS, CUSTOM_1, CUSTOM_2, APPS)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("custom.metrics.k8s.io/v1beta1:", {CUSTOM_1}),
        ("custom.metrics.k8s.io", {CUSTOM_1, CUSTOM_2}),
        ("v1beta1.metrics.k8s.io", {METRICS}),
        ('"v1beta1.metrics.k8s.io"', {METRICS}),
        ("v1beta1.metrics.k8s.io/default", {METRICS}),
        ("nodes.metrics.k8s.io)", {METRICS}),
        ("pods.custom.metrics.k8s.io", {CUSTOM_1, CUSTOM_2}),
        ("/apis/metrics.k8s.io/v1beta1", {METRICS}),
        ("metrics.k8s.io/v1beta1/nodes", {METRICS}),
        ("v1.apps", {APPS}),
    ],
)
def test_every_spelling_means_its_api(text: str, meant: set[Api]) -> None:
    name = parse_api_name(text)
    assert name is not None
    assert name.meant_of(ALL) == meant


@pytest.mark.parametrize("text", ["external.metrics.k8s.io/v1beta1", "metrics.k8s.io/v1", "v1beta1.mymetrics.k8s.io"])
def test_a_group_that_only_ends_alike_is_another_api(text: str) -> None:
    name = parse_api_name(text)
    assert name is not None
    assert name.meant_of(ALL) == frozenset()


@pytest.mark.parametrize("text", ["", "the", "v1", "some groups", "///", "a..b", "-x.io"])
def test_words_that_name_no_group_are_no_api(text: str) -> None:
    assert parse_api_name(text) is None


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    name = parse_api_name(text)
    assert name is None or name.meant_of(ALL) <= set(ALL)
