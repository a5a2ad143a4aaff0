"""Taking one case out as a document. That it was taken out is recorded before the first byte is sent."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC
from typing import Annotated, Any, Literal, Protocol
from uuid import uuid4

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.cases.reading import reading_of, visible_case
from api.cases.surface import KnownCase, Surface
from api.cases.views import clocks_of, record_of, state_of, texts_of
from api.deps import Caller, Service, Svc
from api.edge.errors import described, refusal_problem
from api.edge.files import MEDIA_TYPES, attachment
from api.edge.tracing import traceparent
from domain.export import EXPORT
from domain.export.events import CaseForm, Purpose
from domain.people.actors import Actor
from domain.reading.case_document import CaseFile, evidence_of
from domain.reading.document import Document, DocumentTooLarge, Mark
from domain.reading.timeline import Reading, tell
from domain.record.handler import Handled, handle
from domain.record.handler import Request as Asked
from domain.report.tables import Sheets

MAX_JSON_BYTES = 32 * 1024 * 1024

Form = Annotated[CaseForm, Query(alias="as", description="The format.")]
For = Annotated[Purpose | None, Query(description="What for; stands on every page.")]


class Documents(Protocol):
    """Prints documents without keeping anybody else waiting."""

    async def printed(self, document: Document, form: Literal["docx", "pdf"]) -> bytes:
        """The document in a format. Raises `DocumentTooLarge`."""
        ...

    async def tabulated(self, sheets: Sheets, mark: Mark) -> bytes:
        """Tables with numbers as a workbook (XLSX)."""
        ...


def document_routes(surface: Surface[Any]) -> APIRouter:
    """The noun's cases as documents."""
    router = APIRouter(prefix=surface.path, tags=["exports"])
    visible = Depends(visible_case(surface))

    @router.get(
        "/{id}/export",
        name=f"export_{surface.kind}",
        response_class=Response,
        responses=described("unknown_case", "document_too_large", "wrong_role"),
    )
    async def export_case(
        service: Svc, actor: Caller, case: KnownCase = visible, form: Form = "json", purpose: For = None
    ) -> Response:
        """The whole case as the caller may see it. That it was taken out is recorded before the first byte is sent."""
        mark = Mark(actor.account, service.now().astimezone(UTC), purpose, training=await service.training())
        content = await _content(service, actor, case, form, mark)
        handled = await _record(service, actor, case, form, content, purpose)
        if handled.outcome.refusal is not None:
            return refusal_problem(handled.outcome.refusal)
        return Response(content, media_type=MEDIA_TYPES[form], headers=attachment(f"{case.stream}.{form}"))

    return router


async def _record(
    service: Service, actor: Actor, case: KnownCase, form: CaseForm, content: bytes, purpose: Purpose | None
) -> Handled:
    body = {
        "case": case.stream,
        "version": case.rows[-1].version,
        "head_hash": case.rows[-1].hash,
        "form": form,
        "size": len(content),
        "digest": hashlib.sha256(content).hexdigest(),
        "with_texts": case.texts_open_to(actor),
        "purpose": purpose,
    }
    asked = Asked(actor, uuid4().hex, "issue", body, traceparent=traceparent(), notify_process=False)
    return await handle(service.world, EXPORT, asked)


async def _content(service: Service, actor: Actor, case: KnownCase, form: CaseForm, mark: Mark) -> bytes:
    reading = await reading_of(service, actor, case)
    refusals = await service.record.chronicle.refusals(case.stream)
    file = CaseFile(
        title=case.noun.title,
        decider=case.noun,
        state=case.state,
        timeline=tell(case.noun, case.stream, case.rows, refusals, reading=reading),
        evidence=tuple(evidence_of(case.files, reading)),
        reading=reading,
        checkpoint=await service.record.chronicle.checkpoint(),
    )
    if form == "json":
        return await asyncio.to_thread(_as_json, case, file, reading, mark)
    return await service.taking_out.documents.printed(file.document(mark), form)


def _as_json(case: KnownCase, file: CaseFile, reading: Reading, mark: Mark) -> bytes:
    """Everything a program needs to look at the case again, and to recompute its chain. Raises `DocumentTooLarge`."""
    whole = {
        "format": "xiezhi-case/1",
        "exported": {"account": mark.account, "at": mark.at.isoformat(), "purpose": mark.purpose, "line": mark.line},
        "id": case.stream,
        "number": getattr(case.entry, "number", None),
        "state": state_of(case, reading),
        "clocks": [clock.model_dump(mode="json") for clock in clocks_of(case.noun.clocks(case.state), mark.at)],
        "texts": [text.model_dump(mode="json") for text in texts_of(case, reading)],
        "evidence": [line.model_dump(mode="json") for line in file.evidence],
        "timeline": file.timeline.model_dump(mode="json")["entries"],
        "events": record_of(case.rows),
        "head": file.timeline.head,
        "checkpoint": file.checkpoint,
    }
    content = json.dumps(whole, ensure_ascii=False, indent=1).encode()
    if len(content) > MAX_JSON_BYTES:
        raise DocumentTooLarge("案件内容过多,不能一次导出")
    return content
