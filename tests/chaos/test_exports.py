"""A worker dies with a file in its place and nothing recorded: the next one makes it anew, and one is fetched."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.domain.clue import steps as c
from tests.support.stack import PrivateStack, private_stack, until

KILLED = 137


@pytest.mark.proof
async def test_given_a_worker_that_dies_after_the_file_was_made_then_it_is_made_anew_and_recorded_once(
    seeded_stack: PrivateStack, tmp_path: Path
) -> None:
    once = tmp_path / "died"
    async with private_stack(seeded_stack, durable=False, serve=False) as stack:
        await stack.start_api()
        await stack.start_worker(XIEZHI_FAILPOINT=f"export.made:1:{once}")
        async with httpx.AsyncClient(base_url=f"{stack.api_url()}/api/v1") as http:
            clerk, supervisor = [
                await _logged_in(http, account, stack.passwords()[account])
                for account in ("intake.370102", "supervisor.370102")
            ]
            for number in range(3):
                body = {**c.Register.example, "external_id": f"E-{number}"}
                answer = await http.post("/clues", json=body, headers={**clerk, "Idempotency-Key": f"c{number}"})
                assert answer.status_code == 201, answer.text
            asked = await http.post("/exports", json={"form": "csv"}, headers={**supervisor, "Idempotency-Key": "e"})
            export = asked.json()["id"]

            async def dead() -> bool:
                return stack.children["worker-1"].exit_code is not None

            await until(dead, "the worker stops at its failpoint", seconds=60)
            assert stack.children.pop("worker-1").exit_code == KILLED
            assert once.exists()
            (left,) = (stack.data_dir / "exports").glob("*.csv")
            await stack.start_worker()
            line: dict[str, Any] = {}

            async def made() -> bool:
                nonlocal line
                line = (await http.get(f"/exports/{export}", headers=supervisor)).json()
                return bool(line["status"] == "made")

            assert not await made()
            await until(made, "the file made by another worker", seconds=60)
            file = await http.get(f"/exports/{export}/file", headers=supervisor)
            assert hashlib.sha256(file.content).hexdigest() == line["digest"]
            assert line["rows"] == 3
            assert line["digest"] not in left.name
        told = await stack.xiezhi("replay", export)
        assert told.count("导出文件制作完成") == 2  # once as the title, once in its sentence
        assert "链校验通过,共 3 条" in told


async def _logged_in(http: httpx.AsyncClient, account: str, password: str) -> dict[str, str]:
    answer = await http.post("/token", json={"account": account, "password": password})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
