"""A node that missed entries takes their rows from a peer, over a real connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app.feed import HistoryFeed
from engine.core.clock import SystemClock
from engine.history.store import History
from engine.raft.replica import Replica
from tests.kit.cluster import wait_for
from tests.unit.engine.history.events import story

PIECE = 3


@pytest.fixture
def histories(tmp_path: Path) -> Iterator[tuple[History, History]]:
    made = [History(tmp_path / n, node=n, clock=SystemClock(), export_every_s=0) for n in "ab"]
    for history in made:
        history.start()
    yield made[0], made[1]
    for history in made:
        history.stop()


class Peer:
    """A peer that hands out pieces of a history, and fails as often as it is told to."""

    def __init__(self, source: History, failures: list[str]):
        self.asked: list[int] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805  # the outer self is the peer
                query = parse_qs(urlsplit(handler.path).query)
                after, upto = int(query["after"][0]), int(query["upto"][0])
                self.asked.append(after)
                failure = failures.pop(0) if failures else ""
                body = source.export_range(after, upto, rows_max=PIECE)
                if failure == "damaged":
                    body = body[:-5] + b"xxxxx"
                handler.send_response(503 if failure == "unready" else 200)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.parametrize("failures", [[], ["unready"], ["", "damaged", "", "unready"]])
def test_a_hole_is_filled_in_pieces_whatever_fails_meanwhile(
    histories: tuple[History, History], failures: list[str]
) -> None:
    source, behind = histories
    for entry in story():
        source.project(entry)
    assert source.wait_for(12, 120)
    peer = Peer(source, failures)
    feed = HistoryFeed(behind, peers=lambda: [peer.url], token="t")
    for entry in story()[:2]:
        feed.take(entry)
    feed.gap(2, 9)
    for entry in story()[9:]:
        feed.take(entry)  # kept back until the hole is filled
    wait_for(lambda: not feed.filling)
    assert behind.wait_for(12, 120)
    assert behind.content_hash(12) == source.content_hash(12)
    assert len(set(peer.asked)) > 1
    assert peer.asked == sorted(peer.asked), "it goes on where it stood"
    peer.close()


def test_a_hole_that_grows_while_it_is_filled_is_filled_to_its_new_end(
    histories: tuple[History, History],
) -> None:
    source, behind = histories
    for entry in story():
        source.project(entry)
    assert source.wait_for(12, 120)
    peer = Peer(source, ["unready"])
    feed = HistoryFeed(behind, peers=lambda: [peer.url], token="t")
    feed.gap(0, 4)
    feed.gap(0, 10)  # another snapshot arrives meanwhile
    for entry in story()[10:]:
        feed.take(entry)
    assert behind.wait_for(12, 120)
    assert behind.content_hash(12) == source.content_hash(12)
    peer.close()


def test_a_snapshot_taken_while_a_hole_is_filled_knows_where_it_ends() -> None:
    gaps: list[tuple[int, int]] = []
    peer = Replica(watermark=lambda: 40, on_gap=lambda *_: None)
    filling = Replica(watermark=lambda: 7, on_gap=lambda *gap: gaps.append(gap))
    filling.restore(peer.snapshot(), 40)
    again = Replica(watermark=lambda: 7, on_gap=lambda *gap: gaps.append(gap))
    again.restore(filling.snapshot(), 40)
    assert gaps == [(7, 40), (7, 40)]
