from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.kit.door import Door, open_door


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Door, httpx.AsyncClient]]:
    async with open_door(tmp_path) as opened:
        yield opened


@pytest.fixture
def door(pair: tuple[Door, httpx.AsyncClient]) -> Door:
    return pair[0]


@pytest.fixture
def client(pair: tuple[Door, httpx.AsyncClient]) -> httpx.AsyncClient:
    return pair[1]
