"""House rules on files: names and sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("domain", "workflows", "activities", "api", "infra")
SOURCES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
VAGUE = {"utils", "util", "common", "helpers", "helper", "base", "misc", "shared"}
LONGEST = 500


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_given_a_module_then_its_name_says_what_it_holds_and_it_fits_in_one_read(path: Path) -> None:
    assert path.stem not in VAGUE
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_given_a_module_with_code_then_it_says_first_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8").strip()
    assert not text or text.startswith('"""')
