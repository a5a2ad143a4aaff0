"""Rule files for tests: good rows of every kind that each case is asked for, and lines that make them faulty."""

from __future__ import annotations

from domain.time.rules import EVERY_CASE, RulePack, parse_pack

HEAD = 'name = "test"\nversion = "1"\n'


def row(kind: str, *changes: str, number: int = 1, ladder: str = "") -> str:
    """A good row of that kind; a change replaces the line with the same key or adds one, `key =` takes it away."""
    lines = {
        "id": f'id = "test.{kind}.{number}"',
        "kind": f'kind = "{kind}"',
        "title": 'title = "试验"',
        "certainty": 'certainty = "P"',
        "standing": 'standing = "internal"',
        "length": 'length = { amount = 5, day = "working_days" }',
        "starts": 'starts = ["clue.registered"]',
        "stops": 'stops = ["clue.archived"]',
        "owed_by": 'owed_by = "lead"',
        "effective_from": "effective_from = 2020-01-01",
    }
    lines |= {change.split(" =")[0]: change for change in changes}
    return "\n".join(["[[rule]]", *(line for line in lines.values() if not line.endswith(" =")), ladder, ""])


def rung(amount: int, day: str = "working_days", act: str = "escalate", to: str = "head") -> str:
    """A rung of a row's own ladder."""
    return f'[[rule.ladder]]\nafter = {{ amount = {amount}, day = "{day}" }}\nact = "{act}"\nto = "{to}"\n'


OTHERS = "".join(row(kind) for kind in EVERY_CASE if kind != "handling")


def parse(*rows: str, head: str = HEAD) -> RulePack:
    """The pack of these rows beside good ones of every other kind."""
    return parse_pack(head + "".join(rows) + OTHERS, "test.toml")
