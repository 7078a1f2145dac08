"""The wire: strangers are neither obeyed nor decoded, and cannot take the port away."""

from __future__ import annotations

import os
import pickle
import resource
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pysyncobj.pickle
import pytest

from engine.raft.pysync import wire
from engine.raft.pysync.messages import well_formed
from engine.raft.pysync.seal import Sealer, Session
from engine.raft.pysync.wire import STRANGER_BYTES_MAX, pack, unpack
from tests.unit.engine.raft.pysync.group import Member, free_addresses, group, leader, stop, until

SECRET = "thirty-two random characters !!!"


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Member]:
    """One node of a group of three with a secret; its peers are not there."""
    addresses = free_addresses(3)
    member = Member(tmp_path, addresses[0], tuple(addresses[1:]), secret=SECRET)
    until(lambda: _port_open(addresses[0]))
    yield member
    stop([member])


def _port_open(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def _dial(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    link = socket.create_connection((host, int(port)), timeout=10)
    link.settimeout(10)
    return link


def _hung_up(link: socket.socket) -> bool:
    """True when the node closed the link without a byte of answer."""
    try:
        return link.recv(1) == b""
    except ConnectionResetError:
        return True
    finally:
        link.close()


def _frame(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


class _Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (os.system, ("touch /nonexistent/owned",))


def _stock_frames(address: str) -> list[bytes]:
    return [
        _frame(zlib.compress(pickle.dumps(_Bomb()))),
        _frame(zlib.compress(pickle.dumps("readonly"))),
        _frame(zlib.compress(pickle.dumps(["status"]))),
        _frame(pack("readonly")),
        _frame(pack(["add", "127.0.0.1:1"])),
        _frame(pack(address)),
        _frame(pack({"type": "apply_command", "command": b"\x00evil"})),
        _frame(os.urandom(100)),
    ]


def test_s1_s2_a_peer_without_the_secret_gets_nothing_decoded(
    sealed: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    monkeypatch.setattr(wire, "unpack", decoded.append)
    peer = sealed.node.config.peers[0]
    for frame in _stock_frames(peer):
        link = _dial(sealed.node.config.address)
        link.sendall(frame)
        assert _hung_up(link)
    assert decoded == []
    assert not sealed.fatal


def test_s1_s2_on_loopback_without_a_secret_strangers_are_not_obeyed(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    member.must(b"mine")
    for frame in _stock_frames("127.0.0.1:1"):
        link = _dial(address)
        link.sendall(frame)
        assert _hung_up(link)
    member.must(b"mine too")
    assert member.machine.commands() == [b"mine", b"mine too"]
    stop([member])


def test_s1_what_the_library_would_unpickle_may_name_no_global() -> None:
    assert pysyncobj.pickle.loads(pickle.dumps({"plain": [1, b"x"]})) == {"plain": [1, b"x"]}
    with pytest.raises(pickle.UnpicklingError, match="forbidden"):
        pysyncobj.pickle.loads(pickle.dumps(_Bomb()))


def test_s3_a_long_frame_of_a_stranger_is_refused_at_its_first_bytes(sealed: Member) -> None:
    link = _dial(sealed.node.config.address)
    link.sendall(struct.pack("<I", STRANGER_BYTES_MAX + 1))
    assert _hung_up(link)


def test_s3_a_frame_that_unfolds_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="unfolds"):
        unpack(b"\x01" + zlib.compress(bytes(wire.FRAME_BYTES_MAX + 1), 1))


def test_frames_are_squeezed_as_any_zlib_does() -> None:
    message = {"type": "append_entries", "entries": [["x" * 2000, 1, 1]]}
    packed = pack(message)
    assert packed[:1] == b"\x01"
    assert msgspec.msgpack.decode(zlib.decompress(packed[1:])) == message
    assert unpack(b"\x01" + zlib.compress(msgspec.msgpack.encode(message), 1)) == message


def test_s4_the_listener_survives_a_shortage_of_descriptors(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    member.must(b"x")
    until(lambda: _port_open(address))
    link = socket.socket()
    link.settimeout(10)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):  # noqa: PT012  # fills up
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        host, _, port = address.rpartition(":")
        link.connect((host, int(port)))
        assert _hung_up(link)
    finally:
        for fd in taken:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    later = _dial(address)
    later.sendall(_frame(b"nonsense"))
    assert _hung_up(later), "the listener must still take callers"
    member.must(b"y")
    stop([member])


def test_s5_nothing_is_sent_to_a_peer_that_did_not_answer_the_hello(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        peer = f"127.0.0.1:{silent.getsockname()[1]}"
        own = free_addresses(1)[0].replace("127.0.0.1", "localhost")
        member = Member(tmp_path, own, (peer,), secret=SECRET)
        link, _ = silent.accept()  # "localhost" sorts behind, so it is the member that dials
        node = member.node._replica
        until(lambda: node._prevote_term is not None, "it wants to be elected")
        stop([member])
        received = b""
        with link:
            while piece := link.recv(1 << 16):
                received += piece
    (size,) = struct.unpack_from("<I", received)
    assert len(received) == 4 + size, "the hello, and nothing behind it"


def test_members_with_one_secret_agree_and_one_with_another_stays_out(tmp_path: Path) -> None:
    addresses = free_addresses(3)
    insiders = [
        Member(tmp_path / a[-5:], a, tuple(b for b in addresses if b != a), secret=SECRET)
        for a in addresses[:2]
    ]
    outsider = Member(tmp_path / "out", addresses[2], tuple(addresses[:2]), secret=SECRET[::-1])
    leader(insiders).must(b"secret")
    until(lambda: all(m.machine.commands() == [b"secret"] for m in insiders))
    assert outsider.machine.log == []
    assert not any(p.connected for p in outsider.node.status().peers)
    stop([*insiders, outsider])


def test_nothing_readable_of_a_command_is_on_a_sealed_wire() -> None:
    sealer = Sealer(SECRET)
    dialler, acceptor = sealer.session(dialled=True), sealer.session(dialled=False)
    a, b = os.urandom(32), os.urandom(32)
    assert acceptor.open(dialler.seal(a, mine=a, theirs=None), mine=None, theirs=None) == a
    assert dialler.open(acceptor.seal(b, mine=b, theirs=a), mine=a, theirs=None) == b
    frame = dialler.seal(b"command", mine=a, theirs=b)
    assert b"command" not in frame
    assert acceptor.open(frame, mine=b, theirs=a) == b"command"
    back = acceptor.seal(b"answer", mine=b, theirs=a)
    assert dialler.open(back, mine=a, theirs=b) == b"answer"
    for replayed in (frame, back):
        with pytest.raises(ValueError, match="seal"):
            acceptor.open(replayed, mine=b, theirs=a)


def test_a_flipped_bit_breaks_the_seal() -> None:
    session = Session(SECRET.encode(), dialled=True)
    frame = bytearray(session.seal(b"x" * 32, mine=b"r" * 32, theirs=None))
    frame[-1] ^= 1
    with pytest.raises(ValueError, match="seal"):
        Session(SECRET.encode(), dialled=False).open(bytes(frame), mine=None, theirs=None)


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"type": ["append_entries"]},
        {"type": "unknown"},
        {"type": "pre_vote", "term": "9"},
        {"type": "append_entries", "term": 1, "commit_index": 1, "seq": 1},
        {
            "type": "append_entries",
            "term": 1,
            "commit_index": 1,
            "seq": 1,
            "t": 0.0,
            "prevLogIdx": 4,
            "prevLogTerm": 1,
            "entries": [[b"x", 6, 1]],
        },
        {"type": "apply_command", "command": "text"},
        {"type": "apply_command_response", "request_id": 1},
    ],
)
def test_an_ill_formed_message_is_known_as_such(message: Any) -> None:
    assert not well_formed(message)


def test_a_message_survives_packing_whatever_its_length() -> None:
    for size in (0, 10, 5000, 200_000):
        message = {"type": "apply_command", "command": b"ab" * size}
        assert unpack(pack(message)) == message
        assert well_formed(msgspec.msgpack.decode(msgspec.msgpack.encode(message)))


def test_a_restarted_member_is_heard_again(tmp_path: Path) -> None:
    members = group(tmp_path, free_addresses(3), secret=SECRET)
    head = leader(members)
    head.must(b"x")
    other = next(m for m in members if m is not head)
    config = other.node.config
    stop([other])
    again = Member(config.data_dir, config.address, config.peers, secret=SECRET)
    head.must(b"y")
    until(lambda: again.machine.commands() == [b"x", b"y"])
    stop([m for m in members if m is not other] + [again])
