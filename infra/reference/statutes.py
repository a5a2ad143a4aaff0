"""What became of every id of the legal rules.

`python -m infra.reference.statutes docs/statutory-status.md` writes the table.

The list beside `infra.reference` holds ids, statuses and reasons; which rows encode an id follows from the rows' own
`source`, over all packaged rule packs.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple

from domain.time.rules import Rule, load_pack, pack_names
from domain.value import Value

Status = Literal["encoded", "not_a_clock", "referral", "inspection", "impossible"]

TITLES: Mapping[Status, str] = {
    "encoded": "encoded",
    "not_a_clock": "not a clock",
    "referral": "coming with referral",
    "inspection": "coming with inspection",
    "impossible": "impossible",
}

HEAD = """# Statutory rules: status of every id

Written by `python -m infra.reference.statutes docs/statutory-status.md` from `infra/reference/statutes.toml` and the
rows in `domain/time/rules`; a test compares it. The texts behind the ids are not repeated here.

- *encoded*: rows of a rule pack name the id in `source`. The letter is the row's certainty: only S was read in the text
  itself, everything else is shown as unconfirmed. Rows of a regional pack say so. *Step to come*: the row is complete
  and checked, but the service does not take the step that starts or stops it yet.
- *not a clock*: nothing runs from an event to an end. *Coming with* …: belongs to a part that is not built yet.
- *impossible*: what is known is not enough for a row.

Every encoded id has a due date computed by hand in `tests/domain/time/test_statutory_clocks.py`, under its id.
"""


class Statute(Value):
    """One id: what it is about, what became of it, and why (or what of it is left out)."""

    status: Status
    gist: str
    why: str = ""


class Row(NamedTuple):
    """A rule with the pack it stands in."""

    rule: Rule
    pack: str


def statutes() -> Mapping[str, Statute]:
    """Every id with its status, in the order of the list."""
    text = (resources.files("infra.reference") / "statutes.toml").read_text(encoding="utf-8")
    return {id: Statute.model_validate(row) for id, row in tomllib.loads(text).items()}


def encoding_rows() -> Mapping[str, tuple[Row, ...]]:
    """By id: the rows that name it as their source, each once, in its own pack."""
    own: dict[str, Row] = {}
    for name in sorted(pack_names(), key=lambda name: name != "national"):  # what others extend comes first
        for rule in load_pack(name).rules:
            own.setdefault(rule.id, Row(rule, name))
    found: dict[str, tuple[Row, ...]] = {}
    for row in own.values():
        for id in row.rule.source:
            found[id] = (*found.get(id, ()), row)
    return found


def document() -> str:
    """The table as Markdown."""
    known, rows = statutes(), encoding_rows()
    counted = Counter(TITLES[statute.status] for statute in known.values())
    summary = ", ".join(f"{counted[title]} {title}" for title in TITLES.values())
    return "\n".join([HEAD, f"{len(known)} ids: {summary}.", "", *_table(known, rows), ""])


def _table(known: Mapping[str, Statute], rows: Mapping[str, tuple[Row, ...]]) -> Iterator[str]:
    yield "| id | about | status | rows, or why not | test |"
    yield "|---|---|---|---|---|"
    for id, statute in known.items():
        encoded = "; ".join(map(_describe_row, rows.get(id, ())))
        why = "; ".join(filter(None, (encoded, statute.why)))
        test = f"`test_statutory_clocks.py` {id}" if encoded else ""
        yield f"| {id} | {statute.gist} | {TITLES[statute.status]} | {why} | {test} |"


def _describe_row(row: Row) -> str:
    """`market.decision.1` (S, step to come)."""
    remarks = [row.rule.certainty, *([f"pack {row.pack}"] if row.pack != "national" else [])]
    return f"`{row.rule.id}` ({', '.join([*remarks, *(['step to come'] if row.rule.waiting else [])])})"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
