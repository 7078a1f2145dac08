"""The wire between peers: framed msgpack, sealed by a shared secret, of limited size.

Cures, by the names of DESIGN.md:
- S1: nothing is unpickled; a frame is msgpack of plain values, opened only after its seal holds.
- S2: no observers, no admin messages; only configured peers are heard, and only well-formed.
- S3: frames have limits (small before the peer proved itself), buffers cost linear time.
- S4: a failing `accept` (no descriptors left) drops that caller and keeps the listener.
- A restarted peer's old socket is closed; the library lets it go on delivering.
- What a partial send leaves over goes out when the socket can take it, not at the next heartbeat.
- S5: the library sends as soon as TCP is connected; what is asked between the two hellos, such as
  a pre-vote, is sealed for nobody, and the peer drops the link. Here nothing goes before both.
"""

from __future__ import annotations

import collections
import errno
import os
import socket
import struct
from typing import Any, Final, cast

import msgspec
import pysyncobj.tcp_connection
import pysyncobj.tcp_server
import pysyncobj.transport
from isal import isal_zlib
from pysyncobj.poller import POLL_EVENT_TYPE
from pysyncobj.transport import TCPTransport

from engine.raft.pysync.library import log, now
from engine.raft.pysync.messages import well_formed
from engine.raft.pysync.seal import Session

FRAME_BYTES_MAX = 64 << 20
STRANGER_BYTES_MAX = 4096
READ_BYTES_MAX = 4 << 20  # in one event, so that one peer cannot starve the rest
COMPRESS_FROM = 1024
# Its stub calls the class an instance.
_BADLY_SQUEEZED: Final = cast("type[Exception]", isal_zlib.error)
STRANGERS_MAX, STRANGER_CHARS_MAX = 16, 100
STRANGER_S = 30.0  # so long after its last call one is remembered
_LENGTH = struct.Struct("<I")
_ALL: Final = POLL_EVENT_TYPE.READ | POLL_EVENT_TYPE.WRITE | POLL_EVENT_TYPE.ERROR
_LATER: Final = (errno.EAGAIN, errno.EWOULDBLOCK)


def pack(message: Any) -> bytes:
    """A message as bytes, squeezed where that pays (a snapshot's pieces are squeezed already)."""
    raw = msgspec.msgpack.encode(message)
    shipped = isinstance(message, dict) and message.get("serialized")
    if len(raw) < COMPRESS_FROM or shipped:
        return b"\x00" + raw
    return b"\x01" + isal_zlib.compress(raw, 1)


def unpack(data: bytes) -> Any:
    """The message of `pack`.

    Raises:
        ValueError: not one of ours, or it would unfold to more than a frame may hold.
    """
    try:
        if data[:1] == b"\x01":
            inflate = isal_zlib.decompressobj()
            raw = inflate.decompress(data[1:], FRAME_BYTES_MAX)
            if not inflate.eof:
                raise ValueError("a frame unfolds to more than it may hold")
        else:
            raw = data[1:]
        return msgspec.msgpack.decode(raw)
    except (_BADLY_SQUEEZED, msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ValueError(f"not a frame of ours: {fault}") from fault


class Connection(pysyncobj.tcp_connection.TcpConnection):  # type: ignore[misc]  # untyped library
    """One TCP link: limits, seal, and buffers that do not copy what they hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._dialled = False
        self._reset()
        super().__init__(*args, **kwargs)

    def _reset(self) -> None:
        self._out: collections.deque[memoryview] = collections.deque()
        self._out_bytes = 0
        self._in = bytearray()
        self._proven = False
        self._session: Session | None = None

    def connect(self, host: str, port: int) -> bool:
        """Dials a peer; what it sends is still sealed, only its frames may be long."""
        self._reset()
        self._dialled = True
        return bool(super().connect(host, port))

    def disconnect(self) -> None:
        """Drops the link and all that waits on it."""
        self._reset()
        super().disconnect()

    def getSendBufferSize(self) -> int:  # noqa: N802  # the library's name
        """Bytes that wait to be sent."""
        return self._out_bytes

    def _seal(self) -> Session | None:
        if self.encryptor and self._session is None:
            self._session = self.encryptor.session(dialled=self._dialled)
        return self._session

    def send(self, message: Any) -> None:
        """Queues a message and sends what the socket takes now."""
        data = pack(message)
        session = self._seal()
        if session is not None:
            data = session.seal(data, mine=self.recvRandKey, theirs=self.sendRandKey)
        self._out.append(memoryview(_LENGTH.pack(len(data)) + data))
        self._out_bytes += _LENGTH.size + len(data)
        self._TcpConnection__trySendBuffer()
        if self._out and self.fileno() is not None:
            self._TcpConnection__poller.subscribe(
                self.fileno(), self._TcpConnection__processConnection, _ALL
            )

    def _TcpConnection__processSend(self) -> bool:  # noqa: N802  # the library's name
        # The library only looks whether its own buffer is empty.
        self._TcpConnection__writeBuffer = b"x" if self._out else b""
        if not self._out:
            return False
        try:
            sent = self._TcpConnection__socket.send(self._out[0])
        except OSError as fault:
            if fault.errno not in _LATER:
                self.disconnect()
            return False
        self._out_bytes -= sent
        if sent == len(self._out[0]):
            self._out.popleft()
        else:
            self._out[0] = self._out[0][sent:]
        self._TcpConnection__writeBuffer = b"x" if self._out else b""
        return True

    def _TcpConnection__tryReadBuffer(self) -> None:  # noqa: N802  # the library's name
        got = 0
        while got < READ_BYTES_MAX:
            try:
                piece = self._TcpConnection__socket.recv(1 << 18)
            except OSError as fault:
                if fault.errno not in _LATER:
                    self.disconnect()
                    return
                break
            if not piece:
                self.disconnect()
                return
            self._in += piece
            got += len(piece)
        self._TcpConnection__lastReadTime = pysyncobj.tcp_connection.monotonicTime()

    def _TcpConnection__processParseMessage(self) -> Any:  # noqa: N802  # the library's name
        if len(self._in) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack_from(self._in)
        if size > (FRAME_BYTES_MAX if self._proven else STRANGER_BYTES_MAX):
            return self._refuse("frame too long")
        if len(self._in) < _LENGTH.size + size:
            return None
        data = bytes(self._in[_LENGTH.size : _LENGTH.size + size])
        del self._in[: _LENGTH.size + size]
        try:
            session = self._seal()
            if session is not None:
                data = session.open(data, mine=self.recvRandKey, theirs=self.sendRandKey)
            message = unpack(data)
        except ValueError as fault:
            return self._refuse(str(fault))
        if message is None:
            return self._refuse("empty message")
        return message

    @property
    def proven(self) -> bool:
        """Whether the peer said who it is."""
        return self._proven

    def trust(self) -> None:
        """The peer said who it is, under the secret: its frames may be long."""
        self._proven = True

    def _refuse(self, why: str) -> None:
        log.warning("peer link dropped: %s", why)
        self.disconnect()


class Server(pysyncobj.tcp_server.TcpServer):  # type: ignore[misc]  # untyped library
    """A listener that outlives a shortage of descriptors."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        super().__init__(*args, **kwargs)

    def unbind(self) -> None:
        """Closes the listener."""
        super().unbind()
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def _TcpServer__onNewConnection(self, _descr: int, event: int) -> None:  # noqa: N802  # the library's name
        if not event & POLL_EVENT_TYPE.READ:
            return
        try:
            sock, _ = self._TcpServer__socket.accept()
        except OSError as fault:
            if fault.errno in (errno.EMFILE, errno.ENFILE):
                self._turn_away()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        connection = Connection(
            poller=self._TcpServer__poller,
            socket=sock,
            timeout=self._TcpServer__connectionTimeout,
        )
        self._TcpServer__onNewConnectionCallback(connection)

    def _turn_away(self) -> None:
        """Takes one caller with the spare descriptor and hangs up, or the poller would spin."""
        log.warning("no file descriptors left: a peer was turned away")
        if self._spare is None:
            return
        os.close(self._spare)
        self._spare = None
        try:
            sock, _ = self._TcpServer__socket.accept()
            sock.close()
        except OSError:
            log.warning("no descriptor even for turning away")
        try:
            self._spare = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._spare = None


class PeerTransport(TCPTransport):  # type: ignore[misc]  # untyped library
    """TCP between the configured peers, and nobody else.

    Attributes:
        strangers: who else said to be a member, and when last.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.strangers: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def queued(self, node: Any) -> int:
        """Bytes that wait on the link to `node`."""
        connection = self._connections.get(node)
        return connection.getSendBufferSize() if connection is not None else 0

    def send(self, node: Any, message: Any) -> bool:
        """Sends to a peer that is there and said who it is; else the message is lost."""
        connection = self._connections.get(node)
        if connection is None or not connection.proven:
            return False
        return bool(super().send(node, message))

    def _onIncomingMessageReceived(self, conn: Any, message: Any) -> None:  # noqa: N802  # the library's name
        if self._syncObj.encryptor and not conn.sendRandKey:
            if not isinstance(message, bytes) or len(message) != 32:  # the hello
                conn.disconnect()
                return
            super()._onIncomingMessageReceived(conn, message)
            return
        node = self._nodeAddrToNode.get(message) if isinstance(message, str) else None
        if node is None and isinstance(message, str):
            self._note_stranger(message)
        if node is None or self._shouldConnect(node):
            conn.disconnect()  # no observers, no admin, no stranger, no node that we dial ourselves
            self._unknownConnections.discard(conn)
            return
        old = self._connections.get(node)
        conn.trust()
        if old is not None and old is not conn:
            old.disconnect()
        super()._onIncomingMessageReceived(conn, message)

    def recent_strangers(self) -> list[str]:
        """Who lately said to be a member and is none."""
        if not self.strangers:
            return []
        at = now()
        self.strangers = {k: t for k, t in self.strangers.items() if at - t < STRANGER_S}
        return sorted(self.strangers)

    def _note_stranger(self, name: str) -> None:
        """A node that knows the secret, and is none of ours: some list of peers is out of date."""
        host, _, port = name.rpartition(":")
        known = self.recent_strangers()
        if not (host and port.isdigit() and name.isprintable() and len(name) < STRANGER_CHARS_MAX):
            return
        if name not in known and len(known) < STRANGERS_MAX:
            log.error("%s calls as a member of this group and is none of its peers", name)
        if name in known or len(known) < STRANGERS_MAX:
            self.strangers[name] = now()

    def _onNodeConnected(self, node: Any) -> None:  # noqa: N802  # the library's name
        connection = self._connections.get(node)
        if connection is not None:
            connection.trust()
        super()._onNodeConnected(node)

    def _onMessageReceived(self, node: Any, message: Any) -> None:  # noqa: N802  # the library's name
        connection = self._connections.get(node)
        if not well_formed(message):
            log.warning("ill-formed message from %s: link dropped", node)
            if connection is not None:
                connection.disconnect()
            return
        super()._onMessageReceived(node, message)

    def _onOutgoingMessageReceived(self, conn: Any, message: Any) -> None:  # noqa: N802  # the library's name
        if not isinstance(message, bytes) or len(message) != 32:  # the hello
            conn.disconnect()
            return
        super()._onOutgoingMessageReceived(conn, message)


# The transport names these classes itself, in both modules.
pysyncobj.transport.TcpConnection = Connection
pysyncobj.tcp_server.TcpConnection = Connection
pysyncobj.transport.TcpServer = Server
