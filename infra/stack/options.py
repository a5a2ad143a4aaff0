"""What `xiezhi up` runs and where: the commands before the worker, the ports, the data folder."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Preparation:
    """A command that runs to its end before the worker starts."""

    name: str
    arguments: tuple[str, ...]
    once: bool = False
    """Only at the first start with this data folder."""
    when: Literal["always", "sample", "empty"] = "always"
    """`sample`: for trying out; `empty`: where nothing is made up."""


PREPARATIONS = (
    Preparation("migrate", ("migrate",)),
    Preparation("departments", ("seed", "--departments"), once=True, when="empty"),
    Preparation("seed", ("seed", "--training"), once=True, when="sample"),
)


@dataclass(frozen=True)
class PortNumbers:
    """Preferred ports; the next free one is taken when something else holds them."""

    api: int = 8080
    temporal_ui: int = 8233
    temporal: int = 7233
    postgres: int = 54320
    worker_health: int = 9464


@dataclass(frozen=True)
class UpOptions:
    """What `xiezhi up` is asked for; tests put another program and other preparations in."""

    data_dir: Path = Path(".xiezhi")
    empty: bool = False
    ports: PortNumbers = PortNumbers()
    program: tuple[str, ...] = (sys.executable, "-m", "infra.cli")
    preparations: tuple[Preparation, ...] = PREPARATIONS
