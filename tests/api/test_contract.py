"""The contract: one answer per code, one documented route per command, and the document in the repository."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cases.schemas import process_only
from api.clues import CLUES
from api.contract import document
from api.edge.errors import ANSWERS, SHOWN_PARAMS, problem
from domain import errors
from domain.clue import CLUE

ROOT = Path(__file__).parents[2]


def refusals() -> Iterator[str]:
    """Every code a rule may refuse with."""
    for path in sorted((ROOT / "domain").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refused":
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def raised() -> Iterator[str]:
    """The code of every typed failure of the domain a request can meet."""
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.XiezhiError) and kind is not errors.XiezhiError:
            yield kind.code


@pytest.mark.parametrize("code", sorted({*refusals(), *raised(), "store_unavailable", "store_fault"}))
def test_given_a_code_then_it_has_one_answer(code: str) -> None:
    assert code in ANSWERS


def test_given_every_answer_then_it_is_a_problem_in_chinese() -> None:
    for code, answer in ANSWERS.items():
        shown = json.loads(bytes(problem(code, detail=answer.detail or "规则所述").body))
        assert {"type", "title", "status", "detail", "code", "instance"} <= shown.keys()
        assert not shown["detail"].isascii()


def test_given_params_that_repeat_what_was_submitted_then_they_are_not_shown() -> None:
    shown = json.loads(bytes(problem("unknown_handler", params={"handler": "13800001111", "command": "assign"}).body))
    assert shown["params"] == {"command": "assign"}
    assert "handler" not in SHOWN_PARAMS


def test_given_the_commands_then_each_human_one_has_a_documented_route_with_its_schema() -> None:
    paths = json.loads(document())["paths"]
    for slug, described in CLUES.commands.items():
        path = "/api/v1/clues" if described.opens else f"/api/v1/clues/{{id}}/commands/{slug}"
        schema = paths[path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema["properties"].keys() == CLUE.commands[slug].model_fields.keys()
        assert schema["additionalProperties"] is False
        assert "#/$defs" not in json.dumps(schema)
    assert set(CLUES.commands) == set(CLUE.commands) - process_only(CLUE)
    assert not any("elapse" in path for path in paths)


def test_given_the_committed_document_then_it_is_that_of_this_build() -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert committed == document(), "run `python -m api.contract docs/openapi.json`, review the diff"
