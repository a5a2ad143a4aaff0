"""`python -m tests.support.toy_service api|worker`: the service, the toy in its tuples, its rows in the pack."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from api.app import SURFACES
from api.cases.surface import Surface
from domain.nouns import DECIDERS
from infra.reference.packs import find_pack
from infra.runtime.settings import Settings
from infra.wiring.server import serve
from infra.wiring.worker import run_worker
from tests.support.toy import TOY
from tests.support.toy_process import ToyProcess
from workflows import PROCESSES

NOUNS = {**DECIDERS, TOY.kind: TOY}
TOY_SURFACES = (*SURFACES, Surface(TOY, prefix="/toys"))
TOY_PROCESSES = (*PROCESSES, ToyProcess)
PACK_FILE = Path(__file__).with_name("toy.toml")
PACK = find_pack(str(PACK_FILE))

if __name__ == "__main__":
    if sys.argv[1] == "api":
        raise SystemExit(serve(Settings(), TOY_SURFACES, TOY_PROCESSES))
    raise SystemExit(asyncio.run(run_worker(Settings(), nouns=NOUNS, processes=TOY_PROCESSES)))
