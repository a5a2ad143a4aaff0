"""The command line for real: each command as a process of its own, 0 only on success."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import psycopg

from tests.domain.clue import steps as c
from tests.support.servers import plain_url
from tests.support.stack import PROGRAM, PrivateStack, private_stack, until


def messages(path: Path, count: int) -> Path:
    """A file of registrations."""
    rows = ({**c.Register.example, "external_id": f"F-{number:05d}"} for number in range(count))
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


async def told(stack: PrivateStack, *arguments: str) -> Any:
    """What a command says as JSON."""
    return json.loads(await stack.xiezhi(*arguments, "--json"))


async def refused(stack: PrivateStack, *arguments: str) -> str:
    """The code a command failed with."""
    code, printed = await stack.attempt(*arguments, "--json")
    assert code == 1, printed
    failure = json.loads(printed)
    assert failure["ok"] is False
    return str(failure["code"])


async def test_given_a_record_then_every_command_tells_the_truth_by_its_exit_code(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with private_stack(seeded_stack, durable=False, serve=False) as stack:
        file = messages(tmp_path / "rows.jsonl", 3)
        assert (await told(stack, "import", str(file)))["registered"] == 3
        assert (await told(stack, "import", str(file)))["already"] == 3
        note = (await told(stack, "checkpoint"))["checkpoint"]
        checkpoint = tmp_path / "checkpoint.txt"
        checkpoint.write_text(note, encoding="utf-8")
        verified = await told(stack, "verify", "--against", str(checkpoint))
        assert (verified["ok"], verified["findings"]) == (True, [])
        assert verified["streams"] > 3  # accounts have streams too
        assert (await told(stack, "rebuild", "cases"))["streams"] == verified["streams"]
        assert (await told(stack, "migrate"))["schema"]

        cases = await asyncio.to_thread(_cases, stack.database_url)
        await asyncio.gather(
            _past_is_told(stack, cases[0]),
            _clocks_are_listed(stack, cases),
            _nonsense_is_refused(stack, cases[0], file),
        )
        checkpoint.write_text(note.replace("events: ", "events: 1"), encoding="utf-8")
        code, printed = await stack.attempt("verify", "--against", str(checkpoint), "--json")
        assert (code, json.loads(printed)["ok"]) == (1, False)


async def _past_is_told(stack: PrivateStack, case: str) -> None:
    replayed = (await told(stack, "replay", case))["entries"]
    assert [entry["kind"] for entry in replayed].count("step") >= 1
    for vantage in ("--at", "--happened"):
        early = await told(stack, "replay", case, vantage, "2020-01-01T00:00:00+0800")
        assert early["entries"] == []
    assert "登记" in await stack.xiezhi("replay", case)
    assert (await told(stack, "diff", case, "v1", "v2"))["differences"]
    assert "分办期限" in await stack.xiezhi("diff", case, "v1", "2030-01-01T00:00:00+08:00")


async def _clocks_are_listed(stack: PrivateStack, cases: list[str]) -> None:
    assert (await told(stack, "overdue"))["count"] == 0
    running = await told(stack, "overdue", "--state", "running", "--kind", "dispatch", "--limit", "2")
    assert (running["count"], len(running["items"])) == (3, 2)
    assert running["items"][0]["stream"] in cases
    assert "计时中的期限共 3 项,上表列出 3 项" in await stack.xiezhi("overdue", "--state", "running")
    assert await refused(stack, "overdue", "--state", "late") == "malformed"


async def _nonsense_is_refused(stack: PrivateStack, case: str, file: Path) -> None:
    assert await refused(stack, "diff", case, "v1", "tomorrow") == "malformed"
    assert await refused(stack, "diff", case, "v0", "v1") == "not_yet_known"
    assert await refused(stack, "import", str(file), "--account", "nobody") == "unknown_account"
    assert await refused(stack, "rebuild", "everything") == "unknown_rows"
    assert await refused(stack, "replay", f"clue-{'0' * 32}") == "unknown_case"
    code, printed = await stack.attempt("api", DATABASE_URL=stack.database_url.rsplit("/", 1)[0] + "/postgres")
    assert code == 1
    assert "xiezhi migrate" in printed


async def test_given_an_import_that_is_killed_when_run_again_then_every_message_is_one_clue(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    async with private_stack(seeded_stack, durable=False, serve=False) as stack:
        file = messages(tmp_path / "rows.jsonl", 1500)
        stack.run("import", *PROGRAM, "import", str(file), "--json")

        async def under_way() -> bool:
            return len(await asyncio.to_thread(_cases, stack.database_url)) > 100

        await until(under_way, "some rows registered", seconds=90, every=0.02)
        await stack.kill("import")
        before = len(await asyncio.to_thread(_cases, stack.database_url))
        assert before < 1500
        report = await told(stack, "import", str(file))
        assert report["registered"] == 1500 - before
        assert report["registered"] + report["already"] + report["skipped"] == 1500
        assert len(await asyncio.to_thread(_cases, stack.database_url)) == 1500


def _cases(url: str) -> list[str]:
    with psycopg.connect(plain_url(url)) as connection:
        return [row[0] for row in connection.execute("SELECT stream FROM cases ORDER BY stream")]
