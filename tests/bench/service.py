"""`python -m tests.bench.service`: the service beside its floor and a bare signal loop, in alternating blocks.

Every part runs as in production: PostgreSQL with fsync, Temporal on its file, API and worker as processes of their own.
Rates are of this machine at this moment; what counts are ratios of blocks that ran next to each other.
"""

import argparse
import asyncio
import random
import sys
from collections import defaultdict
from typing import Any

import psutil
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from infra.runtime.exit import run_and_leave
from tests.bench.bare import bare_block
from tests.bench.floor import floor_block, floor_database
from tests.bench.measures import Block
from tests.bench.ours import Ours
from tests.bench.readers import crowd
from tests.bench.report import FOREIGN_LIMIT, HEADER, Aim, paired, row_of, written
from tests.bench.single import fold_rates, versions, warm_start
from tests.bench.sizes import asked_of
from tests.bench.template import Template, template_of
from tests.support.driver import driving
from tests.support.messages import REPOSITORY
from tests.support.stack import private_stack

FLOOR_16, FLOOR_1, BARE_16, OURS_16, OURS_1 = "floor, 16 in flight", "floor, 1", "bare loop, 16", "ours, 16", "ours, 1"


async def bench(*, rounds: int, cases: int, imported: int, readers: int, starts: int, seed: int) -> list[Aim]:
    """Measure everything and print it; the aims."""
    dice = random.Random(seed)
    async with private_stack() as stack, driving([stack.api_url()], stack.passwords(), stack.folder / "log") as driver:
        client = await Client.connect(stack.temporal.address, data_converter=pydantic_data_converter)
        ours = Ours(stack, driver, client)
        await ours.block(cases=8, in_flight=8)  # not counted: connections, tokens, sandbox, prepared statements
        plan = await ours.registered(10**6)
        await driver.live(plan)
        await ours.until_done([plan.stream])
        template = await template_of(stack.database_url, client, plan.stream)
        stack.run("bare-worker", sys.executable, "-m", "tests.bench.bare", stack.temporal.address)
        await bare_block(client, template.signals, cases=8, in_flight=8)
        floor = await floor_database(stack)
        blocks: dict[str, list[Block]] = defaultdict(list)
        for number in range(rounds):
            order = [FLOOR_16, FLOOR_1, BARE_16, OURS_16, OURS_1]
            dice.shuffle(order)
            for name in order:
                blocks[name].append(await _block(name, floor, ours, client, template, cases))
            print(f"round {number + 1} of {rounds} done", file=sys.stderr)
        single: dict[str, Any] = {
            "history": await ours.events_per_command(cases=2),
            "import": await ours.import_and_memory(stack.folder, cases=imported),
            "fold": await fold_rates(stack.database_url, plan.stream, seconds=2.0),
            "readers": await crowd(stack, driver, sorted({step.account for step in plan.steps}), plan.stream, readers),
        }
    single["warm_start_seconds"] = await warm_start(starts=starts)
    return _told(blocks, single)


async def _block(name: str, floor: str, ours: Ours, client: Client, template: Template, cases: int) -> Block:
    match name:
        case "floor, 16 in flight":
            return await floor_block(floor, template, cases=cases * 4, in_flight=16)
        case "floor, 1":
            return await floor_block(floor, template, cases=cases, in_flight=1)
        case "bare loop, 16":
            return await bare_block(client, template.signals, cases=cases, in_flight=16)
        case "ours, 16":
            return await ours.block(cases=cases, in_flight=16)
        case _:
            return await ours.block(cases=max(2, cases // 8), in_flight=1)


def _told(blocks: dict[str, list[Block]], single: dict[str, Any]) -> list[Aim]:
    """Print the table and the aims, and keep the file."""
    history, fold = single["history"], single["fold"]
    millis = sorted(value for block in blocks[OURS_1] for value in block.millis)
    aims = [
        Aim(
            "answered, as a share of the append floor (16)",
            paired(blocks[OURS_16], blocks[FLOOR_16], answered=True),
            0.5,
        ),
        Aim(
            "processed, as a share of the bare loop (16)", paired(blocks[OURS_16], blocks[BARE_16], answered=False), 0.8
        ),
        Aim("p50 of one command, 1 in flight, ms", millis[len(millis) // 2], 20, more_is_better=False),
        Aim("history events of a command without effect", history["without_effect"], 7, more_is_better=False),
        Aim("history events of a command with one effect", history["with_effect"], 13, more_is_better=False),
        Aim("folded events a second", fold["fold_per_second"], 100_000),
        Aim("warm `xiezhi up`, s", max(single["warm_start_seconds"]), 10, more_is_better=False),
    ]
    names = [name for name in (FLOOR_16, FLOOR_1, BARE_16, OURS_16, OURS_1) if name in blocks]
    print(f"{psutil.cpu_count()} processors, {psutil.virtual_memory().total / 2**30:.0f} GiB; cases of 13 commands")
    print("\n".join([HEADER, *(row_of(name, blocks[name]) for name in names)]))
    print(
        "\n".join(
            f"{part}.{key}: {value:.1f}"
            for part in ("history", "import", "fold", "readers")
            for key, value in single[part].items()
        )
    )
    noisy = [name for name in names if any(block.foreign_cpu > FOREIGN_LIMIT for block in blocks[name])]
    print(f"noise: foreign CPU above {FOREIGN_LIMIT:.0%} in: {', '.join(noisy) or 'no block'}; spread as in the table")
    print("\n".join(map(str, aims)))
    print(f"kept in {written(blocks, single, aims, versions()).relative_to(REPOSITORY)}")
    return aims


def main() -> int:
    """Run the benchmark. A missed aim is told, and is no failure of the run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.service", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=int, default=96, help="of a block")
    parser.add_argument("--imported", type=int, default=1000, help="cases of the import")
    parser.add_argument("--readers", type=int, default=1000, help="who read at the same moment")
    parser.add_argument("--starts", type=int, default=3, help="of the whole stack; all but the first are warm")
    parser.add_argument("--seed", type=int, default=1)
    asked = asked_of(parser, rounds=1, cases=4, imported=20, readers=40, starts=1)
    asyncio.run(
        bench(
            rounds=asked.rounds,
            cases=asked.cases,
            imported=asked.imported,
            readers=asked.readers,
            starts=asked.starts,
            seed=asked.seed,
        )
    )
    return 0


if __name__ == "__main__":
    run_and_leave(main)
