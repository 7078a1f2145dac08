"""What is a secret, and what becomes of it when it is shown and written back."""

from __future__ import annotations

import gc
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import InvalidDocument
from engine.model.document import job_document, parse_job
from engine.model.job import Job
from engine.model.redaction import (
    is_sensitive,
    redacted_body,
    redacted_headers,
    redacted_url,
    revealed_url,
)
from tests.kit.jobs import known

SECRET = "s3cr3t"
WEBHOOK = {
    "url": f"https://bob:{SECRET}@example.org/run?access_token={SECRET}&day=1",
    "method": "POST",
    "headers": {"X-Api-Key": SECRET, "Cookie": SECRET, "Accept": "*/*"},
    "body": "{}",
    "auth": {"type": "bearer", "token": SECRET},
}


def stored(**webhook: object) -> Job:
    document = {"name": "a", "schedule": "@daily", "webhook": WEBHOOK | webhook}
    spec, enabled = parse_job(document)
    return known("job_1", spec, enabled=enabled)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "x_api_key",
        "apikey",
        "apiKey",
        "api-key",
        "X-Auth-Key",
        "X-Auth-Token",
        "Ocp-Apim-Subscription-Key",
        "X-Session",
        "sessionId",
        "X-Hub-Signature-256",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "sig",
        "access_token",
        "accessToken",
        "clientSecret",
        "client_secret",
        "clientsecret",
        "PASSWORD",
        "passwd",
        "pwd",
        "db_password",
        "privateKey",
        "key",
        "jwt",
        "credentials",
    ],
)
def test_what_may_be_a_secret_is_one(name: str) -> None:
    assert is_sensitive(name)


@pytest.mark.parametrize(
    "name",
    [
        "Accept",
        "Content-Type",
        "Idempotency-Key",
        "User-Agent",
        "author",
        "design",
        "keyboard",
        "monkey",
        "passenger",
        "primary_key",
        "partitionKey",
        "signal",
        "day",
        "assigned",
        "X-Request-Id",
        "tokyo",
        "secretary",
        "compass",
    ],
)
def test_an_innocent_name_is_left_alone(name: str) -> None:
    assert not is_sensitive(name)


def test_a_document_shows_no_secret_and_written_back_changes_nothing() -> None:
    job = stored()
    document = job_document(job)
    assert SECRET not in json.dumps(document)
    assert parse_job(document, job) == (job.spec, job.enabled)


def test_a_new_value_replaces_a_hidden_one_and_the_others_are_kept() -> None:
    job = stored()
    webhook = job_document(job)["webhook"]
    webhook["headers"] |= {"X-Api-Key": "new"}
    webhook["url"] = webhook["url"].replace("/run", "/walk")
    spec, _ = parse_job({**job_document(job), "webhook": webhook}, job)
    assert spec.webhook.headers == {"X-Api-Key": "new", "Cookie": SECRET, "Accept": "*/*"}
    assert spec.webhook.url == WEBHOOK["url"].replace("/run", "/walk")  # type: ignore[attr-defined]  # text


@pytest.mark.parametrize(
    ("field", "webhook"),
    [
        ("webhook.headers.Cookie", {"headers": {"Cookie": "***"}}),
        ("webhook.url", {"url": "https://***@example.org/"}),
        ("webhook.url", {"url": "https://example.org/?token=***"}),
        ("webhook.auth.token", {"auth": {"type": "bearer", "token": "***"}}),
    ],
)
def test_what_is_hidden_and_not_stored_is_refused(field: str, webhook: dict[str, object]) -> None:
    document = {"name": "a", "schedule": "@daily", "webhook": {"url": "https://h/", **webhook}}
    with pytest.raises(InvalidDocument) as refused:
        parse_job(document)
    assert field in [problem.field for problem in refused.value.problems]


def test_three_stars_under_an_innocent_name_are_three_stars() -> None:
    spec = stored(headers={"X-Mask": "***"}, url="https://h/?mask=***").spec
    assert spec.webhook.headers == {"X-Mask": "***"}
    assert spec.webhook.url == "https://h/?mask=***"


def test_the_body_of_a_request_hides_sensitive_keys_at_any_depth() -> None:
    body = {"db": [{"password": SECRET, "port": 5432}], "token": 7, "secret": {"name": "x"}}
    shown = json.loads(redacted_body(json.dumps(body)))
    assert shown == {
        "db": [{"password": "***", "port": 5432}],
        "token": "***",
        "secret": "***",
    }
    assert redacted_body(f"user=bob&password={SECRET}") == "user=bob&password=***"


@pytest.mark.parametrize(
    "body", ["", "plain text with a token in it", '{"a":   1}', "{broken", "[" * 100_000, "a=b"]
)
def test_a_body_without_secrets_stays_as_it_was_written(body: str) -> None:
    assert redacted_body(body) == body


@pytest.mark.parametrize(
    "body",
    [
        '{"a": 1}\n{"token": "s3cr3t"}',
        '{"token": "s3cr3t", "token": "x"}',
        '{"inner": "{\\"password\\": \\"s3cr3t\\"}"}',
        '{"a": 1, "password": "s3cr3t',
        '\ufeff{"password": "s3cr3t"}',
        "day=1\ntoken=s3cr3t",
        '{"half": "\\ud800", "token": "s3cr3t"}',
    ],
)
def test_odd_bodies_hide_their_secrets_and_can_be_written_down(body: str) -> None:
    shown = redacted_body(body)
    assert SECRET not in shown
    assert shown.encode()


def test_hiding_leaves_nothing_behind_for_the_collector() -> None:
    gc.collect()
    gc.disable()  # a burst of jobs would have it look at all that a node holds
    try:
        for number in range(1000):
            redacted_body(f'{{"day": {number}, "token": "s3cr3t"}}')
        assert gc.collect() < 1000
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "url",
    [
        "https://h/?to%6ben=s3cr3t",
        "https://h/a;token=s3cr3t/b",
        "https://h/a;jsessionid=s3cr3t?x=1",
        "https://h/#access_token=s3cr3t",
        "https://s3cr3t@[::1/",
    ],
)
def test_odd_urls_hide_their_secrets(url: str) -> None:
    shown = redacted_url(url)
    assert SECRET not in shown
    assert revealed_url(shown, url) == (url, [])


text = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=8
)
names = st.sampled_from(["token", "day", "sig", "apikey", "a"])
queries = st.lists(st.tuples(names, text.filter(lambda value: "&" not in value)), max_size=4)


@given(st.sampled_from(["", "bob@", "bob:pw@", "@"]), queries, st.sampled_from(["", "#f", "?"]))
def test_a_url_read_and_written_back_is_the_same(
    user: str, pairs: list[tuple[str, str]], end: str
) -> None:
    # Of two parameters with one name only the last could be told apart from the first.
    query = "&".join(f"{name}={value}" for name, value in dict(pairs).items())
    url = f"https://{user}example.org/a{'?' if query else ''}{query}{end}"
    shown = redacted_url(url)
    assert redacted_url(shown) == shown
    assert revealed_url(shown, url) == (url, []) or "***" in url


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4))
def test_hiding_twice_is_hiding_once(headers: dict[str, str]) -> None:
    once = redacted_headers(headers)
    assert redacted_headers(once) == once
    body = json.dumps(headers)
    assert redacted_body(redacted_body(body)) == redacted_body(body)
