"""Signed checkpoints: one statement over every stream head, so that a cut tail or a missing stream becomes visible.

A checkpoint covers all events up to a position below which nothing can still commit, a set that never changes again
(positions survive a dump; transaction ids do not). A note is text for people with one Ed25519 signature line, after the
signed notes of transparency logs:

    xiezhi checkpoint v1
    origin: xiezhi
    at: 2026-11-21T08:00:00.000000+00:00
    position: 1234
    streams: 100
    events: 1234
    root: <SHA-256 over "stream version hash" of every head, sorted by stream>

    — <key id> <signature, base64>
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.errors import XiezhiError
from infra.postgres.engine.faults import StoreUnavailable
from infra.postgres.engine.session import session
from infra.postgres.record.feed import older_ended, own_id

HEADING = "xiezhi checkpoint v1"
ORIGIN = "xiezhi"
SETTLE_SECONDS = 20.0
"""How long a checkpoint waits for transactions that were open when it began."""


class CheckpointInvalid(XiezhiError):
    """A note that cannot be trusted: not a checkpoint, or not signed by this key."""

    code = "checkpoint_invalid"


@dataclass(frozen=True)
class Root:
    """All stream heads at a position, in one hash."""

    position: int
    streams: int
    events: int
    root: str


@dataclass(frozen=True)
class Checkpoint:
    """A root with where and when it was taken."""

    origin: str
    at: datetime
    heads: Root

    @property
    def body(self) -> str:
        """The signed text."""
        told = {
            "origin": self.origin,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "position": self.heads.position,
            "streams": self.heads.streams,
            "events": self.heads.events,
            "root": self.heads.root,
        }
        return "\n".join((HEADING, *(f"{name}: {value}" for name, value in told.items()))) + "\n"


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note: body, empty line, signature line."""
    signature = base64.b64encode(key.sign(checkpoint.body.encode())).decode()
    return f"{checkpoint.body}\n— {key_id(key.public_key())} {signature}\n"


def open_note(note: str, key: Ed25519PublicKey) -> Checkpoint:
    """The checkpoint in a note. Raises `CheckpointInvalid` unless this key signed exactly this text."""
    try:
        body, line = note.rstrip("\n").rsplit("\n\n", 1)
        mark, signer, signature = line.split(" ")
        heading, *fields = body.split("\n")
        told = dict(field.split(": ", 1) for field in fields)
        heads = Root(int(told["position"]), int(told["streams"]), int(told["events"]), told["root"])
        checkpoint = Checkpoint(told["origin"], datetime.fromisoformat(told["at"]), heads)
        key.verify(base64.b64decode(signature, validate=True), (body + "\n").encode())
        sound = (heading, mark, signer) == (HEADING, "—", key_id(key)) and checkpoint.body == body + "\n"
    except (ValueError, KeyError, binascii.Error, InvalidSignature):
        sound = False
    if not sound:
        raise CheckpointInvalid("not a checkpoint signed by this installation's key")
    return checkpoint


def load_or_make_key(file: Path) -> Ed25519PrivateKey:
    """The signing key; made on first use, readable by its owner only."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        secret = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        scratch = file.with_name(f".{file.name}.{os.getpid()}")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(secret)
        try:
            os.link(scratch, file)  # of two processes making one, the first wins
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return Ed25519PrivateKey.from_private_bytes(file.read_bytes())


def key_id(key: Ed25519PublicKey) -> str:
    """A short name of a public key."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


async def take_checkpoint(engine: AsyncEngine, key: Ed25519PrivateKey, *, origin: str = ORIGIN) -> str:
    """Sign all heads as they stand and keep the note; the note. Needs a maintenance engine."""
    position = await _settled_position(engine)
    heads = await root_at(engine, position)
    async with session(engine) as opened:
        at: datetime = (await opened.run(text("SELECT clock_timestamp()"))).scalar_one()
        note = sign(Checkpoint(origin, at, heads), key)
        await opened.run(text("INSERT INTO checkpoints (note, at) VALUES (:note, :at)"), note=note, at=at)
    return note


async def latest_note(engine: AsyncEngine) -> str | None:
    """The newest note kept in the database."""
    async with session(engine) as opened:
        note: str | None = (
            await opened.run(text("SELECT note FROM checkpoints ORDER BY id DESC LIMIT 1"))
        ).scalar_one_or_none()
    return note


async def root_at(engine: AsyncEngine, position: int) -> Root:
    """The root over every stream's head at a position: a streamed scan, whatever the size of the record."""
    digest, streams, events = hashlib.sha256(), 0, 0
    async with session(engine) as opened, opened.connection.stream(_HEADS, {"position": position}) as found:
        async for row in found:
            digest.update(f"{row.stream} {row.version} {row.hash}\n".encode())
            streams, events = streams + 1, events + row.events
    return Root(position, streams, events, digest.hexdigest())


async def _settled_position(engine: AsyncEngine) -> int:
    """The newest position, once all transactions open when it was read have ended: one may hold a lower one."""
    async with session(engine) as opened:
        position = int((await opened.run(_NEWEST)).scalar_one())
        reading = await own_id(opened)
    if not await older_ended(engine, reading, within=SETTLE_SECONDS):
        raise StoreUnavailable
    return position


_NEWEST = text("SELECT coalesce(max(position), 0) FROM events")
_HEADS = text(
    "SELECT DISTINCT ON (stream) stream, version, hash, count(*) OVER (PARTITION BY stream) AS events "
    "FROM events WHERE position <= :position ORDER BY stream, version DESC"
)
