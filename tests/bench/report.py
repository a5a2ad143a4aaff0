"""The table, the aims, and the file under `bench-results/`."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.measures import Block, median, quantile, spread
from tests.support.messages import REPOSITORY

FOREIGN_LIMIT = 0.10
"""Blocks in which other programs took more of the processors than this are marked as noisy."""


@dataclass(frozen=True)
class Aim:
    """What was wished for. `ratio` of measured to wished; at least 1 is reached."""

    name: str
    measured: float
    wished: float
    more_is_better: bool = True

    @property
    def ratio(self) -> float:
        if self.more_is_better:
            return self.measured / self.wished
        return self.wished / self.measured if self.measured else float("inf")

    def __str__(self) -> str:
        sign = ">=" if self.more_is_better else "<="
        verdict = "reached" if self.ratio >= 1 else f"MISSED, ratio {self.ratio:.2f}"
        return f"{self.name:<58} {self.measured:>10.2f}  aim {sign} {self.wished:g}: {verdict}"


def row_of(name: str, blocks: Sequence[Block]) -> str:
    """One line of the table: medians over the blocks, and how far the blocks lie apart."""
    millis = [value for block in blocks for value in block.millis]
    answered, done = [block.acknowledged for block in blocks], [block.processed for block in blocks]
    return (
        f"{name:<28} {quantile(millis, 0.5):>8.1f} {quantile(millis, 0.95):>8.1f} {median(answered):>12.1f} "
        f"{median([block.commands / block.answered_seconds for block in blocks]):>12.1f} {median(done):>12.1f} "
        f"{spread(done):>7.0%} {max(block.foreign_cpu for block in blocks):>8.0%}"
    )


HEADER = (
    f"{'':<28} {'p50 ms':>8} {'p95 ms':>8} {'answered/s':>12} {'commands/s':>12} {'processed/s':>12} "
    f"{'spread':>7} {'foreign':>8}"
)


def paired(ours: Sequence[Block], other: Sequence[Block], *, answered: bool) -> float:
    """The median over rounds of ours divided by the other, measured next to each other."""
    pairs = zip(ours, other, strict=True)
    return median(
        [mine.acknowledged / its.acknowledged if answered else mine.processed / its.processed for mine, its in pairs]
    )


def written(
    blocks: Mapping[str, Sequence[Block]], single: Mapping[str, Any], aims: Sequence[Aim], versions: Mapping[str, str]
) -> Path:
    """Keep everything, raw values of the blocks included, under a name that carries the time."""
    folder = REPOSITORY / "bench-results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    kept = {
        "versions": dict(versions),
        "blocks": {name: [_kept(block) for block in of_one] for name, of_one in blocks.items()},
        "single": dict(single),
        "aims": [{**asdict(aim), "ratio": aim.ratio} for aim in aims],
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return path


def _kept(block: Block) -> dict[str, Any]:
    shape = asdict(block)
    millis = shape.pop("millis")
    return shape | {name: quantile(millis, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
