"""Open cases live for months: what their histories recorded must replay with this code, whatever the rules say now."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.golden import fingerprints, histories

WHAT_TO_DO = """
The commands, options or messages of the processes changed.

* Histories still replay, and the change is meant (an option, an optional field, a refactoring):
      python -m tests.golden.fingerprints
  and commit fingerprints.json with the change.
* Histories no longer replay: open cases would be stuck. Raise PROCESS_REVISION in workflows/options.py, record anew:
      python -m tests.golden.record_histories && python -m tests.golden.fingerprints
  and say in the changelog to run `xiezhi recover --revision` after the roll-out.
* A message lost a field, or a new one is required: neither is allowed. Give it a default, and keep the old one.
"""


@pytest.mark.parametrize("name", histories.NAMES)
async def test_given_a_recorded_history_when_replayed_as_the_worker_would_then_it_does_the_same(name: str) -> None:
    await histories.replay(name)


@pytest.mark.parametrize("name", histories.NAMES)
def test_given_a_recorded_history_then_it_carries_sdk_flags(name: str) -> None:
    """Without them a renamed activity would replay unnoticed."""
    flags = [
        flag
        for event in histories.history(name).events
        for flag in event.workflow_task_completed_event_attributes.sdk_metadata.core_used_flags
    ]
    assert flags


@pytest.mark.parametrize("seed", ["0", "4711"])
async def test_given_every_rule_of_the_domain_is_broken_then_histories_replay_whatever_the_hash_seed(seed: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.golden.histories",
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert told.decode().count(": replayed") == len(histories.NAMES)


def test_given_the_code_of_the_processes_then_its_fingerprints_are_the_committed_ones() -> None:
    committed = json.loads(fingerprints.FILE.read_text(encoding="utf-8"))
    assert fingerprints.fingerprints() == committed, WHAT_TO_DO


def test_given_two_paths_then_their_histories_hold_every_kind_of_command() -> None:
    """The set of histories is worth replaying: each thing a process does occurs in one of them."""
    seen: set[str | None] = set()
    for name in histories.NAMES:
        for event in histories.history(name).events:
            seen.add(event.WhichOneof("attributes"))
            seen.add(event.activity_task_scheduled_event_attributes.activity_type.name)
    assert {"timer_fired_event_attributes", "timer_canceled_event_attributes"} <= seen
    assert "workflow_execution_continued_as_new_event_attributes" in seen
    assert "upsert_workflow_search_attributes_event_attributes" in seen
    assert {"remind", "send_feedback", "catch_up", "record_elapsed"} <= seen
