"""Instants as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.clock import SECOND_US, rfc3339, to_datetime


@pytest.mark.parametrize("us", [-(1 << 70), -(1 << 62), -1, 0, 1 << 62, 1 << 70])
def test_every_instant_has_a_text(us: int) -> None:
    assert rfc3339(us).endswith("Z")
    assert len(rfc3339(us)) >= len("1970-01-01T00:00:00Z")


@given(st.integers(-62_135_596_800 * SECOND_US, 253_402_300_800 * SECOND_US - 1))
def test_an_instant_is_told_as_its_datetime_is(us: int) -> None:
    assert rfc3339(us) == to_datetime(us).isoformat().replace("+00:00", "Z")
