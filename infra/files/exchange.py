"""What the activities hand over outside the database: replies, in the feedback exchange folder.

A document appears whole under its final name or not at all, and survives a crash once it is there.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path


class FeedbackFolder:
    """前置交换目录: one JSON file a reply. Source channels fetch from here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deposit(self, name: str, document: bytes) -> None:
        """Leave a document; the same name again replaces it by the same."""
        await asyncio.to_thread(self._deposit, name, document)

    async def withdraw(self, name: str) -> None:
        """Take a document back; one that is not there is no error."""
        await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    def _deposit(self, name: str, document: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = self._folder / f".{name}.{os.getpid()}.half"
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        _write(descriptor, document)
        half.replace(self._folder / name)
        _keep_names(self._folder)


def _write(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep_names(folder: Path) -> None:
    """Make a new name in a folder survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
