"""Frames sealed by a shared secret: who does not know it is neither heard nor understood.

The library's own encryption checks a time stamp of a second's grain, so a frame can be replayed
within one. Here both sides send 32 random bytes first, every link gets its own two keys from the
secret and both, and frames are counted: none can be replayed, reordered or sent back.
"""

from __future__ import annotations

import os
import struct

import pysyncobj.syncobj
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12


class Sealer:
    """Makes the sessions of one node; stands where the library puts its encryptor."""

    def __init__(self, secret: str | bytes) -> None:
        self._secret = secret.encode() if isinstance(secret, str) else secret

    def session(self, *, dialled: bool) -> Session:
        """The sealing state of a new link."""
        return Session(self._secret, dialled=dialled)


class Session:
    """The two directions of one link.

    The first frame of each side carries its random bytes, under a key of the secret (and, for the
    answer, the caller's bytes) with a random nonce; all later frames are counted under keys that
    depend on both.
    """

    def __init__(self, secret: bytes, *, dialled: bool) -> None:
        self._secret, self._dialled = secret, dialled
        self._sent = self._received = 0
        self._keys: dict[bytes, AESGCM] = {}

    def _key(self, label: bytes, salt: bytes) -> AESGCM:
        if label not in self._keys:
            kdf = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"chronos raft " + label)
            self._keys[label] = AESGCM(kdf.derive(self._secret))
        return self._keys[label]

    def _first(self, by_dialler: bool, dialler: bytes) -> AESGCM:
        return self._key(b"hello", b"") if by_dialler else self._key(b"answer", dialler)

    def _later(self, by_dialler: bool, mine: bytes, theirs: bytes) -> AESGCM:
        salt = mine + theirs if self._dialled else theirs + mine
        return self._key(b"dialler" if by_dialler else b"acceptor", salt)

    def seal(self, data: bytes, *, mine: bytes | None, theirs: bytes | None) -> bytes:
        """The frame for `data`; `mine` and `theirs` are the random bytes known so far."""
        count, self._sent = self._sent, self._sent + 1
        if count == 0:
            dialler = (mine if self._dialled else theirs) or b""
            nonce = os.urandom(_NONCE_BYTES)
            return nonce + self._first(self._dialled, dialler).encrypt(nonce, data, None)
        key = self._later(self._dialled, mine or b"", theirs or b"")
        return key.encrypt(struct.pack("<QI", count, 0), data, None)

    def open(self, frame: bytes, *, mine: bytes | None, theirs: bytes | None) -> bytes:
        """The data of a frame.

        Raises:
            ValueError: not sealed by who knows the secret, or not the next frame of this link.
        """
        count, self._received = self._received, self._received + 1
        try:
            if count == 0:
                dialler = (mine if self._dialled else theirs) or b""
                nonce, frame = frame[:_NONCE_BYTES], frame[_NONCE_BYTES:]
                return self._first(not self._dialled, dialler).decrypt(nonce, frame, None)
            key = self._later(not self._dialled, mine or b"", theirs or b"")
            return key.decrypt(struct.pack("<QI", count, 0), frame, None)
        except (InvalidTag, ValueError) as fault:
            raise ValueError("the seal of a frame does not hold") from fault


# The library builds its encryptor inside its constructor.
pysyncobj.syncobj.getEncryptor = Sealer
