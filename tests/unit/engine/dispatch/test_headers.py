"""What a target receives, and what is written down of it."""

from __future__ import annotations

import pytest

from engine.dispatch.headers import own_headers
from engine.model.job import Webhook, WebhookAuth

URL = "http://127.0.0.1/"


def test_the_identity_of_a_fire_is_not_a_job_s_to_write() -> None:
    headers = {"idempotency-key": "mine", "Traceparent": "x", "X-Chronos-Attempt": "9", "Own": "1"}
    lines = own_headers(headers, None, has_body=False)
    assert [line for line in lines if not line.startswith("User-Agent")] == ["Own: 1"]


def test_credentials_take_the_place_of_a_header_of_their_name() -> None:
    webhook = Webhook(
        url=URL,
        headers={"authorization": "old"},
        auth=WebhookAuth(type="bearer", token="new"),
    )
    assert [
        line
        for line in own_headers(webhook.headers, webhook.auth, has_body=False)
        if "uthorization" in line
    ] == ["Authorization: Bearer new"]


@pytest.mark.parametrize(
    "webhook",
    [
        Webhook(url=URL, headers={"A": "b\r\nX: y"}),
        Webhook(url=URL, headers={"A\nX": "y"}),
        Webhook(url=URL, auth=WebhookAuth(type="bearer", token="t\nX: y")),
    ],
)
def test_a_line_break_never_becomes_a_header(webhook: Webhook) -> None:
    with pytest.raises(ValueError, match="line break"):
        own_headers(webhook.headers, webhook.auth, has_body=False)
