"""What all tests over the catalog share."""

import pytest

from bot.diagnosing import Engine, build_engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    return build_engine()[0]
