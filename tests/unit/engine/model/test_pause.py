"""What people write of a pause."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.errors import InvalidDocument
from engine.model.pause import Pause
from engine.model.pause_document import parse_pause, parse_scope, pause_document

NOW = 1_800_000_000_000_000


def read(**document: Any) -> Pause:
    return parse_pause(document, "pau_1", "ann", NOW)


def test_a_pause_begins_now_and_ends_when_it_is_said_to() -> None:
    assert (read(scope="all").from_us, read(scope="all").until_us) == (NOW, None)
    held = read(scope="tag:team=data", note="upgrade", **{"for": "2h"})
    assert held.until_us == NOW + 7_200_000_000
    planned = read(scope="all", **{"from": "2027-02-01T00:00:00Z"}, until="2027-02-02T00:00:00Z")
    assert pause_document(planned, NOW) == {
        "id": "pau_1",
        "scope": "all",
        "job_name": "",
        "from": "2027-02-01T00:00:00Z",
        "until": "2027-02-02T00:00:00Z",
        "note": "",
        "by": "ann",
        "state": "planned",
    }


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "scope"),
        ({"scope": "everything"}, "scope"),
        ({"scope": "all:x"}, "scope"),
        ({"scope": "job:"}, "scope"),
        ({"scope": "tag:team"}, "scope"),
        ({"scope": "all", "for": "soon"}, "for"),
        ({"scope": "all", "for": "0s"}, "for"),
        ({"scope": "all", "for": "1h", "until": "2030-01-01T00:00:00Z"}, "for"),
        ({"scope": "all", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"scope": "all", "until": "2030-01-01T00:00:00"}, "until"),
        ({"scope": "all", "from": "2020-01-01T00:00:00Z"}, "from"),
        ({"scope": "all", "note": "x" * 501}, "note"),
        ({"scope": "all", "unitl": "2030-01-01T00:00:00Z"}, "unitl"),
    ],
)
def test_a_fault_is_named_with_a_remedy(document: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(**document)
    [problem] = caught.value.problems
    assert problem.field == field
    assert problem.hint


def test_a_scope_reads_as_it_was_written() -> None:
    for text in ("all", "job:default/a", "tag:team=", "namespace:ops"):
        assert str(parse_scope(f" {text} ")) == text
