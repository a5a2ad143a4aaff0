"""Evidence files, kept under their SHA-256 in a local folder.

A file is written beside its place, synced, and renamed into it whole: what has a name is complete and never changes.
Sealing takes a file away from readers and keeps it, for evidence that must not be seen any more but not be lost either.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from domain.errors import XiezhiError

CHUNK = 256 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


class UnknownFile(XiezhiError):
    """No file with this digest, or a sealed one."""

    code = "unknown_file"


class EvidenceFolder:
    """The evidence store in a folder; `domain.record.ports.EvidenceStore`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def has(self, digest: str) -> bool:
        """Whether a file with this digest is kept and not sealed."""
        return _DIGEST.fullmatch(digest) is not None and await asyncio.to_thread(self._place(digest).is_file)

    async def put(self, chunks: AsyncIterator[bytes]) -> str:
        """Keep a file; its SHA-256 in hex. An exception of the iterator leaves nothing behind."""
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        hashed = hashlib.sha256()
        file = await asyncio.to_thread(self._scratch)
        try:
            async for chunk in chunks:
                hashed.update(chunk)
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(self._settle, file, self._place(hashed.hexdigest()))
        except BaseException:
            await asyncio.to_thread(Path(file.name).unlink, missing_ok=True)
            raise
        finally:
            file.close()
        return hashed.hexdigest()

    async def get(self, digest: str) -> AsyncIterator[bytes]:
        """The content in chunks. Raises `UnknownFile`."""
        if not await self.has(digest):
            raise UnknownFile("没有这份证据文件")
        file = await asyncio.to_thread(self._place(digest).open, "rb")
        try:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                yield chunk
        finally:
            file.close()

    async def seal(self, digest: str) -> None:
        """Take a file away from readers and keep it. Raises `UnknownFile`; sealing twice changes nothing."""
        place = self._place(digest)
        sealed = place.with_suffix(".sealed")
        if not _DIGEST.fullmatch(digest) or not (place.is_file() or sealed.is_file()):
            raise UnknownFile("没有这份证据文件")
        if place.is_file():
            await asyncio.to_thread(place.replace, sealed)

    def _place(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _scratch(self) -> BinaryIO:
        return tempfile.NamedTemporaryFile(dir=self._folder, prefix=".incoming-", delete=False)  # type: ignore[return-value]

    def _settle(self, file: BinaryIO, place: Path) -> None:
        """Make the file durable under its name. What is there already, sealed or not, stays."""
        file.flush()
        os.fsync(file.fileno())
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if place.exists() or place.with_suffix(".sealed").exists():
            Path(file.name).unlink()
            return
        Path(file.name).replace(place)
        for folder in (place.parent, self._folder):
            descriptor = os.open(folder, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
