"""What every test of these has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.engine.raft.pysync.group import Member, stop


@pytest.fixture(autouse=True)
def no_member_outlives_its_test() -> Iterator[None]:
    """Also where a test failed: its threads would disturb the tests after it."""
    yield
    stop(Member.all)
    Member.all.clear()
