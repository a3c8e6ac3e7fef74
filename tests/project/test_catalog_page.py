"""Check that the page of all incidents is up to date."""

from __future__ import annotations

from intents.catalog.loader import builtin_directory, load
from tests.project.catalog_page import PAGE, page


def test_the_page_of_incidents_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(load((builtin_directory(),)).catalog), "run `make readme`"
