"""Bodies that are no commands: read within bounds, parsed into a model, never repeated in an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.cases.schemas import inlined, plain
from domain.errors import Malformed

M = TypeVar("M", bound=BaseModel)


def parsed(model: type[M], body: Mapping[str, Any]) -> M:
    """The body as the model. Raises `Malformed`, which names places and no values."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        raise Malformed([_place(each) for each in found]) from None


def _place(found: ErrorDetails) -> dict[str, str]:
    return {
        "at": ".".join(map(str, found["loc"])),
        "problem": found["type"],
        "detail": found["msg"],
        "expected": str(found.get("ctx", {}).get("expected", "")),
    }


def documented(model: type[BaseModel], example: Mapping[str, Any]) -> dict[str, Any]:
    """The body in the OpenAPI document."""
    schema = inlined(plain(model.model_json_schema()))
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": dict(example)}},
        }
    }
