"""Evidence comes in before the finding that rests on it: the raw body, kept under its SHA-256."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from fastapi import APIRouter, Request
from pydantic import BaseModel

from api import PREFIX
from api.deps import MAX_EVIDENCE_BYTES, Caller, Svc
from api.edge.errors import ApiError, described
from api.edge.limits import paced

router = APIRouter(prefix=PREFIX, tags=["evidence"])

_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}}


class EvidenceFiles(Protocol):
    """The evidence store, written to and read from."""

    async def put(self, chunks: AsyncIterator[bytes]) -> str:
        """Keep a file; its SHA-256 in hex. An exception of the iterator leaves nothing behind."""
        ...

    def get(self, digest: str) -> AsyncIterator[bytes]:
        """The content in chunks."""
        ...


class Kept(BaseModel):
    """The file as commands name it."""

    digest: str
    size: int


@router.post(
    "/evidence",
    status_code=201,
    responses=described(),
    openapi_extra=_BODY,
)
async def keep_evidence(request: Request, service: Svc, _actor: Caller) -> Kept:
    """Upload a file (at most 100 MiB). The same content is kept once; the finding that rests on it gives its name."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_EVIDENCE_BYTES:
        raise ApiError("body_too_large", {"Connection": "close"})
    body = _Counted(paced(request, service.limits.patience_seconds))
    digest = await service.record.evidence.put(body.chunks())
    return Kept(digest=digest, size=body.size)


class _Counted:
    """The body in chunks, counted; too large ends the upload and with it what was written so far."""

    def __init__(self, body: AsyncIterator[bytes]) -> None:
        self._body = body
        self.size = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self.size += len(chunk)
            if self.size > MAX_EVIDENCE_BYTES:
                raise ApiError("body_too_large", {"Connection": "close"})
            if chunk:
                yield chunk
