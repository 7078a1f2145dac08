"""Laws of the three-way difference, and of filling a template and reading it back."""

from __future__ import annotations

import contextlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from app.workbench.upgrade import merge
from engine.core.errors import InvalidDocument
from engine.model.filling import fill, recover
from engine.model.template import Template
from engine.model.template_document import checked_values, parse_template

leaves = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "a", "b"]))
keys = st.sampled_from(["name", "url", "tags", "X-Team"])
documents = st.dictionaries(
    keys, st.one_of(leaves, st.dictionaries(keys, leaves, max_size=3)), max_size=4
)


@given(documents, documents)
def test_where_the_template_stands_still_the_job_stays_as_it_is(base: Any, mine: Any) -> None:
    merged, changes = merge(base, mine, base)
    assert merged == mine
    assert {change.kind for change in changes} <= {"kept"}


@given(documents, documents)
def test_where_nobody_edited_the_new_version_comes_whole(base: Any, theirs: Any) -> None:
    merged, changes = merge(base, base, theirs)
    assert merged == theirs
    assert {change.kind for change in changes} <= {"updated"}


@given(documents, documents)
def test_the_same_change_on_both_sides_is_no_conflict(base: Any, both: Any) -> None:
    merged, changes = merge(base, both, both)
    assert merged == both
    assert {change.kind for change in changes} <= {"agreed"}


@given(documents, documents, documents)
def test_conflicts_are_the_same_whoever_looks(base: Any, mine: Any, theirs: Any) -> None:
    def conflicts(one: Any, other: Any) -> set[str]:
        return {change.field for change in merge(base, one, other)[1] if change.kind == "conflict"}

    assert conflicts(mine, theirs) == conflicts(theirs, mine)


@given(documents, documents, documents)
def test_an_upgrade_that_was_merged_has_nothing_left_to_merge(
    base: Any, mine: Any, theirs: Any
) -> None:
    merged, _ = merge(base, mine, theirs)
    again, changes = merge(theirs, merged, theirs)
    assert again == merged
    assert not [change for change in changes if change.kind in ("updated", "conflict")]


@given(documents, documents, documents)
def test_no_edit_of_either_side_is_lost_unsaid(base: Any, mine: Any, theirs: Any) -> None:
    merged, changes = merge(base, mine, theirs)
    told = {change.field for change in changes}
    for key in {*base, *mine, *theirs}:
        sides = [one.get(key, "absent") for one in (base, mine, theirs)]
        if sides[0] == sides[1] == sides[2]:
            assert merged.get(key, "absent") == sides[0]
        else:
            assert key in told or any(field.startswith(f"{key}.") for field in told)


# ---- filling ------------------------------------------------------------------------------------

TEMPLATE: Template = parse_template(
    {
        "category": "integration",
        "name": "all-places",
        "version": "1.0.0",
        "title": "All places",
        "variables": {
            "base": {"type": "url", "required": True},
            "segment": {"type": "string", "required": True},
            "word": {"type": "string", "required": True},
            "secret": {"type": "secret", "required": True},
            "number": {"type": "integer", "required": True},
            "flag": {"type": "boolean", "default": False},
        },
        "job": {
            "schedule": "@daily",
            "webhook": {
                "url": "{{base}}/a/{{segment}}?w={{word}}&s={{secret}}",
                "method": "POST",
                "headers": {"Content-Type": "application/json"},
                "body": {"w": "<{{word}}>", "n": "{{number}}", "f": "{{flag}}", "s": "{{secret}}"},
            },
        },
    }
)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: text != "***"
)
values = st.fixed_dictionaries(
    {
        "base": st.sampled_from(["https://example.org", "http://127.0.0.1:9/x"]),
        "segment": st.text("abc/- ü", min_size=1, max_size=8),
        "word": texts,
        "secret": texts,
        "number": st.integers(-5, 10**9),
        "flag": st.booleans(),
    }
)


@given(values)
def test_each_value_arrives_as_it_was_given(given_values: dict[str, Any]) -> None:
    webhook = fill(TEMPLATE, checked_values(TEMPLATE, given_values))["webhook"]
    query = dict(parse_qsl(urlsplit(webhook["url"]).query))
    assert query == {"w": given_values["word"], "s": given_values["secret"]}
    assert json.loads(webhook["body"]) == {
        "w": f"<{given_values['word']}>",
        "n": given_values["number"],
        "f": given_values["flag"],
        "s": given_values["secret"],
    }


@given(values)
def test_what_was_filled_can_be_read_back(given_values: dict[str, Any]) -> None:
    document = fill(TEMPLATE, checked_values(TEMPLATE, given_values))
    told = recover(TEMPLATE, document)
    assert told["secret"] == given_values["secret"]
    assert told["word"] == given_values["word"]
    assert int(told["number"]) == given_values["number"]


@given(
    st.recursive(
        leaves | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_nothing_that_is_written_breaks_the_parser(document: Any) -> None:
    for sent in (document, {"variables": document, "job": document, "tags": document}):
        with contextlib.suppress(InvalidDocument):
            parse_template(sent)
