"""Whom a client trusts: the usual authorities for a sealed address, nobody for a plain one."""

from __future__ import annotations

import ssl

from app.client.transport import _authorities


def test_a_sealed_address_is_verified_and_a_plain_one_trusts_nobody() -> None:
    assert _authorities("https://chronos.example") is True
    plain = _authorities("http://127.0.0.1:8080")
    assert isinstance(plain, ssl.SSLContext)
    assert plain.verify_mode == ssl.CERT_REQUIRED
    assert plain.get_ca_certs() == []
