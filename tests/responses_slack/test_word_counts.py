"""Hold every answer to the catalog's cases to the length that a tired reader takes in."""

from statistics import median

from bot.diagnosing import build_engine
from intents.domain import Language
from tests.responses_slack.word_counts import counts

MEDIAN, MOST = 120, 180
# Of Chinese, the median counts characters, Latin ones such as the title of the link included.
CHINESE_MEDIAN = 290


async def test_answers_of_all_entries_are_short_and_readable() -> None:
    # One test: in several, each process would render all answers.
    counted = [one async for one in counts(build_engine()[0], every=2)]

    for language in Language:
        words = [one.words for one in counted if one.language is language]
        assert len(words) > 150
        assert median(words) <= MEDIAN
        assert max(words) <= MOST
    assert median(len("".join(one.shown.split())) for one in counted if one.language is Language.ZH) <= CHINESE_MEDIAN
    for one in counted:
        assert one.shown.splitlines()[0].rstrip(".。") != one.title, one.case
        assert all(len(label) <= 30 for label in one.buttons), one.buttons
        for raw in ("ok false", "ok true", "{found", "{row", "{rows", "{named"):
            assert raw not in one.shown, one.case
