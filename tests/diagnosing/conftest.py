import pytest

from bot.diagnosing import Engine
from tests.engines import remembering_engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    return remembering_engine()
