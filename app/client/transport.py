"""One node's REST API as calls: envelopes opened, refusals raised, broken reads tried again.

Reads are tried again once when the connection breaks; writes are not, unless they carry an
idempotency key.
"""

from __future__ import annotations

import ssl
from typing import Any, Final
from urllib.parse import quote

import httpx

from app.client.errors import ApiError, Unreachable

Json = dict[str, Any]
TIMEOUT_S: Final = 30.0
TRIES: Final = 2


class Transport:
    """One node's REST API.

    Args:
        url: base URL, e.g. `http://127.0.0.1:8080`.
        api_key: sent as a bearer token where the node asks for one.
        timeout_s: seconds that one call may take.
        confirmed: whether each call sees all that was acknowledged before it, on any node.

    Every method raises `ApiError` when the node refuses and `Unreachable` when none answers.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        confirmed: bool = False,
    ):
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers,
            params={"consistency": "linearizable"} if confirmed else {},
            timeout=timeout_s,
            verify=_authorities(self.url),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(self, path: str, params: Json | None = None) -> Json:
        given = {key: value for key, value in (params or {}).items() if value is not None}
        data: Json = self._call("GET", path, params=given).json()["data"]
        return data

    def _write(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Json | None = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Json:
        own = dict(headers or {})
        if key:
            own["Idempotency-Key"] = key
        answer = self._call(method, path, json=body, params=params or {}, headers=own)
        data: Json = answer.json()["data"]
        return data

    def _call(self, method: str, path: str, **how: Any) -> httpx.Response:
        safe = method == "GET" or "Idempotency-Key" in how.get("headers", {})
        for left in reversed(range(TRIES if safe else 1)):
            try:
                answer = self._http.request(method, quote(path), **how)
                break
            except httpx.HTTPError as error:
                if not left:
                    raise Unreachable(self.url, str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: httpx.Response) -> Exception:
        try:
            error = answer.json()["error"]
            return ApiError(
                error["code"], error["message"], error.get("details") or [], answer.status_code
            )
        except (ValueError, KeyError, TypeError):
            return Unreachable(self.url, f"HTTP {answer.status_code} is not an answer of Chronos")


def _authorities(url: str) -> bool | ssl.SSLContext:
    """Whom to trust: none where nothing is sealed, as reading their list takes some 0.3 s."""
    return url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
