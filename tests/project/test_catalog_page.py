"""The page of all incidents says what the files say."""

from __future__ import annotations

from intents.catalog.loader import builtin_directory, load
from tests.project.catalog_page import PAGE, page


def test_the_page_of_incidents_is_as_make_readme_writes_it() -> None:
    assert PAGE.read_text("utf-8") == page(load((builtin_directory(),)).catalog), "run `make readme`"
