"""Finds what some words mean: how well a text answers them, and the best of many.

Every word of the question must be found. A whole word counts more than the beginning of one, that
more than a part; the title counts more than the rest, and only in it letters in order are enough.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

WORDS_MAX: Final = 8
FUZZY_LETTERS_MIN: Final = 3
WHOLE, BEGIN, PART, LETTERS = 8.0, 5.0, 3.0, 0.5
ELSEWHERE: Final = 0.4
"""What a word counts outside the title."""
_SPLIT: Final = re.compile(r"[^\w]+")


def words_of(question: str) -> list[str]:
    """The words of a question, lower case, at most `WORDS_MAX`.

    >>> words_of("Pause  job default/nightly-backup")
    ['pause', 'job', 'default', 'nightly', 'backup']
    """
    return [word for word in _SPLIT.split(question.lower()) if word][:WORDS_MAX]


def score(words: list[str], title: str, more: str = "") -> float:
    """How well a text answers; 0 where a word of the question is not in it.

    >>> score(["nightly"], "nightly-backup") > score(["backup"], "nightly-backups") > 0
    True
    >>> score(["nightly", "report"], "nightly-backup")
    0.0
    """
    title, more = title.lower(), more.lower()
    total = 0.0
    for word in words:
        found = max(_one(word, title), ELSEWHERE * _one(word, more))
        if not found and len(word) >= FUZZY_LETTERS_MIN and _in_order(word, title):
            found = LETTERS
        if not found:
            return 0.0
        total += found
    return total / (1 + len(title) / 200) if words else 0.0


def _one(word: str, text: str) -> float:
    place = text.find(word)
    if place < 0:
        return 0.0
    if place and text[place - 1].isalnum():
        return PART
    end = place + len(word)
    return BEGIN if end < len(text) and text[end].isalnum() else WHOLE


def _in_order(word: str, text: str) -> bool:
    place = -1
    for letter in word:
        place = text.find(letter, place + 1)
        if place < 0:
            return False
    return True


def best(candidates: Iterable[T], value: Callable[[T], float], most: int) -> list[tuple[float, T]]:
    """The candidates of the highest value above 0, best first; equals keep their order."""
    scored = ((value(one), -place, one) for place, one in enumerate(candidates))
    top = heapq.nlargest(most, (row for row in scored if row[0] > 0), key=lambda row: row[:2])
    return [(found, one) for found, _, one in top]
