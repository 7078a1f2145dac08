from __future__ import annotations

from pathlib import Path

import pytest

from app.workbench.places import ACTIONS, places
from app.workbench.search import best, score, words_of


def test_every_word_must_be_found() -> None:
    assert score(["nightly", "backup"], "nightly-backup")
    assert not score(["nightly", "report"], "nightly-backup")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("backup", "backups"),
        ("backups", "mybackup"),
        ("mybackup", "b-a-c-k-u-p"),
        ("b-a-c-k-u-p", "report"),
    ],
)
def test_whole_words_come_before_beginnings_parts_and_letters(better: str, worse: str) -> None:
    assert score(["backup"], better) > score(["backup"], worse)


def test_the_title_counts_more_than_the_rest() -> None:
    assert score(["data"], "data", "x") > score(["data"], "x", "data") > 0


def test_the_best_come_first_and_equals_keep_their_order() -> None:
    found = best([1, 3, 2, 3, 0], float, 3)
    assert [one for _, one in found] == [3, 3, 2]


def test_words_are_bounded() -> None:
    assert len(words_of("a " * 500)) == 8


def test_a_new_page_is_found_by_itself(tmp_path: Path) -> None:
    (tmp_path / "costs.py").write_text(
        '"""Costs: what runs cost."""\nPAGE = Page("Costs", "i", 1, "Build", keywords="money")\n'
    )
    (tmp_path / "detail.py").write_text('PAGE = Page("Detail", "i", 1, "Build", hidden=True)\n')
    (found,) = [one for one in places(tmp_path) if one not in ACTIONS]
    assert (found.title, found.page, found.words) == ("Costs", "costs", "money")
    assert found.detail == "What runs cost."


def test_the_pages_of_the_console_are_found() -> None:
    assert {"timeline", "jobs", "sql", "anomalies"} <= {place.page for place in places()}
