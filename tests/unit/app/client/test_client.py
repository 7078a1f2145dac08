"""The client against a real server that answers what it is told."""

from __future__ import annotations

import doctest
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.client import client as client_module
from app.client.client import Client
from app.client.errors import ApiError, Unreachable


class Script:
    """What the server answers next (None breaks the connection), and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any] | None] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def client(script: Script) -> Iterator[Client]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.asked.append((self.command, self.path, dict(self.headers), body))
            answer = script.answers.pop(0)
            if answer is None:
                self.close_connection = True
                return
            status, data = answer
            text = data if isinstance(data, bytes) else json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = answer  # noqa: N815  # the names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened = Client(f"http://127.0.0.1:{server.server_address[1]}/", "key-1", timeout_s=5)
    yield opened
    opened.close()
    server.shutdown()
    server.server_close()


def well(data: Any) -> tuple[int, Any]:
    return 200, {"success": True, "data": data, "error": None}


def test_an_answer_is_the_data_of_the_envelope(client: Client, script: Script) -> None:
    script.answers = [well({"jobs": [], "total": 0})]
    assert client.jobs(q="a b", namespace=None) == {"jobs": [], "total": 0}
    method, path, headers, _ = script.asked[0]
    assert (method, path) == ("GET", "/api/v1/jobs?q=a+b")
    assert headers["Authorization"] == "Bearer key-1"


def test_a_refusal_carries_code_status_and_every_field(client: Client, script: Script) -> None:
    details = [{"field": "name", "reason": "is taken", "hint": "another"}]
    error = {"code": "CONFLICT", "message": "name is taken", "details": details}
    script.answers = [(409, {"success": False, "data": None, "error": error})]
    with pytest.raises(ApiError) as raised:
        client.create_job({"name": "a"})
    assert (raised.value.code, raised.value.status) == ("CONFLICT", 409)
    assert raised.value.details == details


@pytest.mark.parametrize("answer", [b"<html>a proxy</html>", b"[]", b'{"error": null}'])
def test_what_is_not_an_answer_of_chronos_is_named_so(
    client: Client, script: Script, answer: bytes
) -> None:
    script.answers = [(502, answer)]
    with pytest.raises(Unreachable, match="not an answer of Chronos"):
        client.health()


def test_a_read_is_tried_again_when_the_connection_breaks(client: Client, script: Script) -> None:
    script.answers = [None, well({"status": "healthy"})]
    assert client.health() == {"status": "healthy"}


def test_a_write_without_a_key_is_sent_once(client: Client, script: Script) -> None:
    script.answers = [None]
    with pytest.raises(Unreachable):
        client.trigger_job("default/a")
    assert len(script.asked) == 1


def test_a_write_with_a_key_is_repeated_under_the_same_key(client: Client, script: Script) -> None:
    script.answers = [None, well({"id": "exe_a"})]
    client.trigger_job("default/a", wait="30s", idempotency_key="k")
    assert [asked[2]["Idempotency-Key"] for asked in script.asked] == ["k", "k"]
    assert script.asked[0][1] == "/api/v1/jobs/default/a/trigger?wait=30s"


def test_a_reference_stays_one_path_whatever_is_in_it(client: Client, script: Script) -> None:
    script.answers = [well({})]
    client.job("a b?limit=1#x")
    assert script.asked[0][1] == "/api/v1/jobs/a%20b%3Flimit%3D1%23x"


def test_an_edit_names_the_version_it_began_from(client: Client, script: Script) -> None:
    script.answers = [well({})]
    client.update_job("job_a", {"name": "a"}, if_match='"2"', comment="why", idempotency_key="k")
    method, path, headers, body = script.asked[0]
    assert (method, path) == ("PUT", "/api/v1/jobs/job_a?comment=why")
    assert headers["If-Match"] == '"2"'
    assert json.loads(body) == {"name": "a"}


def test_a_query_can_be_had_as_bytes(client: Client, script: Script) -> None:
    script.answers = [(200, b"a,b\n1,2\n")]
    assert client.sql_bytes("SELECT 1", 10, "csv") == (b"a,b\n1,2\n", False)
    assert script.asked[0][2]["Accept"] == "text/csv"


def test_nobody_listening_is_unreachable_with_the_url() -> None:
    client = Client("http://127.0.0.1:9", timeout_s=1)
    with pytest.raises(Unreachable) as raised:
        client.health()
    client.close()
    assert raised.value.url == "http://127.0.0.1:9"


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(client_module).failed == 0
