"""Variables of each type: what they take, and what they say of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.errors import InvalidDocument
from engine.model.template import Template, version_order
from engine.model.template_document import (
    checked_values,
    parse_template,
    template_document,
)


def template(**variable: Any) -> Template:
    return parse_template(
        {
            "category": "backup",
            "name": "one",
            "version": "1.0.0",
            "title": "One",
            "variables": {"v": variable},
            "job": {
                "schedule": "@daily",
                "webhook": {"url": "http://127.0.0.1:9/x", "body": {"v": "{{v}}"}},
            },
        }
    )


@pytest.mark.parametrize(
    ("variable", "given", "value"),
    [
        ({"type": "string"}, "a", "a"),
        ({"type": "string", "default": "d"}, None, "d"),
        ({"type": "string"}, None, ""),
        ({"type": "integer", "min": 1, "max": 9}, "7", 7),
        ({"type": "integer", "min": 1, "max": 9}, 7, 7),
        ({"type": "boolean"}, "True", True),
        ({"type": "boolean"}, None, False),
        ({"type": "enum", "choices": ["a", 2]}, "2", 2),
        ({"type": "url"}, "https://example.org/x?y=1", "https://example.org/x?y=1"),
        ({"type": "cron"}, "*/5 * * * *", "*/5 * * * *"),
        ({"type": "duration", "min": "1s", "max": "1h"}, "90s", "90s"),
        ({"type": "secret"}, "s3cret", "s3cret"),
    ],
)
def test_a_value_is_read_as_its_type(variable: dict[str, Any], given: Any, value: Any) -> None:
    found = checked_values(template(**variable), {"v": given})["v"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("variable", "given", "reason"),
    [
        ({"type": "string", "required": True}, "", "is missing"),
        ({"type": "string", "pattern": "[a-z]+"}, "A", "'A' does not have the form [a-z]+"),
        ({"type": "string", "max": 2}, "abc", "is too long"),
        ({"type": "string"}, 5, "5 is not text"),
        ({"type": "integer", "max": 9}, 10, "is too large"),
        ({"type": "integer"}, True, "True is not a whole number"),
        ({"type": "integer"}, "1.5", "'1.5' is not a whole number"),
        ({"type": "boolean"}, "yes", "'yes' is not a boolean"),
        ({"type": "enum", "choices": ["small"]}, "smal", "'smal' is not a choice"),
        ({"type": "url"}, "example.org", "'example.org' is not a URL"),
        ({"type": "cron"}, "61 * * * *", "minute: 61 is not within 0 to 59"),
        ({"type": "duration", "min": "1m"}, "30s", "is too short"),
        ({"type": "duration"}, "30", "'30' is not a duration"),
        ({"type": "secret"}, "two\nlines", "holds a line break or a control character"),
        ({"type": "secret"}, "***", "*** is what a hidden secret reads as"),
        ({"type": "secret", "pattern": "[0-9]+"}, "tell", "it does not have the form [0-9]+"),
        ({"type": "secret"}, 5, "it is not text"),
    ],
)
def test_a_wrong_value_is_refused_in_words(
    variable: dict[str, Any], given: Any, reason: str
) -> None:
    with pytest.raises(InvalidDocument) as caught:
        checked_values(template(**variable), {"v": given})
    (problem,) = caught.value.problems
    assert (problem.field, problem.reason) == ("values.v", reason)


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ({"type": "strin"}, "variables.v.type"),
        ({"type": "enum"}, "variables.v.choices"),
        ({"type": "enum", "choices": []}, "variables.v.choices"),
        ({"type": "string", "pattern": "("}, "variables.v.pattern"),
        ({"type": "integer", "min": "1"}, "variables.v.min"),
        ({"type": "duration", "max": 5}, "variables.v.max"),
        ({"type": "url", "default": "x"}, "variables.v.default"),
        ({"type": "string", "required": "yes"}, "variables.v.required"),
        ({"type": "string", "defualt": "x"}, "variables.v.defualt"),
    ],
)
def test_a_wrong_variable_is_refused(variable: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        template(**variable)
    assert field in {problem.field for problem in caught.value.problems}


def test_json_with_placeholders_must_be_written_as_an_object() -> None:
    document = template_document(template(type="string"))
    document["job"]["webhook"]["body"] = '{"v": "{{v}}"}'
    with pytest.raises(InvalidDocument) as caught:
        parse_template(document)
    assert caught.value.problems[0].field == "job.webhook.body"


def test_what_is_written_out_reads_back_equal() -> None:
    one = template(type="integer", default=5, min=1, max=9, title="V", description="a number")
    assert parse_template(template_document(one)) == one


@pytest.mark.parametrize("text", ["1.0", "1.0.0.0", "v1.0.0", "01.0.0", "1.0.0-rc1", ""])
def test_a_version_is_three_numbers(text: str) -> None:
    assert version_order(text) is None
