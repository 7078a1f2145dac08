from __future__ import annotations

import pytest

from engine.dispatch.answer import HEAD_BYTES_MAX, READ_BYTES_MAX, Answer, BadAnswer, read_head

KEPT = 100
OK = b"HTTP/1.1 200 OK\r\n"


def taken(*pieces: bytes, bodiless: bool = False) -> tuple[Answer, bool]:
    answer, over = Answer(KEPT, bodiless=bodiless), False
    for piece in pieces:
        assert not over, "it was over before"
        over = answer.take(piece)
    return answer, over


def by_bytes(data: bytes) -> list[bytes]:
    return [data[k : k + 1] for k in range(len(data))]


WHOLE = {
    "with a length": (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "with none at all": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "without a body": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "after interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\nok",
        b"ok",
    ),
    "in chunks": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
        b"hello world",
    ),
    "in chunks with a trailer": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nDigest: 1\r\n\r\n",
        b"ok",
    ),
    "with bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok"),
    "in chunks, whatever the length says": (
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"ok",
    ),
}


@pytest.mark.parametrize(("data", "body"), WHOLE.values(), ids=WHOLE)
def test_an_answer_is_the_same_however_it_is_cut_into_pieces(data: bytes, body: bytes) -> None:
    for pieces in ([data], by_bytes(data), [data[:20], data[20:]]):
        answer, over = taken(*pieces)
        assert over
        assert (answer.body, answer.total, answer.clean) == (body, len(body), True)


@pytest.mark.parametrize("data", [whole for whole, _ in WHOLE.values()], ids=WHOLE)
def test_an_answer_is_not_over_before_its_last_byte(data: bytes) -> None:
    assert not taken(data[:-1])[1]


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    answer, over = taken(OK + b"\r\nhello", b" world")
    assert not over
    assert answer.ends_with_connection
    assert answer.body == b"hello world"


@pytest.mark.parametrize("data", [b"", OK, OK + b"Content-Length: 5\r\n\r\nhell"])
def test_an_answer_that_broke_off_does_not_end_with_its_connection(data: bytes) -> None:
    assert not taken(data)[0].ends_with_connection


def test_an_answer_to_head_has_no_body() -> None:
    answer, over = taken(OK + b"Content-Length: 5\r\n\r\n", bodiless=True)
    assert over
    assert answer.clean
    assert answer.total == 0


def test_what_comes_behind_an_answer_spoils_its_connection() -> None:
    answer, over = taken(OK + b"Content-Length: 2\r\n\r\nok more")
    assert over
    assert answer.body == b"ok"
    assert not answer.clean


def test_a_long_answer_is_cut_and_little_of_it_kept() -> None:
    for framing in (b"\r\n", b"Content-Length: 99999999\r\n\r\n"):
        answer, over = taken(OK + framing, b"x" * READ_BYTES_MAX, b"x")
        assert over
        assert answer.cut
        assert len(answer.body) == KEPT


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\xffnot http at all\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        OK + b"Content-Length: five\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nnothing\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 5000,
        OK + b"X: " + b"x" * HEAD_BYTES_MAX,
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(BadAnswer):
        taken(data)


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"HTTP/1.1 200 OK", True),
        (b"HTTP/1.1 200", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close", False),
        (b"HTTP/1.0 200 OK", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive", True),
    ],
)
def test_the_answer_says_whether_its_connection_is_kept(head: bytes, keeps: bool) -> None:
    assert read_head(head).keeps is keeps


def test_the_answer_says_for_how_long_its_connection_is_kept() -> None:
    assert read_head(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100").idle_us == 4_000_000
    assert read_head(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1").idle_us == 1
    assert read_head(b"HTTP/1.1 200 OK").idle_us == 0


def test_secrets_of_an_answer_are_not_shown() -> None:
    head = read_head(b"HTTP/1.1 200 OK\r\nSet-Cookie: session=s3cr3t\r\nX-Kind: a")
    assert "s3cr3t" not in head.shown
    assert '"X-Kind":"a"' in head.shown
