"""`xiezhi recover` and `reconcile`: the processes in Temporal brought back to what the record says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.answer import AsJson, Result, answer
from infra.cli.record_access import serving_engine

if TYPE_CHECKING:
    from infra.runtime.settings import Settings


def recover(
    revision: Annotated[bool, typer.Option("--revision", help="Also restart processes of an older revision.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start every missing process from the record."""
    answer(lambda settings: recover_processes(settings, revision=revision), as_json)


def reconcile(
    thorough: Annotated[bool, typer.Option("--thorough", help="Ask every process, not only suspicious ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the record with its processes and nudge those that differ."""
    answer(lambda settings: reconcile_processes(settings, thorough=thorough), as_json)


async def recover_processes(settings: Settings, *, revision: bool) -> Result:
    """Start missing processes from the record."""
    from infra.processes.client import connect
    from infra.processes.process_states import ProcessStates
    from infra.processes.recover import recover as recover_all
    from infra.processes.tell import Deliverer

    async with serving_engine(settings) as engine:
        client = await connect(settings)
        deliver = Deliverer(client, settings.history_limit)
        return asdict(await recover_all(client, ProcessStates(engine), deliver, revision=revision))


async def reconcile_processes(settings: Settings, *, thorough: bool) -> Result:
    """Nudge processes that differ from the record."""
    from infra.processes.client import connect
    from infra.processes.process_states import ProcessStates
    from infra.processes.reconcile import reconcile as reconcile_all
    from infra.processes.tell import Deliverer

    async with serving_engine(settings) as engine:
        client = await connect(settings)
        deliver = Deliverer(client, settings.history_limit)
        return asdict(await reconcile_all(client, ProcessStates(engine), deliver, thorough=thorough))
