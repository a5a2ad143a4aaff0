"""`xiezhi migrate`, `seed`, `administrators` and `train`: a database made ready, its first people, its trial cases."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.cli.answer import AsJson, Result, answer, progress_bar
from infra.cli.record_access import maintenance_engine, serving_engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from infra.runtime.settings import Settings


def migrate(
    after_restore: Annotated[
        bool, typer.Option("--after-restore", help="The database was restored into another server: re-base the record.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this build's schema."""
    answer(lambda settings: migrate_database(settings, after_restore=after_restore), as_json)


def seed(
    departments: Annotated[bool, typer.Option("--departments", help="Only the reference departments.")] = False,
    training: Annotated[bool, typer.Option("--training", help="Also load the training set, as `train` does.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put departments and demo accounts into the embedded database; passwords go to demo-accounts.json in the data
    folder."""

    async def seed_and_train(settings: Settings) -> Result:
        seeded = await seed_reference(settings, only_departments=departments)
        return {**seeded, **await load_training_set(settings, quiet=as_json)} if training else seeded

    answer(seed_and_train, as_json)


def administrators(as_json: AsJson = False) -> None:
    """Print a one-time secret that opens the first three administrators; none when there are administrators."""
    answer(issue_first_secret, as_json)


def train(as_json: AsJson = False) -> None:
    """Load the training set: made-up cases in every stage, each once, into a database for trying out only."""
    answer(lambda settings: load_training_set(settings, quiet=as_json), as_json)


async def migrate_database(settings: Settings, *, after_restore: bool) -> Result:
    """Bring the schema to this build's; after a restore also re-base the record and erase again.

    Then the installation records what the release brings: streams of older accounts, the rules it works by. Where
    nobody is administrator yet the answer holds the one-time secret that opens the first ones.
    """
    from infra.postgres.engine.migrate import head_revision
    from infra.postgres.engine.migrate import migrate as migrate_schema
    from infra.postgres.proof import restore

    async with maintenance_engine(settings) as engine:
        done: dict[str, Any] = {"schema": await migrate_schema(engine)}
        if after_restore:
            done |= asdict(await restore.after_restore(engine, restore.ErasureLedger(settings.erasure_ledger)))
        if done["schema"] == head_revision():
            done |= await _record_release(settings, engine)
        return done


async def _record_release(settings: Settings, engine: AsyncEngine) -> dict[str, Any]:
    """Derived rows that are new, and what the installation has to record of this release."""
    from infra.calendars import recompute
    from infra.people.first_administrators import new_secret
    from infra.people.reporter_index import marker
    from infra.postgres.clocks.calendars import ClocksToSettle
    from infra.postgres.proof.rebuild import never_built, rebuild
    from infra.reference.installation import adopt_editions
    from infra.wiring.handler_ports import build_handler_ports

    ports = build_handler_ports(settings, engine)
    for name in await never_built(engine):
        await rebuild(engine, name, marked=marker(settings.secret("fingerprint_key")))
    adopted = await adopt_editions(ports, engine)
    moved = await recompute(ports, ClocksToSettle(engine))
    secret = None if settings.embedded_database else await new_secret(engine)
    return {
        **({"in_force": adopted} if adopted else {}),
        **({"clocks_recomputed": moved.summary()} if moved.cases else {}),
        **({"first_administrators": secret} if secret else {}),
    }


async def issue_first_secret(settings: Settings) -> Result:
    """A fresh one-time secret for the first administrators; `secret` is None when there are administrators."""
    from infra.people.first_administrators import new_secret

    async with serving_engine(settings) as engine:
        secret = await new_secret(engine)
    if secret is None:
        return {"secret": None, "detail": "已有管理员,由其办理开户和授权"}
    return {"secret": secret, "detail": "POST /api/v1/administrators/first,一次有效;重新运行本命令则旧口令作废"}


async def seed_reference(settings: Settings, *, only_departments: bool) -> Result:
    """Reference departments, and demo accounts where they may act. Their password is made once and kept in the data
    folder. Raises `DemoRefused` on a database that is not the embedded one."""
    from infra.people.identity import DemoRefused
    from infra.reference import demo_accounts, departments
    from infra.reference.seed import seed as seed_database
    from infra.reference.seed import seed_departments
    from infra.stack.state_file import write_private
    from infra.wiring.handler_ports import build_handler_ports

    if only_departments:
        async with serving_engine(settings) as engine:
            await seed_departments(engine)
        return {"departments": len(departments())}
    if not settings.embedded_database:
        raise DemoRefused("演示账号只能建在 `xiezhi up` 自带的数据库中;只需部门清单时请用 `xiezhi seed --departments`")
    file = settings.data_dir / "demo-accounts.json"
    password = _password_in(file) or secrets.token_urlsafe(9)
    async with serving_engine(settings) as engine:
        await seed_database(build_handler_ports(settings, engine), engine, password)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    accounts = [
        {"account": given.account, "password": password, "name": given.name, "role": given.role.value}
        for given in demo_accounts()
    ]
    write_private(file, accounts)
    return {"accounts": len(accounts), "file": str(file)}


async def load_training_set(settings: Settings, *, quiet: bool) -> Result:
    """Load the training set, each case once. Raises `NotForTraining` where cases may be real.

    Under the training rules some messages also come in now, so that clocks of a minute have something to run on.
    """
    from datetime import UTC, datetime

    from infra.files.evidence import EvidenceFolder
    from infra.postgres.proof.migrated import MigratedCases
    from infra.reference.installation import INSTALLATION
    from infra.reference.seed import seeded
    from infra.training.loading import BATCH, TRAINING_PACK, NotForTraining, load
    from infra.training.mark import is_training
    from infra.wiring.handler_ports import build_handler_ports

    async with serving_engine(settings) as engine:
        if not settings.embedded_database or not await is_training(engine):
            raise NotForTraining("演练案件只能装入 `xiezhi up` 自带且有演示账号的数据库;先运行 `xiezhi seed`")
        if not await seeded(engine):  # by an earlier release, which had fewer accounts
            await seed_reference(settings, only_departments=False)
        files = EvidenceFolder(settings.evidence_dir)
        with progress_bar("training set", quiet=quiet) as show:
            report = await load(build_handler_ports(settings, engine), files.put, datetime.now(UTC), show)
        sums = await MigratedCases(engine).sums(INSTALLATION.account, BATCH)
    if settings.rules_pack == TRAINING_PACK:
        await _import_sample_messages(settings, quiet=quiet)
    return {**asdict(report), "cases": sums.cases, "steps": sums.steps, "stages": dict(sorted(sums.stages.items()))}


async def _import_sample_messages(settings: Settings, *, quiet: bool) -> None:
    from importlib.resources import as_file

    from infra.cli.importing import import_messages
    from infra.importing import Ledger
    from infra.reference import sample_messages
    from infra.training.loading import HOTLINE

    with as_file(sample_messages()) as messages:
        await import_messages(settings, Ledger(messages), account=HOTLINE, rejects=None, quiet=quiet)


def _password_in(file: Path) -> str | None:
    """The password of the demo accounts, where they were made before."""
    try:
        accounts = json.loads(file.read_text(encoding="utf-8"))
        return str(accounts[0]["password"])
    except (OSError, ValueError, LookupError, TypeError):
        return None
