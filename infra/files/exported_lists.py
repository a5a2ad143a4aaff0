"""Make exported lists into files: the rows the requester's own list shows then, no more in memory than a page.

Files lie in one folder under the id of their export and their digest. They hold what people may read, titles included:
a file is removed when it expires, and when any text was erased since it was asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.clue import CLUE
from domain.clue.values import Category, Channel
from domain.errors import XiezhiError
from domain.export.events import ListForm
from domain.export.state import Order
from domain.lists.cases import CaseLine
from domain.lists.search import Search, parse_query
from domain.lists.worklists import CaseFilter, Selection, parts_of
from domain.people.actors import Actor
from domain.people.visibility import scope_of, text_scope_of
from domain.reading.document import Mark
from domain.reading.timeline import Reading, shown
from domain.time.clock_titles import CLOCKS
from domain.words import words_in
from infra.files.documents.sheets import CsvSheet, Sheet, XlsxSheet
from infra.postgres.cases.chronicle import Chronicle
from infra.postgres.cases.listing import Cases
from infra.postgres.cases.reading import Accounts
from infra.postgres.exports import Exports
from infra.postgres.record.vault import Vault
from infra.training.mark import is_training

COLUMNS = (
    "案件编号", "环节", "标题", "行政区划", "来源渠道", "诉求类别", "责任部门", "牵头部门", "参与部门", "承办人",
    "期限", "届满时间", "是否逾期", "登记时间", "来件时间", "监管对象", "来源工单号", "案件标识",
)  # fmt: skip
AT_ONCE = 2
"""So many files one worker makes at a time; it has live cases to serve as well."""
PAGE = 2_000
"""Rows read, and held in memory, at a time."""
_CHUNK = 1024 * 1024
_SCRATCH_PREFIX = ".making-"
_ABANDONED_SECONDS = 24 * 3600.0
"""A scratch file this old belongs to a worker that is gone."""
_ORPHAN_SECONDS = 600.0
"""A file nobody may fetch is left alone so long: one just made is recorded a moment later."""


@dataclass(frozen=True)
class MadeFile:
    """A file in its place (`activities.ports.MadeFile`)."""

    rows: int
    size: int
    digest: str
    with_texts: bool
    at: datetime


class ExportFolder:
    """Where exported lists lie until they are fetched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def scratch(self) -> Path:
        """A new folder of its own for an attempt; a killed attempt leaves it behind."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=self._folder))

    def keep(self, made: Path, stream: str, form: ListForm) -> tuple[str, int]:
        """Put a finished file in its place, whole or not at all; its SHA-256 and size."""
        with made.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        size = made.stat().st_size
        made.rename(self._place(stream, digest, form))
        return digest, size

    def has(self, stream: str, digest: str, form: str) -> bool:
        """Whether the file lies there."""
        return self._place(stream, digest, form).exists()

    async def content(self, stream: str, digest: str, form: str) -> AsyncIterator[bytes]:
        """The file in chunks."""
        with await asyncio.to_thread(self._place(stream, digest, form).open, "rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk

    def remove_all_but(self, kept: frozenset[tuple[str, str]], now: float) -> int:
        """Remove files that nobody may fetch any more, and what killed attempts left; how many."""
        removed = 0
        for path in self._folder.glob("*") if self._folder.exists() else ():
            stream, _, digest = path.stem.partition(".")
            age = now - path.stat().st_mtime
            if path.name.startswith(_SCRATCH_PREFIX):
                removed += _remove_folder(path) if age > _ABANDONED_SECONDS else 0
            elif (stream, digest) not in kept and (age > _ORPHAN_SECONDS):
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _place(self, stream: str, digest: str, form: str) -> Path:
        return self._folder / f"{stream}.{digest}.{form}"


class ListMaker:
    """`activities.ports.ExportMaker` over PostgreSQL and a folder."""

    def __init__(self, engine: AsyncEngine, folder: ExportFolder, limit: int) -> None:
        self._exports, self._cases, self._accounts = Exports(engine), Cases(engine), Accounts(engine)
        self._vault, self._chronicle = Vault(engine), Chronicle(engine)
        self._engine, self._folder, self._limit = engine, folder, limit
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def make(self, stream: str, order: Order) -> MadeFile | str:
        """The file, or why not. Scope and account are judged now, not when it was asked for."""
        known = await self._accounts.account(order.account)
        if known is None or not known.active:
            return "account_inactive"
        selection = await self._selection(order, known.actor)
        if isinstance(selection, str):
            return selection
        async with self._turn:
            total = await self._total(selection)
            if total is not None and total > self._limit:
                return "too_many_rows"
            return await self._write(stream, order, known.actor, selection, total)

    async def _selection(self, order: Order, actor: Actor) -> Selection | str:
        """The requester's list as lists understand it today."""
        try:
            narrowed = CaseFilter.model_validate(dict(order.filters))
            search = None
            if order.search is not None:
                looked_for = await self._vault.text(order.search.ref)
                if looked_for is None:
                    return "search_erased"
                search = Search(parse_query(looked_for), text_scope_of(actor))
            return Selection(scope_of(actor), parts_of(narrowed.worklist, actor), narrowed, search=search)
        except (ValidationError, XiezhiError):
            return "query_outdated"

    async def _total(self, selection: Selection) -> int | None:
        """How many rows there will be, counted just past the limit; unknown for a search."""
        if selection.search is not None:
            return None
        return (await self._cases.counts({"": selection}, bound=self._limit + 1))[""].count

    async def _write(
        self, stream: str, order: Order, actor: Actor, selection: Selection, total: int | None
    ) -> MadeFile | str:
        at, names = await self._exports.now(), await self._chronicle.departments()
        scratch = await asyncio.to_thread(self._folder.scratch)
        try:
            path = scratch / f"list.{order.form}"
            mark = Mark(order.account, at, order.purpose, training=await is_training(self._engine))
            sheet = await asyncio.to_thread(_sheet, path, order.form, mark.line)
            rows, with_texts = 0, False
            async for page in self._cases.each(selection, size=PAGE):
                titles = await self._titles(page, actor)
                rows, with_texts = rows + len(page), with_texts or bool(titles)
                if rows > self._limit:
                    await asyncio.to_thread(sheet.close)
                    return "too_many_rows"
                await asyncio.to_thread(sheet.add, list(_cells(page, titles, names)))
                await self._exports.came_to(stream, rows, total)
            await asyncio.to_thread(sheet.close)
            digest, size = await asyncio.to_thread(self._folder.keep, path, stream, order.form)
        finally:
            await asyncio.to_thread(_remove_folder, scratch)
        await self._exports.came_to(stream, rows, rows)
        return MadeFile(rows, size, digest, with_texts, at)

    async def _titles(self, page: Sequence[CaseLine], actor: Actor) -> dict[str, str]:
        readable = text_scope_of(actor)
        return await self._exports.titles([line.stream for line in page if readable.admits(line.summary)])


async def sweep(engine: AsyncEngine, folder: ExportFolder) -> int:
    """Remove files that expired or were taken back, and what killed attempts left; how many."""
    fetchable = await Exports(engine).fetchable()
    return await asyncio.to_thread(folder.remove_all_but, fetchable, time.time())


def _sheet(path: Path, form: ListForm, mark: str) -> Sheet:
    return XlsxSheet(path, mark, COLUMNS) if form == "xlsx" else CsvSheet(path, mark, COLUMNS)


def _cells(page: Sequence[CaseLine], titles: dict[str, str], names: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """The cells of a page, in the order of `COLUMNS`."""
    reading = Reading(departments=names)
    for line in page:
        case, clock = line.summary, line.clock

        def in_words(name: str, value: object) -> str:
            return "" if value is None else shown(name, value, reading)

        yield (
            case.number or "",
            CLUE.stage_title(case.stage),
            titles.get(line.stream, ""),
            case.region,
            words_in(Channel).get(case.channel, case.channel),
            words_in(Category).get(case.category, case.category),
            in_words("responsible", case.responsible),
            in_words("lead", case.lead),
            in_words("departments", case.departments) if case.departments else "",
            case.handler or "",
            CLOCKS.get(clock.kind, clock.kind) if clock else "",
            in_words("due_at", clock.due_at) if clock else "",
            in_words("overdue", clock.overdue) if clock else "",
            in_words("registered_at", case.registered_at),
            in_words("received_at", case.received_at),
            case.entity or "",
            case.external_id or "",
            line.stream,
        )


def _remove_folder(folder: Path) -> int:
    """A scratch folder with what is in it."""
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return 1
