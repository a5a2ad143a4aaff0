"""The borders between the layers hold, and a planted import across one of them is seen."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.borders import judge

ROOT = Path(__file__).parents[2]
BORDERS: dict[str, dict[str, Any]] = {
    contract["layer"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
}


def test_given_the_layers_then_every_import_goes_the_allowed_way() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("domain.clue.life", "infra.postgres.record.store"),
        ("domain.record.handler", "httpx"),
        ("domain.time.clock", "temporalio.workflow"),
        ("workflows.clue", "domain.clue.life"),
        ("workflows.engine.process", "domain.record.handler"),
        ("workflows.engine.process", "infra.processes.client"),
        ("activities.record", "workflows.clue"),
        ("activities.record", "sqlalchemy.ext.asyncio"),
        ("api.clues", "infra.postgres.cases.listing"),
        ("api.clues", "workflows.messages"),
        ("api.clues", "temporalio.client"),
        ("infra.postgres.record.store", "api.deps"),
        ("infra.notices.postman", "workflows.clue"),
        ("infra.importing.registering", "activities.record"),
    ],
)
def test_given_a_planted_import_then_the_border_of_its_layer_refuses_it(importer: str, imported: str) -> None:
    border = BORDERS[importer.partition(".")[0]]
    trespassing, _ = judge([(importer, imported)], border["allowed"], border.get("exceptions", ()))
    assert trespassing == [f"{importer} -> {imported}"]


def test_given_an_allowance_nobody_uses_then_it_is_named() -> None:
    crossings = [("domain.value", "pydantic")]
    assert judge(crossings, ["pydantic", "stdnum"], ["domain.value -> httpx"]) == (
        [],
        ["stdnum", "domain.value -> httpx"],
    )
