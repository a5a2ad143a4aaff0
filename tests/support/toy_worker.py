"""`python -m tests.support.toy_worker`: the worker, with the toy in its tuple of nouns."""

from __future__ import annotations

import asyncio

from domain.nouns import DECIDERS
from infra.runtime.settings import Settings
from infra.wiring.worker import run_worker
from tests.support.toy import TOY
from tests.support.toy_process import ToyProcess
from workflows import PROCESSES

NOUNS = {**DECIDERS, TOY.kind: TOY}
TOY_PROCESSES = (*PROCESSES, ToyProcess)

if __name__ == "__main__":
    raise SystemExit(asyncio.run(run_worker(Settings(), nouns=NOUNS, processes=TOY_PROCESSES)))
