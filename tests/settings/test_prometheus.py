"""The mapping of clusters to their Prometheus."""

import pytest

from bot.settings.prometheus import Sources, parse_sources


def url(sources: Sources, *, asked: str = "", name: str = "prod") -> str:
    source = sources.of(context=asked, name=name)
    return source.url if source else ""


def test_one_address_belongs_only_to_the_default_cluster() -> None:
    sources = parse_sources("http://prom:9090/", usual_context="prod")

    assert url(sources) == "http://prom:9090"
    assert url(sources, asked="prod") == "http://prom:9090"
    assert url(sources, asked="staging", name="staging") == ""


def test_several_addresses_belong_to_their_contexts() -> None:
    sources = parse_sources("http://a:9090, arn:aws:eks:eu-west-1:123:cluster/b=https://b.example.com/prometheus")

    assert url(sources) == "http://a:9090"
    name = "arn:aws:eks:eu-west-1:123:cluster/b"
    assert url(sources, asked=name, name=name) == "https://b.example.com/prometheus"
    assert url(sources, name=name) == "https://b.example.com/prometheus"


@pytest.mark.parametrize(
    "text",
    [
        "prom:9090",
        "http://user:secret@prom:9090",
        "http://u:p/w@prom",
        "http://prom:x",
        "http://prom?tenant=1",
        "a=b",
        "http://a,http://b",
        "http://",
    ],
)
def test_an_invalid_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        parse_sources(text)


def test_an_empty_setting_has_no_source() -> None:
    assert parse_sources("") == Sources()
