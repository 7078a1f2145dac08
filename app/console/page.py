"""What a page says of itself; `navigation` finds pages by it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the console; its URL path is the name of its module.

    `hidden` pages have no menu entry: they are reached by a link with parameters.
    `keywords` are other words by which the palette finds it.
    """

    title: str
    icon: str
    order: int
    section: str
    hidden: bool = False
    keywords: str = ""
