"""The setting of the watch: how it is written."""

from __future__ import annotations

import pytest

from bot.settings.reports import parse_watch


def test_several_channels() -> None:
    shop, everything = parse_watch("C0123ABCD shop,till; G0123 * prod")

    assert (shop.channel, shop.namespaces, shop.cluster) == ("C0123ABCD", ("shop", "till"), "")
    assert (everything.channel, everything.namespaces, everything.cluster) == ("G0123", (), "prod")


@pytest.mark.parametrize("text", ["C0123ABCD", "shop C0123ABCD", "C0123ABCD Shop", "C0123ABCD shop prod more"])
def test_what_cannot_be_read_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match="CHANNEL NAMESPACE"):
        parse_watch(text)


def test_nothing_is_watched_by_default() -> None:
    assert parse_watch("") == ()
