"""What a client of the REST API can meet."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """The node answered with an error of the contract.

    Attributes:
        code: e.g. VALIDATION_ERROR, NOT_FOUND, CONFLICT.
        details: one object a fault: field, reason, hint.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, details: list[dict[str, Any]], status: int):
        self.code = code
        self.message = message
        self.details = details
        self.status = status
        super().__init__(message)


class Unreachable(Exception):
    """Nothing answers at the URL; start a node or name another with CHRONOS_URL."""

    def __init__(self, url: str, reason: str):
        self.url = url
        self.reason = reason
        super().__init__(f"{url} does not answer: {reason}")
