"""Test that frequent requests for health and metrics, which need no authentication, cost no more."""

from __future__ import annotations

import asyncio

import pytest

from bot.common.background import coalesced
from bot.metrics import Metrics


async def test_concurrent_health_checks_share_one_result_or_failure() -> None:
    looks = 0

    async def look() -> int:
        nonlocal looks
        looks += 1
        this = looks
        await asyncio.sleep(0.03)
        if this == 2:
            raise OSError("gone")
        return this

    ask = coalesced(look)
    first, *others = [asyncio.create_task(ask()) for _ in range(100)]
    await asyncio.sleep(0.01)
    first.cancel()
    assert set(await asyncio.gather(*others)) == {1}

    failed = await asyncio.gather(ask(), ask(), return_exceptions=True)
    assert [str(error) for error in failed] == ["gone", "gone"]
    assert await ask() == 3


def test_metrics_page_is_cached_briefly() -> None:
    metrics = Metrics()
    for number in range(140):
        metrics.refused(f"about-{number}")
    pages: list[bytes] = []
    made = 0
    while made < 5:
        metrics.refused("once more")
        pages.append(metrics.exposed("")[0])
        made = len({id(page) for page in pages})

    assert len(pages) > 5 * made
    assert len(set(pages)) == made, "each is as it was counted by then"
    # Each format has its own page, whatever else is requested.
    formats = {metrics.exposed(accept)[1] for accept in ("", "application/openmetrics-text; version=1.0.0", "text/x")}
    assert len(formats) == 2


@pytest.mark.parametrize("accept", ["x" * 8_000, "application/openmetrics-text; version=9; escaping=" + "a" * 100])
def test_content_type_of_an_unknown_metrics_format_is_bounded(accept: str) -> None:
    metrics = Metrics()
    _, content_type = metrics.exposed(accept)
    assert len(content_type) < 150
