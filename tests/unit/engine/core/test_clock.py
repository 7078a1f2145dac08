"""Instants as text."""

from __future__ import annotations

import pytest

from engine.core.clock import rfc3339


@pytest.mark.parametrize("us", [-(1 << 70), -(1 << 62), -1, 0, 1 << 62, 1 << 70])
def test_every_instant_has_a_text(us: int) -> None:
    assert rfc3339(us).endswith("Z")
    assert len(rfc3339(us)) >= len("1970-01-01T00:00:00Z")
