"""Hold every answer to the catalog's cases to the length that a tired reader takes in."""

from statistics import median

from bot.diagnosing import build_engine
from intents.domain import Language
from responses import words
from tests.responses_slack.word_counts import counts

MEDIAN, MOST = 120, 180
# Of Chinese, the median counts characters, Latin ones included; not the titles of pages, which are in English. A third
# of the entries quote a line of a program's log, which has sixty Latin characters and more.
CHINESE_MEDIAN = 270


async def test_answers_of_all_entries_are_short_and_readable() -> None:
    # One test: in several, each process would render all answers.
    counted = [one async for one in counts(build_engine()[0], every=2)]

    for language in Language:
        lengths = [one.words for one in counted if one.language is language]
        assert len(lengths) > 150
        assert median(lengths) <= MEDIAN
        assert max(lengths) <= MOST
    pages = words.LINKS.in_(Language.ZH)
    characters = [
        len("".join("".join(line for line in one.shown.splitlines() if not line.startswith(pages)).split()))
        for one in counted
        if one.language is Language.ZH
    ]
    assert median(characters) <= CHINESE_MEDIAN
    for one in counted:
        assert one.shown.splitlines()[0].rstrip(".。") != one.title, one.case
        assert all(len(label) <= 30 for label in one.buttons), one.buttons
        for raw in ("ok false", "ok true", "{found", "{row", "{rows", "{named"):
            assert raw not in one.shown, one.case
