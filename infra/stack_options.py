"""What `xiezhi up` runs and where: the commands before the worker, the ports, the data folder."""

import sys
from dataclasses import dataclass
from pathlib import Path

_SAMPLES = Path(__file__).parent / "reference" / "sample_messages.jsonl"


@dataclass(frozen=True)
class Step:
    """A command that runs to its end before the worker starts."""

    name: str
    arguments: tuple[str, ...]
    once: bool = False
    """Only at the first start with this data folder."""
    sample: bool = False
    """Left out by `--empty`."""


STEPS = (
    Step("migrate", ("migrate",)),
    Step("seed", ("seed",), once=True),
    Step("sample messages", ("import", str(_SAMPLES)), once=True, sample=True),
)


@dataclass(frozen=True)
class Ports:
    """Preferred ports; the next free one is taken when something else holds them."""

    api: int = 8080
    temporal_ui: int = 8233
    temporal: int = 7233
    postgres: int = 54320
    worker_health: int = 9464


@dataclass(frozen=True)
class UpOptions:
    """What `xiezhi up` is asked for; tests put another program and other steps in."""

    data_dir: Path = Path(".xiezhi")
    empty: bool = False
    ports: Ports = Ports()
    program: tuple[str, ...] = (sys.executable, "-m", "infra.cli")
    steps: tuple[Step, ...] = STEPS
