"""What a search finds."""

from __future__ import annotations

from typing import Literal

from app.api.schemas.envelope import Shape


class SearchResult(Shape):
    """One thing that can be opened: `page` of the console with `params`."""

    kind: Literal["job", "execution", "finding", "template", "page", "action"]
    title: str
    detail: str
    page: str
    params: dict[str, str]
    score: float


class Found(Shape):
    """The best results, best first."""

    results: list[SearchResult]
    total: int
