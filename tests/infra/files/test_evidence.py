"""Evidence files: whole or not at all, under their own hash."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from infra.files.evidence import EvidenceFolder, UnknownFile

CONTENT = b"\x00photo" * 100_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


async def chunks(*, fail: bool = False) -> AsyncIterator[bytes]:
    for start in range(0, len(CONTENT), 65_536):
        yield CONTENT[start : start + 65_536]
    if fail:
        raise ConnectionError


async def read(store: EvidenceFolder, digest: str) -> bytes:
    return b"".join([chunk async for chunk in store.get(digest)])


async def test_given_a_file_when_put_twice_then_it_is_kept_once_under_its_hash(tmp_path: Path) -> None:
    store = EvidenceFolder(tmp_path / "evidence")
    assert not await store.has(DIGEST)
    assert await store.put(chunks()) == await store.put(chunks()) == DIGEST
    assert await store.has(DIGEST)
    assert await read(store, DIGEST) == CONTENT
    files = [path for path in (tmp_path / "evidence").rglob("*") if path.is_file()]
    assert [path.name for path in files] == [DIGEST]
    assert files[0].stat().st_mode & 0o077 == 0


async def test_given_an_upload_that_breaks_off_then_nothing_is_left(tmp_path: Path) -> None:
    store = EvidenceFolder(tmp_path)
    with pytest.raises(ConnectionError):
        await store.put(chunks(fail=True))
    assert not await store.has(DIGEST)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_given_a_sealed_file_then_it_is_kept_and_no_longer_read(tmp_path: Path) -> None:
    store = EvidenceFolder(tmp_path)
    await store.put(chunks())
    await store.seal(DIGEST)
    await store.seal(DIGEST)
    assert not await store.has(DIGEST)
    with pytest.raises(UnknownFile):
        await read(store, DIGEST)
    assert await store.put(chunks()) == DIGEST
    assert not await store.has(DIGEST)
    assert next(tmp_path.rglob("*.sealed")).read_bytes() == CONTENT


@pytest.mark.parametrize("digest", ["", "..", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32])
async def test_given_something_that_is_no_digest_or_no_file_then_it_is_unknown(tmp_path: Path, digest: str) -> None:
    store = EvidenceFolder(tmp_path)
    assert not await store.has(digest)
    with pytest.raises(UnknownFile):
        await read(store, digest)
    with pytest.raises(UnknownFile):
        await store.seal(digest)
