"""The built-in templates, each by itself; and the search over them."""

from __future__ import annotations

import pytest
from streamlit.material_icon_names import ALL_MATERIAL_ICONS

from app.workbench.marketplace import (
    FOLDER,
    Shelf,
    blotted,
    built_in,
    job_from,
    origin_tags,
    search,
    secrets_of,
)
from app.workbench.source import read_yaml, write_yaml
from engine.model.document import parse_job
from engine.model.template import CATEGORIES, Template, VariableType, version_order
from engine.model.template_document import (
    checked_values,
    parse_template,
    stand_ins,
    template_document,
)

SHELVES = {shelf.newest.ref: shelf for shelf in built_in()}
EVERY = [one for shelf in built_in() for one in shelf.versions]


def test_each_category_has_at_least_four() -> None:
    counts = dict.fromkeys(CATEGORIES, 0)
    for shelf in built_in():
        counts[shelf.newest.category] += 1
    assert min(counts.values()) >= 4
    assert sum(counts.values()) >= 40


@pytest.mark.parametrize("ref", sorted(SHELVES))
def test_a_file_is_called_as_its_template_and_begins_with_the_newest(ref: str) -> None:
    shelf = SHELVES[ref]
    assert (FOLDER / f"{ref}.yaml").is_file()
    assert {one.ref for one in shelf.versions} == {ref}
    numbers = [version_order(one.version) for one in shelf.versions]
    assert numbers == sorted(numbers, reverse=True, key=lambda number: number or ())
    assert len(set(numbers)) == len(numbers)
    assert all(one.changes for one in shelf.versions[:-1])


@pytest.mark.parametrize("template", EVERY, ids=lambda one: f"{one.ref}@{one.version}")
def test_a_template_makes_a_job_of_its_defaults_and_examples(template: Template) -> None:
    values = checked_values(template, stand_ins(template))
    spec, _ = parse_job(job_from(template, values))
    assert spec.name == template.name
    assert "{{" not in repr(spec)
    assert template.icon in ALL_MATERIAL_ICONS
    assert template.description
    assert template.documentation


@pytest.mark.parametrize("template", EVERY, ids=lambda one: f"{one.ref}@{one.version}")
def test_a_template_survives_export_and_import(template: Template) -> None:
    (document,) = read_yaml(write_yaml(template_document(template)))
    assert parse_template(document) == template


@pytest.mark.parametrize("template", EVERY, ids=lambda one: f"{one.ref}@{one.version}")
def test_no_secret_stands_in_a_tag_or_a_schedule(template: Template) -> None:
    secret = "Zq9" * 12
    values = stand_ins(template)
    for variable in template.variables:
        if variable.type is VariableType.SECRET:
            values[variable.name] = secret
    document = job_from(template, values)
    shown = {key: value for key, value in document.items() if key != "webhook"}
    assert secret not in repr(shown)
    assert secret not in repr(blotted(document, secrets_of(template, values)))


def test_an_address_with_a_secret_in_it_is_not_kept_in_tags() -> None:
    template = SHELVES["monitoring/http-health-check"].newest
    given = {"endpoint_url": "https://example.org/?token=abc", "tries": 5}
    tags = origin_tags(template, checked_values(template, given))
    assert tags["chronos-template-values"] == "tries=5"


@pytest.mark.parametrize(
    ("words", "ref"),
    [
        ("slack", "notification/slack-message"),
        ("vault token", "security/vault-renew-token"),
        ("PURGE cdn", "maintenance/cloudflare-purge-cache"),
        ("let's encrypt", None),
        ("lets-encrypt", "security/tls-probe"),
    ],
)
def test_a_search_finds_what_people_call_it(words: str, ref: str | None) -> None:
    found: list[Shelf] = search(built_in(), q=words)
    assert (found[0].newest.ref if found else None) == ref


def test_the_example_of_the_reference_is_a_template() -> None:
    page = (FOLDER.parents[1] / "docs" / "reference" / "templates.md").read_text("utf-8")
    (document,) = read_yaml(page.split("```yaml\n", 1)[1].split("```", 1)[0])
    assert parse_template(document).ref == "monitoring/shop-is-up"
