"""Hold every answer to the catalog's cases to the length that a tired reader takes in."""

import asyncio
from statistics import median

import pytest

from bot.diagnosing import build_engine
from intents.domain import Language
from tests.responses_slack.word_counts import Count, counts

# All answers are rendered once: on a busy machine this takes longer than the usual limit of a test.
MEDIAN, MOST = 120, 180
# Of Chinese, the median counts characters, Latin ones included.
CHINESE_MEDIAN = 240


@pytest.fixture(scope="module")
def counted() -> list[Count]:
    async def all_of_them() -> list[Count]:
        return [one async for one in counts(build_engine()[0], every=2)]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("language", list(Language))
def test_visible_words_of_all_answers_keep_their_limits(counted: list[Count], language: Language) -> None:
    words = [one.words for one in counted if one.language is language]

    assert len(words) > 150
    assert median(words) <= MEDIAN
    assert max(words) <= MOST


def test_chinese_answers_have_at_most_240_characters_at_the_median(counted: list[Count]) -> None:
    own = [len("".join(one.shown.split())) for one in counted if one.language is Language.ZH]

    assert median(own) <= CHINESE_MEDIAN


def test_first_line_is_never_a_title_and_buttons_fit(counted: list[Count]) -> None:
    for one in counted:
        assert one.shown.splitlines()[0].rstrip(".。") != one.title, one.case
        assert all(len(label) <= 30 for label in one.buttons), one.buttons


def test_no_answer_shows_a_raw_key_or_an_unfilled_name(counted: list[Count]) -> None:
    for one in counted:
        for raw in ("ok false", "ok true", "{found", "{row", "{rows", "{named"):
            assert raw not in one.shown, one.case
