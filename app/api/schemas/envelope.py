"""The frame of every answer, and how a route announces its own shape.

The shapes of this package are for `/openapi.json`: they describe and check nothing. What is
checked, and how it is answered, stands in `engine/model/document.py` for jobs and beside each
route for the rest.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

D = TypeVar("D")


class Shape(BaseModel):
    """A public document; later versions may add keys."""

    model_config = ConfigDict(extra="allow")


class Detail(Shape):
    """One fault: where, what, and what would be right."""

    field: str
    reason: str
    hint: str


class Error(Shape):
    """Why a request was refused."""

    code: str
    message: str
    details: list[Detail]


class Envelope(Shape, Generic[D]):
    """The frame of every success."""

    success: Literal[True]
    data: D
    error: None


class Failure(Shape):
    """The frame of every refusal."""

    success: Literal[False]
    data: None
    error: Error


_MEANINGS = {
    400: "The request is at fault; `details` names each field.",
    401: "A key is needed.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    409: "The state of the thing forbids it.",
    429: "Too many at once; try again after `Retry-After`.",
    503: "No leader is known; try again after `Retry-After`.",
}


def documents(status: int, model: Any, *failures: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its success, and the refusals it is known for."""
    responses: dict[int | str, dict[str, Any]] = {status: {"model": model, "description": "Done."}}
    for code in failures:
        responses[code] = {"model": Failure, "description": _MEANINGS[code]}
    return responses


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads a JSON body by itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
