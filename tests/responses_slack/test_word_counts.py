"""Hold the usual answer to the length that a tired reader takes in; tests/catalog holds the longest one to it."""

from statistics import median

from intents.domain import Language
from responses import words
from tests.engines import remembering_engine
from tests.responses_slack.word_counts import counts

MEDIAN = 120
# Of Chinese, the median counts characters, Latin ones included; not the titles of pages, which are in English. A third
# of the entries quote a line of a program's log, which has sixty Latin characters and more.
CHINESE_MEDIAN = 270


async def test_the_usual_answer_is_short() -> None:
    counted = [one async for one in counts(remembering_engine(), one_each=True)]

    for language in Language:
        lengths = [one.words for one in counted if one.language is language]
        assert len(lengths) > 150
        assert median(lengths) <= MEDIAN
    pages = words.LINKS.in_(Language.ZH)
    characters = [
        len("".join("".join(line for line in one.shown.splitlines() if not line.startswith(pages)).split()))
        for one in counted
        if one.language is Language.ZH
    ]
    assert median(characters) <= CHINESE_MEDIAN
