"""The map is right: every path it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = ROOT / "docs" / "map.md"
README_LINES = 20


def named_paths(text: str) -> list[str]:
    """Paths between backticks and targets of links, as from the root; `<chapter>` stands for any name."""
    quoted = re.findall(r"`([\w.<>-]+/[\w./<>-]*)`", text)
    linked = [f"docs/{target}" for target in re.findall(r"\]\(([^)#:]+)\)", text)]
    return sorted({*quoted, *linked})


def leads_somewhere(path: str) -> bool:
    """Whether a file or folder of that name is in the repository."""
    return any(ROOT.glob(re.sub(r"<\w+>", "*", path).rstrip("/")))


@pytest.mark.parametrize("path", named_paths(MAP.read_text(encoding="utf-8")))
def test_given_a_path_on_the_map_then_it_leads_somewhere(path: str) -> None:
    assert leads_somewhere(path)


def test_given_a_wrong_path_then_it_is_seen() -> None:
    wrong = "See `domain/clue/nowhere.py`, `domain/<noun>/nowhere.py` and [a decision](decisions/9999-none.md)."
    assert len(named_paths(wrong)) == 3
    assert not any(map(leads_somewhere, named_paths(wrong)))


def test_given_a_newcomer_then_readme_leads_to_the_map_at_once() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        first = (ROOT / name).read_text(encoding="utf-8").splitlines()[:README_LINES]
        assert "(docs/map.md)" in "\n".join(first)
